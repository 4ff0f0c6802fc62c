// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// What a rule does with its packets: rules that are alike in this can be merged.
struct Effect: Sendable, Hashable {
  /// Never `pass`.
  var verdict: Verdict
  var connectionLimit: Int?
  var isStateless: Bool

  static let allow = Effect(verdict: .allow, connectionLimit: nil, isStateless: false)

  /// As a person says it.
  var words: String {
    verdict.rawValue + (connectionLimit.map { " of at most \($0) connections" } ?? "")
      + (isStateless ? ", stateless" : "")
  }

  var isAllow: Bool { verdict == .allow }
  /// Whether replies are let through by the rule itself.
  var allowsReplies: Bool { isAllow && !isStateless }
}

extension ResolvedRule {
  var effect: Effect {
    Effect(
      verdict: verdict, connectionLimit: verdict == .allow ? connectionLimit : nil,
      isStateless: verdict == .allow && isStateless)
  }
}

/// Rules of one effect whose order means nothing.
struct Run: Sendable, Hashable {
  var effect: Effect
  /// In the order of the policy.
  var rules: [ResolvedRule]
  /// The packets of all rules, in few regions; empty until the rules are complete.
  private(set) var regions: [PacketRegion] = []

  init(effect: Effect, rules: [ResolvedRule]) {
    self.effect = effect
    self.rules = rules
  }

  /// With its regions, for rules that do not change any more.
  func completed() -> Run {
    var result = self
    result.regions =
      (rules.count == 1 ? rules[0].packets : PacketSet(rules.flatMap(\.packets.regions))).simplified().regions
    return result
  }

  func intersects(_ packets: PacketSet) -> Bool {
    for index in rules.indices where rules[index].packets.intersects(packets) { return true }
    return false
  }

  func intersects(_ region: PacketRegion) -> Bool {
    for index in rules.indices where rules[index].packets.intersects(region) { return true }
    return false
  }

  /// The rules that a region of the run comes from: one that has all of it, or else those that have a part.
  func sources(of region: PacketRegion) -> [RuleSource] {
    if rules.count == 1 { return [rules[0].source] }
    var sources: [RuleSource] = []
    for index in rules.indices where rules[index].packets.intersects(region) {
      for own in rules[index].packets.regions where region.isSubset(of: own) { return [rules[index].source] }
      if !sources.contains(rules[index].source) { sources.append(rules[index].source) }
    }
    return sources
  }
}
