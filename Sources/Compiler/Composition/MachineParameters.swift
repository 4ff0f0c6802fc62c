// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// Finds parameters of VMs that none of their groups uses: a misspelt one leaves the group's value in force.
struct MachineParameters {
  private let policy: Policy
  private let natives: NativeAttachments
  /// Of groups with rules, also those that are switched off.
  private let used: [(selector: MachineSelector, names: Set<String>)]

  init(
    _ policy: Policy, _ groups: [ExpandedGroup], _ natives: NativeAttachments, presets: [String: RuleSet], today: Day
  ) {
    self.policy = policy
    self.natives = natives
    // Nothing of what is found on the way counts: these groups do nothing.
    var expander = GroupExpander(presets: presets, today: today, seenExpired: [])
    let disabled = policy.groups.filter { !$0.isEnabled }.map { expander.expand($0) }
    used = (groups + disabled).map { ($0.group.selector, $0.usedParameters) }
  }

  func findings(_ index: MachineIndex) -> [Diagnostic] {
    var names: [String: Set<String>] = [:]
    for (selector, used) in used + policy.nativeGroups.map({ ($0.selector, natives.parameters(of: $0)) }) {
      for machine in index.select(selector) where policy.machineParameters[index.names[machine]] != nil {
        names[index.names[machine], default: []].formUnion(used)
      }
    }
    var suggestionsLeft = 200
    return policy.machineParameters.sorted { $0.key < $1.key }.flatMap { machine, parameters -> [Diagnostic] in
      // Groups of a VM that is in none may come.
      guard let used = names[machine] else { return [] }
      return parameters.sorted { $0.key < $1.key }.filter { !used.contains($0.key) }.map { name, parameter in
        suggestionsLeft -= 1
        // One letter is near to any other.
        let isSearched = name.count > 2 && suggestionsLeft >= 0
        let suggestion = isSearched ? Suggestion.hint(for: name, in: used.sorted()) : nil
        return Diagnostic(
          "unknown-parameter", "no group of VM '\(machine)' uses the parameter '\(name)'",
          severity: suggestion == nil ? .warning : .error, at: parameter.texts.first?.range,
          expected: used.isEmpty ? nil : "one of \(used.sorted().joined(separator: ", "))",
          hint: suggestion ?? "remove it")
      }
    }
  }
}
