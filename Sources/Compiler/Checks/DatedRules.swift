// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A rule that ends by itself.
struct DatedRule {
  var rule: PolicyRule
  var until: Day
  /// Of the group; nil for a preset.
  var groupOwner: String?
}

extension CheckContext {
  /// Rules with a last day that are switched on, of the groups that are, and of presets.
  var datedRules: [DatedRule] {
    let sets = policy.groups.filter(\.isEnabled).map { ($0.rules, $0.owner) } + policy.presets.map { ($0, nil) }
    return sets.flatMap { ruleSet, owner in
      (ruleSet.inbound + ruleSet.outbound).compactMap { rule in
        guard let until = rule.until, rule.isEnabled else { return nil }
        return DatedRule(rule: rule, until: until, groupOwner: owner)
      }
    }
  }
}
