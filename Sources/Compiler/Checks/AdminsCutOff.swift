// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// `admins:` that cannot reach a VM because they have no address of its family.
struct AdminsCutOff: PolicyCheck {
  let description = CheckDescription(
    "admins-cut-off",
    title: "`admins:` have no address of a family that a VM has, and nobody else may log in there either.",
    repair: "Give `admins:` addresses of the other family, or let a group allow it.",
    explanation: """
      `admins:` come first, so no rule can keep them out; but whoever has IPv4 addresses only does not reach a VM \
      that has IPv6 addresses only. A VM is named if its addresses are written down, none is of a family of \
      `admins:`, its groups drop by default, and no rule lets anybody in on ssh, telnet, rdp, winrm or vnc.
      """,
    wrong: """
      admins: {from: 192.0.2.0/24, allow: [ssh, icmp]}
      vms:
        shop-1: {labels: {role: shop}, addresses: "2001:db8::11"}
      groups:
        shop:
          vms: {label: {role: shop}}
          in:
            - allow https
      """,
    right: """
      admins: {from: [192.0.2.0/24, "2001:db8:1::/64"], allow: [ssh, icmp]}
      vms:
        shop-1: {labels: {role: shop}, addresses: "2001:db8::11"}
      groups:
        shop:
          vms: {label: {role: shop}}
          in:
            - allow https
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    guard let admins = context.policy.admins else { return [] }
    var machines: Set<String> = []
    for standing in context.standings where !standing.admins.isEmpty && standing.decisions.inboundDefault != .allow {
      let reached = Set(
        standing.decisions.inbound.filter { rule in
          rule.verdict == .allow
            && (rule.source.id == Composer.adminsID || rule.packets.intersects(AdminServices.logins))
        }.flatMap { $0.packets.regions.map(\.family) })
      guard reached.count < AddressFamily.allCases.count else { continue }
      for member in standing.members where !member.addresses.isEmpty {
        if member.addresses.allSatisfy({ !reached.contains(AddressRange($0).family) }) {
          machines.insert(member.machine)
        }
      }
    }
    guard !machines.isEmpty else { return [] }
    let shown = machines.sorted().prefix(3)
    let names = shown.map { "'\($0)'" }.joined(separator: ", ")
    let rest = machines.count > shown.count ? " and \(machines.count - shown.count) others" : ""
    let places = Dictionary(context.policy.inventory.machines.map { ($0.name, $0.origin) }) { first, _ in first }
    return [
      finding(
        "nobody can log in to \(names)\(rest): admins have no address of their family",
        at: admins.origin, expected: "addresses of both families in admins:",
        hint: "add addresses of the other family to from:",
        notes: shown.map { Diagnostic.Note("VM '\($0)'", at: places[$0]) })
    ]
  }
}
