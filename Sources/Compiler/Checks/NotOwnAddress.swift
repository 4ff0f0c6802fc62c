// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// A rule about an address of the VM's own that no VM of its group has.
struct NotOwnAddress: PolicyCheck {
  let description = CheckDescription(
    "not-own-address", title: "`to` of an `in` rule, or `from` of an `out` rule, is no address of the group's VMs.",
    repair: "Name the other end with `from` in `in:` and with `to` in `out:`; or say in `comment:` why it is meant.",
    explanation: """
      The opposite side of a rule is the VM's own: one of its addresses, a multicast group, or a broadcast address. A rule is \
      named where the addresses of all VMs that it holds for are written down, and it speaks of none of them. Quiet are \
      rules with a `comment:` or `ticket:`, groups whose guard or preset lets them send from any address (`ip:`), for they \
      forward packets of others, and rules whose own side is `any`, a set or a parameter.
      """,
    wrong: """
      vms:
        shop-1: {labels: {role: shop}, addresses: 192.0.2.11}
      groups:
        shop:
          vms: {label: {role: shop}}
          in:
            - allow https to 192.0.2.99
      """,
    right: """
      vms:
        shop-1: {labels: {role: shop}, addresses: 192.0.2.11}
      groups:
        shop:
          vms: {label: {role: shop}}
          in:
            - allow https to 192.0.2.11
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    let own = addresses(context)
    return context.groups.indices.flatMap { place -> [Diagnostic] in
      let group = context.groups[place]
      guard let own = own[place], !own.isEmpty,
        group.guardPolicy.map({ $0.value.ip == GuardPolicy.standard.ip }) ?? true
      else { return [] }
      return TrafficDirection.allCases.flatMap { direction in
        (direction == .in ? group.inbound : group.outbound).compactMap { finding($0, direction, own) }
      }
    }
  }

  /// By group; nil where some VM has a NIC of which no address is written down.
  private func addresses(_ context: CheckContext) -> [Int: [AddressRange]] {
    var own: [Int: [AddressRange]] = [:]
    var unknown: Set<Int> = []
    for standing in context.standings where !standing.members.isEmpty {
      let isKnown = standing.members.allSatisfy { !$0.addresses.isEmpty }
      for group in standing.groups {
        if !isKnown { unknown.insert(group) }
        own[group, default: []] += standing.members.flatMap(\.addresses).map { AddressRange($0) }
      }
    }
    return own.filter { !unknown.contains($0.key) }
  }

  private func finding(_ rule: ExpandedRule, _ direction: TrafficDirection, _ own: [AddressRange]) -> Diagnostic? {
    guard rule.scope == 0, rule.rule.comment == nil, rule.rule.ticket == nil,
      let side = direction == .in ? rule.rule.to : rule.rule.from
    else { return nil }
    let ranges = side.compactMap { peer -> AddressRange? in
      if case .addresses(let range) = peer.value { range } else { nil }
    }
    guard ranges.count == side.count, let first = ranges.first else { return nil }
    let isOwn = ranges.contains { range in
      range.isForMany || own.contains { $0.family == range.family && $0.range.overlaps(range.range) }
    }
    guard !isOwn else { return nil }
    let (word, other) = direction == .in ? ("to", "from") : ("from", "to")
    return finding(
      "'\(word) \(first)' of an '\(direction.rawValue)' rule is the VM's own side, and no VM of the group has that address",
      at: side[0].range, expected: "an address of the VM, or a multicast group",
      hint:
        "the other end of '\(direction.rawValue)' rules is '\(other)'; what a VM forwards is meant? say so in comment:")
  }
}

extension AddressRange {
  /// Whether a packet to it can be for a VM that does not have it: multicast, broadcast, of a network too.
  fileprivate var isForMany: Bool {
    if family == .ipv6 { return range.lowerBound >> 120 == 0xff }
    return range.upperBound >> 28 >= 0xe || range.upperBound & 0xff == 0xff
  }
}
