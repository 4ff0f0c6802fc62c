// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// The rules of one direction without those that change nothing, and with as little order as possible.
struct MinimalRules: Sendable {
  /// In order. The last one may be the default, if that is to allow; any other default is what is left after all runs.
  let runs: [Run]

  init(_ rules: [ResolvedRule], default verdict: Verdict, direction: TrafficDirection) {
    let source = RuleSource(id: "default/\(direction.rawValue)", range: nil)
    let last = ResolvedRule(verdict: verdict, packets: .all, group: "default", source: source)
    var needed = Self.withoutUnreachable(rules.filter { !$0.packets.isEmpty } + [last])
    if needed.last?.source == source {
      needed = Self.withoutRepeated(needed)
      if verdict != .allow { needed.removeLast() }
    }
    runs = Self.runs(needed).map { Self.withoutCovered($0).completed() }
  }

  /// Leaves out rules whose packets earlier ones decide.
  private static func withoutUnreachable(_ rules: [ResolvedRule]) -> [ResolvedRule] {
    var kept: [ResolvedRule] = []
    kept.reserveCapacity(rules.count)
    for rule in rules {
      var near: [PacketRegion] = []
      for index in kept.indices where kept[index].mayDecide(before: rule) {
        for region in kept[index].packets.regions where rule.packets.intersects(region) { near.append(region) }
      }
      if near.isEmpty || !rule.packets.isSubset(of: PacketSet(near)) { kept.append(rule) }
    }
    return kept
  }

  /// Leaves out rules without which the rest decides the same.
  ///
  /// - Parameter rules: the last one matches everything, and stays.
  private static func withoutRepeated(_ rules: [ResolvedRule]) -> [ResolvedRule] {
    var kept = rules
    for index in rules.indices.dropLast().reversed() {
      let rule = kept[index]
      guard rule.effect.connectionLimit == nil, !rule.effect.isStateless else { continue }
      let later = kept[(index + 1)...]
      if decides(later, rule.packets, as: rule.effect) {
        kept.remove(at: index)
        continue
      }
      let earlier = kept[..<index].indices.filter { place in
        !kept[place].isStateless && kept[place].packets.intersects(rule.packets)
      }
      if earlier.isEmpty { continue }
      var reachable = rule.packets
      for place in earlier where reachable.regions.count <= mostPieces {
        reachable = reachable.subtracting(kept[place].packets)
      }
      if decides(later, reachable, as: rule.effect) { kept.remove(at: index) }
    }
    return kept
  }

  /// Whether rules, the last of which matches everything, give all of these packets one effect.
  private static func decides(_ rules: ArraySlice<ResolvedRule>, _ packets: PacketSet, as effect: Effect) -> Bool {
    var rest = packets
    for index in rules.indices where rules[index].packets.intersects(rest) {
      guard rules[index].effect == effect else { return false }
      rest = rest.subtracting(rules[index].packets)
      if rest.isEmpty { break }
      if rest.regions.count > mostPieces { return false }
    }
    return true
  }

  /// What is in more pieces than this is not followed further: a rule too many does no harm.
  private static let mostPieces = 500

  /// Puts each rule into the earliest run of its effect that it can join without passing a rule about the same packets.
  private static func runs(_ rules: [ResolvedRule]) -> [Run] {
    var runs: [Run] = []
    for rule in rules {
      let effect = rule.effect
      var place: Int?
      for index in runs.indices.reversed() {
        if runs[index].effect == effect, effect.connectionLimit == nil {
          place = index
        } else if runs[index].intersects(rule.packets) {
          break
        }
      }
      if let place {
        runs[place].rules.append(rule)
      } else {
        runs.append(Run(effect: effect, rules: [rule]))
      }
    }
    return runs
  }

  /// Leaves out rules of a run whose packets its other rules have, from the last to the first.
  private static func withoutCovered(_ run: Run) -> Run {
    var rules = run.rules
    for index in rules.indices.reversed() {
      var others: [PacketRegion] = []
      for other in rules.indices where other != index {
        for region in rules[other].packets.regions where rules[index].packets.intersects(region) {
          others.append(region)
        }
      }
      if !others.isEmpty, rules[index].packets.isSubset(of: PacketSet(others)) { rules.remove(at: index) }
    }
    return rules.count == run.rules.count ? run : Run(effect: run.effect, rules: rules)
  }
}

extension ResolvedRule {
  /// Whether the packets of this rule are out of reach for a later one.
  ///
  /// A plain allow speaks of flows that begin and of their replies, a stateless one of packets of its direction, whatever flow
  /// they belong to: neither takes the other's packets away.
  fileprivate func mayDecide(before later: ResolvedRule) -> Bool {
    verdict != .allow || later.verdict != .allow || isStateless == later.isStateless
  }
}

extension MinimalRules {
  /// Whether all packets of a region are allowed.
  func allowsAll(of region: PacketRegion) -> Bool {
    // What is allowed is seldom large enough, and that is soon seen.
    var share = 0.0
    for run in runs where run.effect.isAllow { share += region.mostShare(in: run.regions) }
    guard share > PacketRegion.nearlyAll else { return false }
    var rest = PacketSet(region)
    for run in runs {
      for rule in run.rules where rule.packets.intersects(rest) {
        guard rule.verdict == .allow else { return false }
        rest = rest.subtracting(rule.packets)
      }
    }
    return rest.isEmpty
  }
}
