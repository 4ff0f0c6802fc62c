// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// A rule that could as well not be there.
struct IdleRule {
  enum Reason: Hashable {
    /// Earlier rules of its group decide otherwise.
    case shadowed
    /// Rules of its group decide the same.
    case redundant
    /// An allow of which other groups deny everything, on every NIC.
    case overridden
    /// Rules of other groups decide everything, on every NIC.
    case unreachable
  }

  var group: Int
  var direction: TrafficDirection
  var rule: ResolvedRule
  var reason: Reason
  /// The rules that decide its packets.
  var covers: [ResolvedRule]
}

/// Finds idle rules: those that are idle for every NIC that they hold for.
struct IdleRules {
  private let groups: [ExpandedGroup]
  private let standings: [CheckContext.Standing]
  /// Of each group, where it stands: a standing, and a place in it.
  private let places: [[(standing: Int, place: Int)]]

  private struct Key: Hashable {
    let group: Int
    let source: RuleKey
  }

  /// Ids are unique in a group but for rules that two presets of it call alike.
  private struct RuleKey: Hashable {
    let id: String
    let line: Int?
  }

  init(_ standings: [CheckContext.Standing], groups: [ExpandedGroup]) {
    self.groups = groups
    self.standings = standings
    var places: [[(standing: Int, place: Int)]] = Array(repeating: [], count: groups.count)
    for (index, standing) in standings.enumerated() {
      for (place, group) in standing.groups.enumerated() { places[group].append((index, place)) }
    }
    self.places = places
  }

  /// In the order of groups.
  func search(_ map: some CompilerMap) -> [IdleRule] {
    map.map(count: groups.count, batch: 256) { group -> [IdleRule] in
      if places[group].isEmpty { return [] }
      let places = places[group].map { (standings[$0.standing], $0.place) }
      return TrafficDirection.allCases.flatMap { search(group, $0, places) }
    }.flatMap { $0 }
  }

  private static func key(_ rule: ResolvedRule) -> RuleKey {
    RuleKey(id: rule.source.id, line: rule.source.range?.start.line)
  }

  private func search(
    _ group: Int, _ direction: TrafficDirection, _ places: [(standing: CheckContext.Standing, place: Int)]
  ) -> [IdleRule] {
    var variants: [[ResolvedRule]] = []
    for (standing, place) in places {
      let rules = standing.rules[place].list(direction)
      if variants.last != rules, !variants.contains(rules) { variants.append(rules) }
    }
    guard variants.contains(where: { !$0.isEmpty }) else { return [] }
    let within = idleWithin(group, direction, variants)
    let done = Set(within.map { Self.key($0.rule) })
    return within + idleByOthers(group, direction, places, except: done)
  }

  // MARK: Within a group

  private func idleWithin(_ group: Int, _ direction: TrafficDirection, _ variants: [[ResolvedRule]]) -> [IdleRule] {
    var result: [IdleRule] = []
    for (number, rules) in variants.enumerated() {
      let scopes = rules.indices.map { scope(of: rules[$0], at: $0, group, direction) }
      let idle = RuleCoverage(rules, scopes: scopes).findings.compactMap { finding -> IdleRule? in
        let rule = rules[finding.rule]
        // Networks have other addresses tomorrow: what is said of them besides is not superfluous.
        if finding.kind == .redundant, written(rule, group, direction)?.rule.namesNetwork == true { return nil }
        return IdleRule(
          group: group, direction: direction, rule: rule,
          reason: finding.kind == .shadowed ? .shadowed : .redundant, covers: finding.covers.map { rules[$0] })
      }
      if number == 0 {
        result = idle
      } else {
        let keys = Set(idle.map { Self.key($0.rule) })
        result.removeAll { !keys.contains(Self.key($0.rule)) }
      }
      if result.isEmpty { break }
    }
    return result
  }

  /// Rules of a preset that differ from user to user are compared with nothing.
  private func scope(of rule: ResolvedRule, at index: Int, _ group: Int, _ direction: TrafficDirection) -> Int {
    // Most groups use no preset.
    guard groups[group].scopes.count > 1, let written = written(rule, group, direction), written.scope != 0 else {
      return 0
    }
    return written.rule.namesParameter || written.rule.namesNetwork ? -1 - index : written.scope
  }

  private func written(_ rule: ResolvedRule, _ group: Int, _ direction: TrafficDirection) -> ExpandedRule? {
    (direction == .in ? groups[group].inbound : groups[group].outbound)
      .first { $0.id == rule.source.id && $0.rule.origin == rule.source.range }
  }

  // MARK: Beside other groups

  private func idleByOthers(
    _ group: Int, _ direction: TrafficDirection, _ places: [(standing: CheckContext.Standing, place: Int)],
    except done: Set<RuleKey>
  ) -> [IdleRule] {
    // By rule; a rule that one NIC needs is out.
    var idle: [RuleKey: IdleRule] = [:]
    for (number, (standing, place)) in places.enumerated() {
      guard number == 0 || !idle.isEmpty else { break }
      var next: [RuleKey: IdleRule] = [:]
      let earlier = EarlierRules(standing, before: place, direction, groups)
      guard !earlier.isEmpty else { return [] }
      for (index, rule) in standing.rules[place].list(direction).enumerated() {
        let key = Self.key(rule)
        guard !done.contains(key), number == 0 || idle[key] != nil else { continue }
        guard let (reason, covers) = earlier.verdict(on: rule, after: index) else { continue }
        var found =
          idle[key] ?? IdleRule(group: group, direction: direction, rule: rule, reason: reason, covers: covers)
        if found.reason != reason { found.reason = .unreachable }
        next[key] = found
      }
      idle = next
    }
    return idle.values.sorted { $0.rule.source.id < $1.rule.source.id }
  }
}

extension PolicyRule {
  private var peers: [Located<Peer>] { (from ?? []) + (to ?? []) }

  fileprivate var namesNetwork: Bool {
    peers.contains { if case .network = $0.value { true } else { false } }
  }

  fileprivate var namesParameter: Bool {
    peers.contains { if case .parameter = $0.value { true } else { false } }
      || traffic.contains { if case .parameter = $0.value { true } else { false } }
  }
}
