// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Foundation
import Planning
import Reconcile
import Testing

@testable import Commands

@Suite struct ApplyTextTests {
  private static func step(_ name: String) -> Step {
    .filter(
      FilterChange(
        name: name, uuid: ObjectUUID(high: 1, low: 2), before: nil, after: .init(filter: Filter(name: name))))
  }

  private static func text(_ outcomes: [StepOutcome], isVerified: Bool = false, isVerbose: Bool = false) -> String {
    var document = ApplyDocument(Plan(host: "kvm1", uri: "qemu:///system", project: "acme"))
    document.add(outcomes)
    document.isVerified = isVerified
    return ApplyText(document, isVerbose: isVerbose).text
  }

  @Test func failuresComeFirstAndWhatWasSkippedIsCounted() {
    let skipped = (1...34).map { StepOutcome(Self.step("s\($0)"), .skipped("libvirtd is gone")) }
    let failed = StepOutcome(Self.step("f"), .failed(HostError(.timedOut, "no answer", hint: "see virsh")))
    let text = Self.text([StepOutcome(Self.step("d"), .done)] + skipped + [failed])
    #expect(
      text == """
          failed: create filter f: no answer
            hint: see virsh
          34 skipped: libvirtd is gone
        Applied to kvm1: 1 done, 34 skipped, 1 failed; not as planned.

        """)
    #expect(Self.text(skipped, isVerbose: true).contains("    create filter s34\n"))
    #expect(Self.text([skipped[0]]).contains("  skipped: create filter s1: libvirtd is gone\n"))
  }

  @Test func theRecordAloneIsNoChange() {
    let text = Self.text([StepOutcome(Self.step("acme.host.marker"), .done)], isVerified: true)
    #expect(text == "Applied to kvm1: nothing to change, revision recorded; read back and verified.\n")
    #expect(Self.text([], isVerified: true) == "Applied to kvm1: nothing to do; read back and verified.\n")
  }

  @Test func timesNeedAUnit() throws {
    #expect(try TimeSpan(parsing: "2m").seconds == 120)
    for (text, part) in [("5", "write 5s"), ("", "no unit"), ("xs", "is no time"), ("0s", "is no time")] {
      let error = #expect(throws: (any Error).self) { try TimeSpan(parsing: text) }
      #expect(error.map { "\($0)".contains(part) } == true, "\(text)")
    }
  }

  @Test func filesKeepTheirMode() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "nwfleet-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("old".utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
    try TextFile.replace(path, with: "new\n")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "new\n")
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o640)
    #expect(throws: HostError.self) { try TextFile.replace("/nonexistent/x", with: "") }
  }

  @Test func countsHaveTheirPlural() {
    #expect(1.counted("filter") == "1 filter" && 0.counted("group") == "0 groups")
  }
}
