// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PolicyLanguage
import Testing

@testable import Commands

/// Rules that end by themselves, and what a plan says of them.
@Suite struct RuleDatesTests {
  private static let text = """
    project: acme
    id: "6f1c0d2e"
    presets:
      dated:
        in:
          - {rule: "allow tcp/9000", name: from-preset, until: 2027-03-01}
    groups:
      web:
        vms: {name: "web-*"}
        use: dated
        in:
          - {rule: "allow tcp/8000", name: legacy, until: 2027-03-31}
          - {rule: "allow tcp/8001", name: for-ever}
    """

  private func policy() throws -> Policy {
    let loaded = PolicyRepository.load(files: [PolicyFile(path: "nwfleet.yaml", text: Self.text)])
    return try #require(loaded.policy, "\(loaded.diagnostics)")
  }

  @Test func theNextEndIsNamed() throws {
    let warnings = RuleDates(try policy(), over: []).warnings(for: "kvm1")
    #expect(warnings.map(\.code.rawValue) == ["expiry-not-enforced"])
    #expect(
      warnings[0].message
        == "expiry not enforced here: nothing on kvm1 ends web/from-preset after 2027-03-01, nor 1 other rule later")
    #expect(RuleDates(try policy(), over: ["web/from-preset@2027-03-01"]).ahead.map(\.id) == ["web/legacy"])
    #expect(RuleDates(try policy(), over: ["web/from-preset@2026-03-01"]).ahead.count == 2, "it got a later day")
  }
}
