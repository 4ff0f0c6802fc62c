// SPDX-License-Identifier: Apache-2.0

public import Compiler
public import Diagnostics
import FilterModel
public import PacketPath

/// What gets through of what a question asks, as sets: exact.
public struct Reachability: Sendable {
  public var route: TestRoute
  /// From whom, or what, all of it that the question asks gets through, with an answer.
  public var whole: [PacketRegion]
  /// The rest of what gets through: parts of it.
  public var partial: [PacketRegion]
  /// What gets through without an answer coming back.
  public var oneWay: [PacketRegion]
  /// Whether all that was asked gets through.
  public var isEverything: Bool
  /// Whether `whole` are kinds of traffic; else addresses.
  public var isAboutTraffic: Bool
  /// Whether there is more, which was too much to be said.
  public var hasMore: Bool

  public var isNothing: Bool { whole.isEmpty && partial.isEmpty && oneWay.isEmpty }
}

extension Verifier {
  /// More regions than that are no longer words for anybody.
  private static var mostRegions: Int { 256 }

  /// Who gets through with what a question asks, by addresses: all with `whole`, some of it with `partial`.
  ///
  /// - Throws: why it cannot be said.
  public mutating func sources(_ planned: PlannedTest) throws(DiagnosticError) -> [Reachability] {
    try reachability(planned) { _ in ([.source], [.source, .protocolNumber, .destinationPort]) }
  }

  /// What gets through from one end to the other: traffic between all of them with `whole`, between some with `partial`. Where
  /// an end is outside, `whole` are its addresses that all of what is asked gets through from, or to.
  ///
  /// - Throws: why it cannot be said.
  public mutating func traffic(_ planned: PlannedTest) throws(DiagnosticError) -> [Reachability] {
    try reachability(planned) { testCase in
      let traffic: Set<Field> = [.protocolNumber, .destinationPort]
      // Where there is one VM, everybody knows its address.
      let addresses: Set<Field> = Set(
        [(Field.source, testCase.sources), (.destination, testCase.targets)].filter { _, ends in
          ends.count > 1 || ends.contains { $0.nic == nil }
        }.map(\.0))
      let outside: Set<Field> = Set(
        [(Field.source, testCase.sources), (.destination, testCase.targets)].filter { _, ends in
          ends.contains { $0.nic == nil }
        }.map(\.0))
      return (outside.isEmpty ? traffic : outside, traffic.union(addresses))
    }
  }

  /// - Parameter fields: those that are asked for: each of their values gets through whatever the others are, or does not;
  ///   and those that say more where it depends on the others.
  private mutating func reachability(
    _ planned: PlannedTest, _ fields: (TestCase) -> (subject: Set<Field>, detail: Set<Field>)
  ) throws(DiagnosticError) -> [Reachability] {
    if !planned.problems.isEmpty { throw DiagnosticError(planned.problems) }
    var result: [Reachability] = []
    for testCase in planned.cases {
      let (subject, detail) = fields(testCase)
      let sets = try flows(testCase)
      let failing = frames.projection(of: frames.diagram.difference(sets.packets, sets.allowed), subject)
      let whole = frames.diagram.difference(sets.allowed, failing)
      let partial = frames.diagram.and(sets.allowed, failing)
      let regions = frames.regions(of: whole, subject, atMost: Self.mostRegions)
      let parts = frames.regions(of: partial, detail, atMost: Self.mostRegions)
      let lost = frames.regions(of: sets.oneWay, detail, atMost: Self.mostRegions)
      result.append(
        Reachability(
          route: testCase.route, whole: regions.regions, partial: parts.regions, oneWay: lost.regions,
          isEverything: sets.packets == sets.allowed, isAboutTraffic: subject.contains(.protocolNumber),
          hasMore: regions.hasMore || parts.hasMore || lost.hasMore))
    }
    return result
  }
}

extension Verifier {
  /// The NICs among the sources of a question some of whose packets get through, with an answer.
  ///
  /// - Throws: why it cannot be said.
  public mutating func senders(_ planned: PlannedTest) throws(DiagnosticError) -> [FilteredNIC] {
    if !planned.problems.isEmpty { throw DiagnosticError(planned.problems) }
    var found: [FilteredNIC] = []
    for testCase in planned.cases {
      let sets = try flows(testCase)
      for nic in testCase.sources.compactMap(\.nic) where !found.contains(nic) {
        let own = frames.frames(.sourceMAC, UInt128(nic.nic.mac.bits))
        if frames.diagram.intersects(own, sets.allowed) { found.append(nic) }
      }
    }
    return found
  }
}
