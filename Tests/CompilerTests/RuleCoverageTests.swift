// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath
import Testing

@testable import Compiler

/// Rules that are said to be superfluous are left out, and every packet is decided as before.
@Suite struct RuleCoverageTests {
  /// What a rule does.
  private struct Act: Hashable {
    let verdict: Verdict
    let limit: Int?
    let isStateless: Bool
  }

  /// Few values for each field, so that rules meet.
  private static func rules(_ count: Int, _ generator: inout Random) -> [ResolvedRule] {
    (0..<count).map { index in
      let regions = (0..<Int.random(in: 1...2, using: &generator)).map { _ in
        let first = UInt128(Int.random(in: 0...6, using: &generator))
        let last = first + UInt128(Int.random(in: 0...7, using: &generator))
        let port = UInt16.random(in: 20...26, using: &generator)
        let ports = IntervalSet(port...port + UInt16.random(in: 0...5, using: &generator))
        let protocols: IntervalSet<UInt8> = Bool.random(using: &generator) ? IntervalSet(6...6) : IntervalSet(6...17)
        return PacketRegion(
          family: Int.random(in: 0...3, using: &generator) == 0 ? .ipv6 : .ipv4, protocols: protocols,
          source: Int.random(in: 0...2, using: &generator) == 0 ? nil : AddressSet(first...last),
          destinationPorts: Int.random(in: 0...3, using: &generator) == 0 ? .full : ports)
      }
      var rule = ResolvedRule(
        verdict: [.allow, .allow, .allow, .drop, .drop, .reject, .pass].randomElement(using: &generator)!,
        packets: PacketSet(regions), group: "group", source: RuleSource(id: "group/\(index)", range: nil))
      if rule.verdict == .allow, Int.random(in: 0...5, using: &generator) == 0 { rule.connectionLimit = 20 }
      if rule.verdict == .allow, Int.random(in: 0...5, using: &generator) == 0 { rule.isStateless = true }
      return rule
    }
  }

  /// The packets that each act happens to; the rest is nobody's.
  private static func decided(_ rules: [ResolvedRule]) -> [Act: PacketSet] {
    var before = PacketSet()
    var result: [Act: PacketSet] = [:]
    for rule in rules {
      let act = Act(verdict: rule.verdict, limit: rule.connectionLimit, isStateless: rule.isStateless)
      let own = rule.packets.subtracting(before)
      if !own.isEmpty { result[act, default: PacketSet()] = result[act, default: PacketSet()].union(own) }
      before = before.union(rule.packets)
    }
    return result
  }

  private static func decideAlike(_ left: [ResolvedRule], _ right: [ResolvedRule]) -> Bool {
    let (left, right) = (decided(left), decided(right))
    return Set(left.keys).union(right.keys).allSatisfy { act in
      (left[act] ?? PacketSet()).isEquivalent(to: right[act] ?? PacketSet())
    }
  }

  @Test func whatIsFoundCanBeLeftOutOneByOneAndTogether() {
    var generator = Random(seed: 7)
    var found: [RuleCoverage.Kind: Int] = [:]
    for _ in 0..<400 {
      let rules = Self.rules(Int.random(in: 2...9, using: &generator), &generator)
      let findings = RuleCoverage(rules, scopes: rules.map { _ in 0 }).findings
      for finding in findings {
        found[finding.kind, default: 0] += 1
        var others = rules
        others.remove(at: finding.rule)
        #expect(Self.decideAlike(rules, others))
        #expect(finding.covers.allSatisfy { rules[$0].packets.intersects(rules[finding.rule].packets) })
        let agree = finding.covers.allSatisfy { rules[$0].actsLike(rules[finding.rule]) }
        #expect(agree == (finding.kind == .redundant))
      }
      let idle = Set(findings.map(\.rule))
      let left = rules.indices.filter { !idle.contains($0) }.map { rules[$0] }
      #expect(Self.decideAlike(rules, left))
    }
    #expect(found.values.allSatisfy { $0 >= 50 } && found.count == 2)
  }

  /// The policies that generation is tried with.
  @Test func decisionsOfPoliciesStayAsTheyAre() {
    var found = 0
    for seed in 0..<150 {
      var random = RandomPolicy(random: Random(seed: UInt64(seed)))
      let decisions = random.decisions()
      for rules in [decisions.inbound, decisions.outbound] {
        let idle = RuleCoverage(rules, scopes: rules.map { _ in 0 }).findings.map(\.rule)
        found += idle.count
        #expect(Self.decideAlike(rules, rules.indices.filter { !idle.contains($0) }.map { rules[$0] }))
      }
    }
    #expect(found >= 20)
  }

  /// A rule that gets no packet at all is never overlooked.
  @Test func whatGetsNoPacketIsFound() {
    var generator = Random(seed: 11)
    for _ in 0..<400 {
      let rules = Self.rules(Int.random(in: 2...9, using: &generator), &generator)
      let found = Set(RuleCoverage(rules, scopes: rules.map { _ in 0 }).findings.map(\.rule))
      var before = PacketSet()
      for (index, rule) in rules.enumerated() {
        if rule.packets.subtracting(before).isEmpty { #expect(found.contains(index)) }
        before = before.union(rule.packets)
      }
    }
  }

  @Test func rulesOfAPresetAreComparedWithEachOther() {
    let wide = ResolvedRule(
      verdict: .drop, packets: .all, group: "group", source: RuleSource(id: "group/a", range: nil))
    let narrow = ResolvedRule(
      verdict: .allow, packets: PacketSet(PacketRegion.all(.ipv4)), group: "group",
      source: RuleSource(id: "group/b", range: nil))
    #expect(RuleCoverage([wide, narrow], scopes: [0, 1]).findings.isEmpty)
    #expect(RuleCoverage([wide, narrow], scopes: [1, 1]).findings.map(\.kind) == [.shadowed])
    #expect(RuleCoverage([wide, narrow], scopes: [0, 0]).findings.map(\.covers) == [[0]])
  }
}
