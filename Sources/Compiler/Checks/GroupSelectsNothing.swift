// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// A group that no VM of the inventory is in.
struct GroupSelectsNothing: PolicyCheck {
  let description = CheckDescription(
    "group-selects-nothing", title: "No VM of the inventory is in a group.",
    repair: "Correct the name or label, or let the VM come: its filters are there already.",
    explanation: """
      Names, labels and MAC addresses are looked up in `vms:`, in included files and in `addresses.lock.yaml`. VMs \
      that only a host knows are not counted: a selector of names alone is checked only where the repository lists \
      VMs at all. Labels exist nowhere else, so a selector of labels is always checked.
      """,
    wrong: """
      vms:
        shop-1: {labels: {role: shop}}
      groups:
        shop:
          vms: {label: {role: shopp}}
          in:
            - allow http, https
      """,
    right: """
      vms:
        shop-1: {labels: {role: shop}}
      groups:
        shop:
          vms: {label: {role: shop}}
          in:
            - allow http, https
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    let groups =
      context.groups.map { ($0.name, $0.group.selector, $0.group.hosts) }
      + context.policy.nativeGroups.map { ($0.name.value, $0.selector, $0.hosts) }
    var suggestions = 20
    return groups.compactMap { name, selector, hosts in
      guard !context.inventory.isEmpty || !selector.labels.isEmpty else { return nil }
      let selected = context.inventory.select(selector, hosts).filter { machine in
        // NICs that nobody has written down may have the address.
        selector.macs.isEmpty || machine.interfaces.isEmpty
          || machine.interfaces.contains { selector.macs.contains($0.mac) }
      }
      guard selected.isEmpty else { return nil }
      // Each looks at every name.
      suggestions -= 1
      let suggestion = suggestions < 0 ? nil : suggestion(for: selector, context)
      return finding(
        "group '\(name)' selects no VM of the inventory", at: selector.range,
        expected: "a name, a label or a MAC address of a VM under vms:",
        hint: suggestion ?? "correct the selector, or remove the group")
    }
  }

  private func suggestion(for selector: MachineSelector, _ context: CheckContext) -> String? {
    let machines = context.policy.inventory.machines
    for pattern in selector.names where pattern.isLiteral {
      if let hint = Suggestion.hint(for: pattern.text, in: context.inventory.names) { return hint }
    }
    for (label, patterns) in selector.labels.sorted(by: { $0.key < $1.key }) {
      let values = Set(machines.compactMap { $0.labels[label] }).sorted()
      if values.isEmpty {
        return Suggestion.hint(for: label, in: Set(machines.flatMap(\.labels.keys)).sorted())
          ?? "no VM has a label '\(label)'"
      }
      for pattern in patterns where pattern.isLiteral {
        if let hint = Suggestion.hint(for: pattern.text, in: values) { return hint }
      }
    }
    return nil
  }
}
