// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A rule that ends by itself.
struct DatedRule {
  var rule: PolicyRule
  /// `GROUP/RULE`, or `PRESET/RULE`.
  var id: String
  var until: Day
  /// Of the group; nil for a preset.
  var groupOwner: String?
}

extension CheckContext {
  /// Rules with a last day that are switched on, of the groups that are, and of presets.
  var datedRules: [DatedRule] {
    let sets = policy.groups.filter(\.isEnabled).map { ($0.rules, $0.owner) } + policy.presets.map { ($0, nil) }
    return sets.flatMap { ruleSet, owner in
      let directed = ruleSet.inbound.map { ($0, TrafficDirection.in) } + ruleSet.outbound.map { ($0, .out) }
      return directed.compactMap { rule, direction in
        guard let until = rule.until, rule.isEnabled else { return nil }
        let id = "\(ruleSet.name.value)/\(rule.name(direction))"
        return DatedRule(rule: rule, id: id, until: until, groupOwner: owner)
      }
    }
  }
}
