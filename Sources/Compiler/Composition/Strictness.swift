// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

extension Verdict {
  /// drop, then reject, then allow.
  private var strictness: Int {
    switch self {
    case .drop: 3
    case .reject: 2
    case .allow: 1
    case .pass: 0
    }
  }

  /// The stricter of what two have said; the first where they agree.
  static func strictest(_ first: Located<Verdict>?, _ second: Located<Verdict>?) -> Located<Verdict>? {
    guard let first, let second else { return first ?? second }
    return second.value.strictness > first.value.strictness ? second : first
  }
}

extension GuardPolicy {
  /// What both allow.
  func merged(with other: GuardPolicy) -> GuardPolicy {
    var merged = GuardPolicy(
      mac: Self.merged(mac, other.mac), ip: ip, checksARP: checksARP || other.checksARP,
      dhcp: Self.merged(dhcp, other.dhcp), nd: nd && other.nd, ra: Self.merged(ra, other.ra),
      multicast: multicast && other.multicast, broadcast: broadcast && other.broadcast,
      vlans: mergedVLANs(other), otherEthertypes: otherEthertypes && other.otherEthertypes,
      systemRules: Self.merged(systemRules, other.systemRules))
    (merged.ip, merged.declaredWithin) = mergedSources(other)
    return merged
  }

  /// The NIC's own address is known to libvirt only: it is in no list.
  private static func merged(_ first: Sources<MACAddress>, _ second: Sources<MACAddress>) -> Sources<MACAddress> {
    switch (first, second) {
    case (.any, _): second
    case (_, .any): first
    case (.only(let declared, let others), .only(let otherDeclared, let otherOthers)):
      .only(
        declared: declared && otherDeclared,
        others: others == otherOthers ? others : others.filter(otherOthers.contains).sorted())
    }
  }

  /// Declared addresses that a list of the other one holds are allowed by both.
  private func mergedSources(_ other: GuardPolicy) -> (Sources<AddressRange>, within: [AddressRange]?) {
    guard case .only(let declared, let others) = ip else { return (other.ip, other.declaredWithin) }
    guard case .only(let otherDeclared, let otherOthers) = other.ip else { return (ip, declaredWithin) }
    let (list, otherList) = (ResolvedPeers(others), ResolvedPeers(otherOthers))
    let common = others == otherOthers ? others : list.common(with: otherList)
    if declared, otherDeclared, declaredWithin == nil, other.declaredWithin == nil {
      return (.only(declared: true, others: common), nil)
    }
    var (first, second) = (list, otherList)
    if declared { first.formUnion(declaredWithin.map { ResolvedPeers($0) } ?? .any) }
    if otherDeclared { second.formUnion(other.declaredWithin.map { ResolvedPeers($0) } ?? .any) }
    let both = ResolvedPeers(first.common(with: second))
    let listed = ResolvedPeers(common)
    let within =
      both.ipv4.subtracting(listed.ipv4).addressRanges(.ipv4) + both.ipv6.subtracting(listed.ipv6).addressRanges(.ipv6)
    let isDeclared = !within.isEmpty && (declared || otherDeclared)
    return (.only(declared: isDeclared, others: common), isDeclared ? within : nil)
  }

  /// Who lets everything pass lets all VLANs pass.
  private func mergedVLANs(_ other: GuardPolicy) -> [UInt16] {
    if otherEthertypes { return other.vlans }
    if other.otherEthertypes || vlans == other.vlans { return vlans }
    return vlans.filter(other.vlans.contains).sorted()
  }

  /// The more there are, the more is denied at layer 2.
  private static func merged(_ first: SystemRules, _ second: SystemRules) -> SystemRules {
    SystemRules.allCases.first { $0 == first || $0 == second } ?? .all
  }

  private static func merged(_ first: Role, _ second: Role) -> Role {
    if first == .off || second == .off { return .off }
    return first == .client || second == .client ? .client : .server
  }
}

extension ResolvedPeers {
  fileprivate func common(with other: ResolvedPeers) -> [AddressRange] {
    ipv4.intersection(other.ipv4).addressRanges(.ipv4) + ipv6.intersection(other.ipv6).addressRanges(.ipv6)
  }
}

/// What presets that one group uses say of the guard together.
struct GuardWord {
  var policy: Located<GuardPolicy>
  /// What they speak of.
  var parts: Set<GuardPolicy.Part>

  /// Of what both speak of, the stricter word; of the rest the word of the one that does.
  func joined(with other: GuardWord) -> GuardWord {
    var policy = policy.value.merged(with: other.policy.value)
    for part in GuardPolicy.Part.allCases where !parts.contains(part) || !other.parts.contains(part) {
      policy.take(part, from: parts.contains(part) ? self.policy.value : other.policy.value)
    }
    return GuardWord(
      policy: Located(value: policy, range: self.policy.range), parts: parts.union(other.parts))
  }
}

extension GuardPolicy {
  fileprivate mutating func take(_ part: Part, from other: GuardPolicy) {
    switch part {
    case .mac: mac = other.mac
    case .ip: (ip, declaredWithin) = (other.ip, other.declaredWithin)
    case .arp: checksARP = other.checksARP
    case .dhcp: dhcp = other.dhcp
    case .nd: nd = other.nd
    case .ra: ra = other.ra
    case .multicast: multicast = other.multicast
    case .broadcast: broadcast = other.broadcast
    // Only a guard that speaks of everything lets other ethertypes pass.
    case .vlan: vlans = other.vlans
    case .ethertypes: otherEthertypes = other.otherEthertypes
    case .system: systemRules = other.systemRules
    }
  }
}
