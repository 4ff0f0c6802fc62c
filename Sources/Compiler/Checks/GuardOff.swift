// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// A guard that lets VMs pretend to be others.
struct GuardOff: PolicyCheck {
  let description = CheckDescription(
    "guard-off", title: "A group switches off what keeps its VMs from pretending to be others.",
    repair: "Name what the VMs need (`guard: {mac: [declared, …]}`), or say why: `comment:` or `ticket:` on the group.",
    explanation: """
      Named are `guard: off`, `mac: any` and `arp: false`, where one of the group's VMs really gets that: of a VM's groups the \
      strictest word holds. With any MAC address a VM can take over the traffic of its neighbours. Parts that a VM plays \
      (`dhcp: server`, `ra: server`) are named words, and not a danger that nobody sees.
      """,
    wrong: """
      groups:
        lab:
          vms: {name: "lab-*"}
          guard: off
          in:
            - allow https
      """,
    right: """
      groups:
        lab:
          vms: {name: "lab-*"}
          guard: {vlan: [5, 7]}
          in:
            - allow https
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    var seen: Set<SourceRange> = []
    var findings: [Diagnostic] = []
    for standing in context.standings {
      let open = standing.decisions.guardPolicy.openDoors
      guard !open.isEmpty else { continue }
      for group in standing.groups.map({ context.groups[$0] }) where !group.isExplained {
        guard let word = group.guardPolicy, !CheckContext.isShipped(word.range) else { continue }
        let doors = word.value.openDoors.filter(open.contains)
        guard !doors.isEmpty, seen.insert(word.range).inserted else { continue }
        findings.append(
          finding(
            "group '\(group.name)' lets its VMs \(doors.joined(separator: ", "))", at: word.range,
            hint: "name what they need, or say in comment: of the group why they may",
            notes: group.group.origin.file == word.range.file
              ? [] : [Diagnostic.Note("group '\(group.name)'", at: group.group.origin)]))
      }
    }
    return findings
  }
}

extension GuardPolicy {
  /// What a VM may do that `standard` would keep it from, its parts as a server aside.
  var openDoors: [String] {
    var doors: [String] = []
    if mac == .any { doors.append("send with the MAC address of any other") }
    if !checksARP { doors.append("answer ARP for others") }
    if otherEthertypes { doors.append("send and get frames that no rule sees") }
    return doors
  }
}
