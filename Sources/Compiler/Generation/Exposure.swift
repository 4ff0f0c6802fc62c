// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// What layer 2 lets in from the host and from routed networks although the policy denies it (reference H10).
enum Exposure {
  /// In the words of rules, families of one kind of traffic together.
  ///
  /// - Parameters:
  ///   - backstops: by family; none where layer 2 lets every protocol through that layer 3 decides.
  ///   - enumerated: families whose other protocols are decided at layer 2.
  static func lines(
    _ inbound: MinimalRules, backstops: [AddressFamily: Backstop], enumerated: Set<AddressFamily>
  ) -> [String] {
    if backstops.isEmpty, enumerated.isEmpty,
      !AddressFamily.allCases.contains(where: { inbound.allowsAll(of: .all($0)) })
    {
      return ["any"]
    }
    var whats: [Peers: Set<What>] = [:]
    for family in AddressFamily.allCases {
      let numbers: [UInt8?] = enumerated.contains(family) ? Layer3Match.elements(family).map(\.number) : [nil]
      var peers = backstops[family]?.peers ?? numbers.map { (protocolNumber: $0, remote: .all(family)) }
      // With an authentication header before it, what layer 2 lets through gets in as well: ICMPv6 at the least.
      if family == .ipv6, backstops[family] != nil {
        peers.append((Layer3Match.authenticationHeader, .all(family)))
      }
      for (number, remote) in peers where number != 44 {
        let region = PacketRegion(
          family: family, protocols: number.map { IntervalSet($0...$0) } ?? .full, source: remote)
        if inbound.allowsAll(of: region) { continue }
        whats[Peers(family: family, remote: remote), default: []].insert(number.map(What.number) ?? .all)
      }
    }
    return merged(whats)
  }

  private enum What: Hashable {
    case all
    case number(UInt8)
  }

  private struct Peers: Hashable {
    var family: AddressFamily
    var remote: AddressSet
  }

  private static func merged(_ whats: [Peers: Set<What>]) -> [String] {
    var rest = whats
    var lines: [String] = []
    // Of both families from anyone: no address needs to be named.
    let anyone = AddressFamily.allCases.map { Peers(family: $0, remote: .all($0)) }
    if let ipv4 = rest[anyone[0]], let ipv6 = rest[anyone[1]] {
      let hasPing = ipv4.contains(.number(1)) && ipv6.contains(.number(58))
      var common = ipv4.intersection(ipv6)
      if hasPing { common.insert(.number(1)) }
      if !common.isEmpty { lines.append(words(common, families: [.ipv4, .ipv6])) }
      if hasPing { common.insert(.number(58)) }
      rest[anyone[0]] = ipv4.subtracting(common)
      rest[anyone[1]] = ipv6.subtracting(common)
    }
    // Addresses with the same traffic share a line.
    var byWords: [String: [AddressRange]] = [:]
    for (peers, what) in rest where !what.isEmpty {
      let words = words(what, families: [peers.family])
      if what == [.number(peers.family.icmp)], peers.remote.isAll(peers.family) {
        lines.append(words)
      } else {
        byWords[words, default: []] += peers.remote.addressRanges(peers.family)
      }
    }
    lines += byWords.map { words, ranges in
      "\(words) from \(ranges.sorted().map(\.description).joined(separator: ", "))"
    }.sorted()
    return lines
  }

  private static func words(_ whats: Set<What>, families: [AddressFamily]) -> String {
    if whats.contains(.all) { return "any" }
    var numbers: [UInt8] = []
    for case .number(let number) in whats { numbers.append(number) }
    return numbers.sorted().map { number in
      switch number {
      case 1 where families.count == 2: "icmp"
      case 1: "icmpv4"
      case 58: "icmpv6"
      case 6: "tcp"
      case 17: "udp"
      case 132: "sctp"
      default: Traffic.ipProtocol(number).spelling
      }
    }.joined(separator: ", ")
  }
}
