// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// An allow that lets the internet in on ports behind which a whole machine stands.
struct AdminPortOpen: PolicyCheck {
  let description = CheckDescription(
    "admin-port-open", title: "A rule lets everybody in on a port that administers a machine.",
    repair:
      "Say who may come (`from @office`), or why it is meant: `comment:` or `ticket:` on the rule or its group.",
    explanation: """
      Ports: \(AdminServices.all.map(\.name).joined(separator: ", ")); of databases those that ask for no password \
      as they come. Everybody means `any`, or a prefix shorter than /8 of IPv4 or /16 of IPv6 that is not private, \
      also as the sum of several. What earlier rules deny is taken off before, with all groups of the VM. A default that \
      lets everybody in is `default-allow-in`.
      """,
    wrong: """
      groups:
        bastion:
          vms: {name: "bastion-*"}
          in:
            - allow ssh
      """,
    right: """
      groups:
        bastion:
          vms: {name: "bastion-*"}
          in:
            - {rule: allow ssh, comment: keys only; this is where everybody comes in}
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    var seen: Set<SourceRange?> = []
    var findings: [Diagnostic] = []
    for standing in context.standings {
      for (index, rule) in standing.decisions.inbound.enumerated()
      where rule.verdict == .allow && AdminServices.mayConcern(rule.packets) && Self.isWide(rule.packets) {
        let place = context.place(of: rule)
        guard !rule.source.id.hasSuffix("/default"), !seen.contains(place), !isMeant(rule, context) else { continue }
        let names = services(rule, after: standing.decisions.inbound[..<index])
        guard !names.isEmpty else { continue }
        seen.insert(place)
        findings.append(
          finding(
            "'\(rule.source.id)' lets everybody in on \(Self.list(names))", at: place,
            expected: "addresses of those who administer it",
            hint: "add 'from' with their addresses, or say in comment: why it is meant",
            notes: place == rule.source.range ? [] : [Diagnostic.Note("the rule, of a preset", at: rule.source.range)]))
      }
    }
    return findings
  }

  /// What was written down as meant.
  private func isMeant(_ rule: ResolvedRule, _ context: CheckContext) -> Bool {
    guard let (written, group) = context.written(rule) else { return false }
    return [written.rule.comment, written.rule.ticket, group.group.comment, group.group.ticket].contains { $0 != nil }
  }

  /// Names of services of which everybody gets something through to this rule.
  private func services(_ rule: ResolvedRule, after earlier: ArraySlice<ResolvedRule>) -> [String] {
    AdminServices.all.filter { service in
      var open = rule.packets.intersection(service.packets)
      guard Self.isWide(open) else { return false }
      for other in earlier where other.packets.intersects(open) { open = open.subtracting(other.packets) }
      return Self.isWide(open)
    }.map(\.name)
  }

  /// Names of services of which everybody gets something past all of the rules.
  static func services(leftBy rules: [ResolvedRule]) -> [String] {
    AdminServices.all.filter { service in
      var open = service.packets
      for rule in rules where !rule.source.id.hasSuffix("/default") && rule.packets.intersects(open) {
        open = open.subtracting(rule.packets)
      }
      return isWide(open)
    }.map(\.name)
  }

  private static func isWide(_ packets: PacketSet) -> Bool {
    packets.regions.contains { $0.source.isAnywhere($0.family) }
  }

  static func list(_ names: [String]) -> String {
    let shown = names.prefix(4).joined(separator: ", ")
    return names.count > 4 ? "\(shown) and \(names.count - 4) other services" : shown
  }
}
