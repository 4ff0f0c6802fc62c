// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// Finds groups of one tier and order that decide a packet differently: nothing but their names would say which one wins.
struct TierConflicts {
  private(set) var diagnostics: [Diagnostic] = []
  /// Rules that decide before, tier by tier.
  private var earlier: [[ResolvedRule]]

  init(before rules: [ResolvedRule]) { earlier = rules.isEmpty ? [] : [rules] }

  /// The groups of one tier, in order, the tiers in order.
  mutating func check(_ tier: [(group: Group, rules: [ResolvedRule])]) {
    var start = 0
    while start < tier.count {
      let end = tier[start...].firstIndex { $0.group.order != tier[start].group.order } ?? tier.count
      let before = tier[..<start].flatMap(\.rules)
      for first in start..<end {
        for second in first + 1..<max(end, first + 1) { check(tier[first], tier[second], before) }
      }
      start = end
    }
    earlier.append(tier.flatMap(\.rules))
  }

  /// The first pair of rules that differ about a packet that gets so far.
  private mutating func check(
    _ first: (group: Group, rules: [ResolvedRule]), _ second: (group: Group, rules: [ResolvedRule]),
    _ before: [ResolvedRule]
  ) {
    let bounds = second.rules.map { PacketBounds($0.packets) }
    for (place, rule) in first.rules.enumerated() {
      let own = PacketBounds(rule.packets)
      for (otherPlace, other) in second.rules.enumerated()
      where rule.effect != other.effect && own.mayMeet(bounds[otherPlace]) && rule.packets.intersects(other.packets) {
        var common = rule.packets.intersection(other.packets)
        for decided in first.rules[..<place] + second.rules[..<otherPlace] + before {
          common = common.subtracting(decided.packets)
        }
        for tier in earlier where !common.isEmpty { common = Self.undecided(common, tier) }
        guard let example = common.example else { continue }
        report(first.group, rule, second.group, other, example)
        return
      }
    }
  }

  /// What a tier leaves to the next one.
  private static func undecided(_ packets: PacketSet, _ tier: [ResolvedRule]) -> PacketSet {
    var (open, passed) = (packets, PacketSet())
    for rule in tier where rule.packets.intersects(open) {
      if rule.verdict == .pass { passed = passed.union(open.intersection(rule.packets)) }
      open = open.subtracting(rule.packets)
    }
    return open.union(passed)
  }

  private mutating func report(
    _ first: Group, _ rule: ResolvedRule, _ second: Group, _ other: ResolvedRule, _ example: Packet
  ) {
    diagnostics.append(
      Diagnostic(
        "group-conflict-rules",
        "groups '\(first.name)' and '\(second.name)' decide one packet differently, and neither goes first",
        at: other.source.range, expected: "rules that agree, or groups of different tier: or order:",
        hint: "give the group that shall win a lower order:",
        notes: [
          Diagnostic.Note("'\(rule.source.id)' says \(rule.effect.words)", at: rule.source.range),
          Diagnostic.Note("'\(other.source.id)' says \(other.effect.words)", at: other.source.range),
          Diagnostic.Note("for example \(example.words)"),
        ]))
  }
}
