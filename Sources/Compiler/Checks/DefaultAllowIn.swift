// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// A default that lets everything in that no rule denies.
struct DefaultAllowIn: PolicyCheck {
  let description = CheckDescription(
    "default-allow-in", title: "A group lets everybody in on everything that no rule denies.",
    repair: "Leave `default:` out and allow what is meant, or say why: `comment:` or `ticket:` on the group.",
    explanation: """
      Nothing is closed then but what rules close, and what the VM starts to serve tomorrow is open at once. Ports that \
      administer a machine are counted, as of `admin-port-open`. A group is named if one of its VMs really gets that \
      default: the strictest word of a VM's groups holds. Presets that ship with nwfleet (`open`, `router`) say by their \
      names what they do, and are not named; presets of the repository are.
      """,
    wrong: """
      groups:
        lab:
          vms: {name: "lab-*"}
          in:
            - drop ssh
          default: {in: allow}
      """,
    right: """
      groups:
        lab:
          vms: {name: "lab-*"}
          comment: an isolated network, nothing of value
          in:
            - drop ssh
          default: {in: allow}
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    var seen: Set<SourceRange> = []
    var findings: [Diagnostic] = []
    for standing in context.standings where standing.decisions.inboundDefault == .allow {
      for group in standing.groups.map({ context.groups[$0] }) where !group.isExplained {
        guard let word = group.inboundDefault, word.value == .allow, !CheckContext.isShipped(word.range),
          seen.insert(word.range).inserted
        else { continue }
        let names = AdminPortOpen.services(leftBy: standing.decisions.inbound)
        let among = names.isEmpty ? "" : ", \(AdminPortOpen.list(names)) among it"
        findings.append(
          finding(
            "group '\(group.name)' lets everybody in on everything that no rule denies\(among)", at: word.range,
            expected: "default: {in: drop}, and rules that allow what is meant",
            hint: "allow what is meant, or say in comment: of the group why all of it is",
            notes: group.group.origin.file == word.range.file
              ? [] : [Diagnostic.Note("group '\(group.name)'", at: group.group.origin)]))
      }
    }
    return findings
  }
}

extension ExpandedGroup {
  /// Whether somebody has written down what the group is for.
  var isExplained: Bool { group.comment != nil || group.ticket != nil }
}
