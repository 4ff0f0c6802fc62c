// SPDX-License-Identifier: Apache-2.0

import PacketPath

/// Addresses that names stand for.
struct ResolvedPeers: Sendable, Hashable {
  var ipv4 = AddressSet()
  var ipv6 = AddressSet()
  /// Names that stand for nothing, on the way down, as they are written: `@office`.
  var empties: [String] = []

  static let any = ResolvedPeers(ipv4: .all(.ipv4), ipv6: .all(.ipv6))

  var isEmpty: Bool { ipv4.isEmpty && ipv6.isEmpty }

  func addresses(_ family: AddressFamily) -> AddressSet { family == .ipv4 ? ipv4 : ipv6 }

  init(ipv4: AddressSet = AddressSet(), ipv6: AddressSet = AddressSet(), empties: [String] = []) {
    self.ipv4 = ipv4
    self.ipv6 = ipv6
    self.empties = empties
  }

  init(_ ranges: some Sequence<AddressRange>) {
    var ipv4: [ClosedRange<UInt128>] = []
    var ipv6: [ClosedRange<UInt128>] = []
    for range in ranges {
      if range.family == .ipv4 { ipv4.append(range.range) } else { ipv6.append(range.range) }
    }
    self.init(ipv4: AddressSet(ipv4), ipv6: AddressSet(ipv6))
  }

  mutating func formUnion(_ other: ResolvedPeers) {
    ipv4 = ipv4.union(other.ipv4)
    ipv6 = ipv6.union(other.ipv6)
    for name in other.empties where !empties.contains(name) { empties.append(name) }
  }

  func subtracting(_ other: ResolvedPeers) -> ResolvedPeers {
    ResolvedPeers(ipv4: ipv4.subtracting(other.ipv4), ipv6: ipv6.subtracting(other.ipv6), empties: empties)
  }
}
