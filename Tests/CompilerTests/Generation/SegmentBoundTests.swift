// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath
import Testing

@testable import Compiler

/// Each segment of a profile has priorities of its own, and a profile with more runs than these is refused.
@Suite struct SegmentBoundTests {
  /// Rules each of which is a run: every one has a port more than the one before, and another effect.
  private static func runs(_ count: Int, _ first: Effect, _ second: Effect) -> [ResolvedRule] {
    (0..<count).map { index in
      let effect = index.isMultiple(of: 2) ? first : second
      let ports = IntervalSet<UInt16>(0...UInt16(index))
      return ResolvedRule(
        verdict: effect.verdict,
        packets: PacketSet(PacketRegion(family: .ipv4, protocols: IntervalSet(6...6), destinationPorts: ports)),
        isStateless: effect.isStateless, group: "t", source: RuleSource(id: "t/\(index)", range: nil))
    }
  }

  private static func isRefused(_ decisions: Decisions) -> Bool {
    ModelCase.generate(decisions).diagnostics.contains { $0.code == "expansion-too-large" }
  }

  private static let deny = Effect(verdict: .drop, connectionLimit: nil, isStateless: false)
  private static let stateless = Effect(verdict: .allow, connectionLimit: nil, isStateless: true)

  @Test("Inbound allows up to the first denial", arguments: [(100, false), (101, true)])
  func first(count: Int, isRefused: Bool) {
    #expect(Self.isRefused(Decisions(inbound: Self.runs(count, .allow, Self.stateless))) == isRefused)
  }

  @Test("Outbound rules", arguments: [(299, false), (301, true)])
  func second(count: Int, isRefused: Bool) {
    let rules = Self.runs(count, .allow, Self.deny)
    #expect(Self.isRefused(Decisions(outbound: rules, outboundDefault: .drop)) == isRefused)
  }

  @Test("Inbound rules from the first denial on", arguments: [(301, false), (303, true)])
  func third(count: Int, isRefused: Bool) {
    #expect(Self.isRefused(Decisions(inbound: Self.runs(count, .allow, Self.deny))) == isRefused)
  }
}
