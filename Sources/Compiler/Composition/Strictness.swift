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
  /// Key by key the stricter of two; the place is that of the first that is as strict as the result.
  static func strictest(_ first: Located<GuardPolicy>?, _ second: Located<GuardPolicy>?) -> Located<GuardPolicy>? {
    guard let first, let second else { return first ?? second }
    let merged = first.value.merged(with: second.value)
    return Located(value: merged, range: merged == second.value && merged != first.value ? second.range : first.range)
  }

  /// What both allow.
  func merged(with other: GuardPolicy) -> GuardPolicy {
    GuardPolicy(
      mac: Self.merged(mac, other.mac) { first, second in first.filter(second.contains).sorted() },
      ip: Self.merged(ip, other.ip, Self.common), checksARP: checksARP || other.checksARP,
      dhcp: Self.merged(dhcp, other.dhcp), nd: nd && other.nd, ra: Self.merged(ra, other.ra),
      multicast: multicast && other.multicast, broadcast: broadcast && other.broadcast,
      vlans: vlans == other.vlans ? vlans : vlans.filter(other.vlans.contains).sorted(),
      otherEthertypes: otherEthertypes && other.otherEthertypes)
  }

  private static func merged<Value>(
    _ first: Sources<Value>, _ second: Sources<Value>, _ common: ([Value], [Value]) -> [Value]
  ) -> Sources<Value> {
    switch (first, second) {
    case (.any, _): second
    case (_, .any): first
    case (.only(let declared, let others), .only(let otherDeclared, let otherOthers)):
      .only(
        declared: declared && otherDeclared, others: others == otherOthers ? others : common(others, otherOthers))
    }
  }

  private static func common(_ first: [AddressRange], _ second: [AddressRange]) -> [AddressRange] {
    let (first, second) = (ResolvedPeers(first), ResolvedPeers(second))
    return first.ipv4.intersection(second.ipv4).addressRanges(.ipv4)
      + first.ipv6.intersection(second.ipv6).addressRanges(.ipv6)
  }

  private static func merged(_ first: Role, _ second: Role) -> Role {
    if first == .off || second == .off { return .off }
    return first == .client || second == .client ? .client : .server
  }
}
