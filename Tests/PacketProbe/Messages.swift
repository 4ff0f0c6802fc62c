// SPDX-License-Identifier: Apache-2.0

/// Messages that have a form of their own: ICMP, neighbour discovery, ARP, DHCP.
extension Exchange {
  func icmp(from source: Address, to destination: Address, _ type: UInt8, _ code: UInt8 = 0, _ rest: [UInt8])
    -> [UInt8]
  {
    let message = Encoding.icmp(from: source, to: destination, type: type, code: code, rest)
    return Encoding.packet(from: source, to: destination, Number.icmp(family), hops: 64, message)
  }

  func echo(from source: Address, to destination: Address, identifier: [UInt8], request: Bool, _ token: [UInt8])
    -> [UInt8]
  {
    let types: (UInt8, UInt8) = family == .ipv4 ? (8, 0) : (128, 129)
    return icmp(from: source, to: destination, request ? types.0 : types.1, 0, identifier + token)
  }

  /// A message of neighbour discovery (RFC 4861, 4), with the token in an option.
  func neighbour(_ token: [UInt8]) -> [UInt8] {
    let own = packet.source?(.ipv6) ?? near.address(.ipv6)
    let link: [UInt8] = [1, 1] + near.mac.bytes
    let target = packet.claimedAddress ?? own
    let parts: (source: Address, destination: Address, type: UInt8, body: [UInt8])
    switch packet.kind {
    case .neighbourSolicitation:
      let wanted = packet.destination ?? far.address(.ipv6)
      parts = (own, wanted.solicitedNode, 135, [0, 0, 0, 0] + wanted.bytes + link)
    case .duplicateAddressDetection: parts = ("::", own.solicitedNode, 135, [0, 0, 0, 0] + own.bytes)
    case .neighbourAdvertisement:
      let claimed: [UInt8] = [2, 1] + (packet.claimedMAC ?? near.mac).bytes
      parts = (own, packet.destination ?? far.address(.ipv6), 136, [0x20, 0, 0, 0] + target.bytes + claimed)
    case .routerSolicitation: parts = (near.mac.linkLocal, "ff02::2", 133, [0, 0, 0, 0] + link)
    case .routerAdvertisement:
      // No lifetime and no prefix: who takes it has learnt nothing.
      parts = (near.mac.linkLocal, "ff02::1", 134, [UInt8](repeating: 0, count: 12) + link)
    default: preconditionFailure("no message of neighbour discovery")
    }
    let message = Encoding.icmp(
      from: parts.source, to: parts.destination, type: parts.type, parts.body + Token.option(token))
    return Encoding.packet(from: parts.source, to: parts.destination, Number.icmpv6, hops: 255, message)
  }

  /// A message of DHCP (RFC 2131, 2) or DHCPv6 (RFC 8415, 8), with the token where a name or an option stands.
  func dhcp(_ kind: Packet.Kind, from sender: End, to receiver: End, _ token: [UInt8]) -> [UInt8] {
    func bootp(_ operation: UInt8, _ client: End) -> [UInt8] {
      [operation, 1, 6, 0] + Token.make(4) + [UInt8](repeating: 0, count: 20) + client.mac.bytes
        + [UInt8](repeating: 0, count: 10) + token + [UInt8](repeating: 0, count: 184) + [99, 130, 83, 99, 53, 1]
        + [operation == 1 ? 1 : 2, 255]
    }
    func datagram(_ source: Address, _ from: UInt16, _ destination: Address, _ to: UInt16, _ data: [UInt8]) -> [UInt8] {
      let segment = Encoding.udp(from: source, from, to: destination, to, data)
      return Encoding.packet(from: source, to: destination, Number.udp, segment)
    }
    switch kind {
    case .dhcpDiscover: return datagram("0.0.0.0", 68, "255.255.255.255", 67, bootp(1, sender))
    case .dhcpOffer: return datagram(sender.address(.ipv4), 67, receiver.address(.ipv4), 68, bootp(2, receiver))
    // A client identifier (option 1) holds the token.
    case .dhcpv6Solicit:
      return datagram(sender.mac.linkLocal, 546, "ff02::1:2", 547, [1, 0, 0, 1, 0, 1, 0, 8] + token)
    default: return datagram(sender.mac.linkLocal, 547, receiver.mac.linkLocal, 546, [2, 0, 0, 1, 0, 1, 0, 8] + token)
    }
  }
}

extension Encoding {
  /// The body of an ARP or RARP packet (RFC 826).
  static func arp(
    _ operation: UInt16, from mac: HardwareAddress, _ sender: Address, to target: HardwareAddress,
    _ address: Address
  ) -> [UInt8] {
    [0, 1, 0x08, 0, 6, 4] + operation.bytes + mac.bytes + sender.bytes + target.bytes + address.bytes
  }
}

extension Arrived {
  /// Where a packet goes.
  static func destination(of packet: [UInt8]) -> Address {
    Address(bytes: packet[0] >> 4 == 4 ? packet[16..<20] : packet[24..<40])
  }
}
