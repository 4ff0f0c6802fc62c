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
    var result: [DatedRule] = []
    for group in policy.groups where group.isEnabled { Self.collect(group.rules, group.owner, into: &result) }
    for preset in policy.presets { Self.collect(preset, nil, into: &result) }
    return result
  }

  private static func collect(_ ruleSet: RuleSet, _ owner: String?, into result: inout [DatedRule]) {
    for direction in TrafficDirection.allCases {
      for rule in direction == .in ? ruleSet.inbound : ruleSet.outbound {
        guard let until = rule.until, rule.isEnabled else { continue }
        let id = "\(ruleSet.name.value)/\(rule.name(direction))"
        result.append(DatedRule(rule: rule, id: id, until: until, groupOwner: owner))
      }
    }
  }
}
