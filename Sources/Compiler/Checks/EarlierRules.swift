// SPDX-License-Identifier: Apache-2.0

import PacketPath

/// All that decides on a NIC before a group does: admins, earlier tiers, earlier groups of its own tier.
struct EarlierRules {
  private struct Rule {
    var rule: ResolvedRule
    /// Whether it stands in the way for a time only.
    var isEmergency = false
  }

  /// Tiers before that of the group, in order.
  private var tiers: [[Rule]] = []
  /// Groups of its tier that go first.
  private var neighbours: [Rule] = []
  private let own: [ResolvedRule]
  private let ownBounds: [PacketBounds]
  /// All that decides something; what no decision covers is not decided.
  private var decisions: [(rule: Rule, bounds: PacketBounds)] = []

  var isEmpty: Bool { tiers.isEmpty && neighbours.isEmpty }

  init(
    _ standing: CheckContext.Standing, before place: Int, _ direction: TrafficDirection, _ groups: [ExpandedGroup]
  ) {
    own = standing.rules[place].list(direction)
    ownBounds = own.map { PacketBounds($0.packets) }
    let tier = groups[standing.groups[place]].group.tier
    if direction == .in, !standing.admins.isEmpty { tiers.append(standing.admins.map { Rule(rule: $0) }) }
    var current: Tier?
    for other in 0..<place {
      let otherTier = groups[standing.groups[other]].group.tier
      let rules = standing.rules[other].list(direction).map { Rule(rule: $0, isEmergency: otherTier == .emergency) }
      if rules.isEmpty { continue }
      if otherTier == tier {
        neighbours += rules
      } else if otherTier == current {
        tiers[tiers.count - 1] += rules
      } else {
        tiers.append(rules)
        current = otherTier
      }
    }
    decisions = (tiers.flatMap { $0.filter { $0.rule.verdict != .pass } } + neighbours)
      .map { ($0, PacketBounds($0.rule.packets)) }
  }

  /// Why a rule of the group gets no packet, and the rules that get its packets; nil where it gets some, or where all
  /// that is lost on the way is decided as it would decide it.
  ///
  /// - Parameter index: the rule's place in its group.
  func verdict(on rule: ResolvedRule, after index: Int) -> (IdleRule.Reason, [ResolvedRule])? {
    let bounds = ownBounds[index]
    // Rejects nearly all rules.
    let near = decisions.lazy.filter { $0.bounds.mayMeet(bounds) }.map(\.rule)
      .filter { $0.rule.packets.intersects(rule.packets) }
    guard !near.isEmpty else { return nil }
    let before = own.indices[..<index].filter {
      ownBounds[$0].mayMeet(bounds) && own[$0].packets.intersects(rule.packets)
    }.map { own[$0] }
    guard rule.packets.isSubset(of: PacketSet(near.flatMap(\.rule.packets.regions) + before.flatMap(\.packets.regions)))
    else { return nil }
    var open = rule.packets
    var deciders: [Rule] = []
    for tier in tiers where !open.isEmpty { open = Self.undecided(open, tier, &deciders) }
    for other in neighbours + before.map({ Rule(rule: $0) }) where other.rule.packets.intersects(open) {
      deciders.append(other)
      open = open.subtracting(other.rule.packets)
    }
    guard open.isEmpty, !deciders.contains(where: \.isEmergency) else { return nil }
    if deciders.allSatisfy({ $0.rule.actsLike(rule) }) { return nil }
    let isDenied = deciders.allSatisfy { [.drop, .reject].contains($0.rule.verdict) }
    return (rule.verdict == .allow && isDenied ? .overridden : .unreachable, deciders.map(\.rule))
  }

  /// What a tier leaves to the next one; rules that decide something of it are added to `deciders`.
  private static func undecided(_ packets: PacketSet, _ tier: [Rule], _ deciders: inout [Rule]) -> PacketSet {
    var (open, passed) = (packets, PacketSet())
    for rule in tier where rule.rule.packets.intersects(open) {
      if rule.rule.verdict == .pass {
        passed = passed.union(open.intersection(rule.rule.packets))
      } else {
        deciders.append(rule)
      }
      open = open.subtracting(rule.rule.packets)
    }
    return open.union(passed)
  }
}
