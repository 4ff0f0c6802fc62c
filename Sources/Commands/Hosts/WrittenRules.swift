// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics

/// A rule as a group has it, by itself or by a preset that it uses.
struct WrittenRule {
  /// `GROUP/RULE`.
  var id: String
  var rule: PolicyRule
}

extension Policy {
  /// All rules of groups that are not switched off, those of presets under the name of each group that uses them.
  var writtenRules: [WrittenRule] {
    let presets = Dictionary(presets.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
    var found: [WrittenRule] = []
    for group in groups where group.isEnabled {
      var seen: Set<String> = []
      var left = [group.rules]
      while let rules = left.popLast() {
        for (direction, list) in [(TrafficDirection.in, rules.inbound), (.out, rules.outbound)] {
          for rule in list where rule.isEnabled {
            found.append(WrittenRule(id: "\(group.name)/\(rule.name(direction))", rule: rule))
          }
        }
        left += rules.uses.filter { seen.insert($0.value).inserted }.compactMap { presets[$0.value] }
      }
    }
    return found
  }
}
