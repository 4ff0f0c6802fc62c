// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Frames to send, and the bytes that tell them apart from all others.
struct Transmission: Sendable {
  var frames: [[UInt8]]
  /// All of these are seen where all frames have arrived.
  var tokens: [[UInt8]]

  init(_ frame: [UInt8], _ token: [UInt8]) {
    frames = [frame]
    tokens = [token]
  }
}

/// One end of a flow as the other sees it.
struct End: Sendable {
  let port: Wire.Port
  /// The kernel's IP, where the end is a host that has one.
  var stack: Wire.Port?
  let mac: HardwareAddress
  /// Where its frames to the other end go first.
  let nextHop: HardwareAddress
  let addresses: [Family: Address]

  func address(_ family: Family) -> Address { addresses[family] ?? .unspecified(family) }
}

/// What two ends say to each other: the first packet of one, and then answers in turn.
struct Exchange: Sendable {
  let packet: Packet
  let family: Family
  let near: End
  let far: End
  let sourcePort: UInt16

  init(_ packet: Packet, _ family: Family, from near: End, to far: End, routed: Bool) {
    self.packet = packet
    self.family = family
    self.near = near
    self.far = far
    sourcePort = packet.sourcePort ?? Exchange.nextPort()
    isRouted = routed
  }

  /// Whether a router is between the two ends.
  let isRouted: Bool

  private static let ports = Atomic(0)

  /// A port that was not used for long: connection tracking remembers.
  private static func nextPort() -> UInt16 {
    UInt16(40000 + ports.add(1, ordering: .relaxed).oldValue % 25000)
  }

  private var source: Address { packet.source?(family) ?? near.address(family) }
  private var destination: Address { packet.destination ?? far.address(family) }

  /// How many answers make the exchange whole.
  var answers: Int {
    switch (packet.answer, packet.kind) {
    case (.none, _): 0
    case (.natural, .tcp): 3
    case (.natural, .icmp), (.natural, .number): 0
    default: 1
    }
  }

  /// Whether an end sees its packets, and sends them, by its kernel's IP.
  var usesStack: Bool {
    packet.kind.isInternet && packet.vlan == nil && packet.sourceMAC == nil
  }

  // MARK: The first packet

  var opening: Transmission {
    let token = Token.make(packet.kind.tokenLength)
    switch packet.kind {
    case .fragmented(let port):
      let last = Token.make(8)
      let data = token + [UInt8](repeating: 0x2e, count: 4000) + last
      let segment = Encoding.udp(from: source, sourcePort, to: destination, port, data)
      var transmission = Transmission([], token)
      transmission.frames = Encoding.fragments(from: source, to: destination, Number.udp, segment).map(internet)
      transmission.tokens.append(last)
      return transmission
    case .arp, .announcement, .other: return Transmission(linkFrame(token), token)
    default: return Transmission(internet(internetPacket(token)), token)
    }
  }

  private func internet(_ packet: [UInt8]) -> [UInt8] {
    let target = HardwareAddress(group: Arrived.destination(of: packet)) ?? near.nextHop
    return Encoding.frame(
      to: target, from: self.packet.sourceMAC ?? near.mac, EtherType.of(family), packet, vlan: self.packet.vlan)
  }

  private func internetPacket(_ token: [UInt8]) -> [UInt8] {
    let hops: UInt8 = packet.answer == .expiry && isRouted ? 1 : 64
    switch packet.kind {
    case .tcp(let port):
      let segment = Encoding.tcp(
        from: source, sourcePort, to: destination, port, sequence: UInt32(bytes: token), acknowledged: 0, flags: 2)
      return Encoding.packet(from: source, to: destination, Number.tcp, segment)
    case .udp(let port):
      let segment = Encoding.udp(from: source, sourcePort, to: destination, port, token)
      return Encoding.packet(from: source, to: destination, Number.udp, hops: hops, segment)
    case .echo: return echo(from: source, to: destination, identifier: sourcePort.bytes + [0, 1], request: true, token)
    case .icmp(let type, let code): return icmp(from: source, to: destination, type, code, [0, 0, 0, 0] + token)
    case .number(let number):
      // Four bytes that are a right header of GRE; VRRP wants to have come from the same link.
      return Encoding.packet(
        from: source, to: destination, number, hops: number == Number.vrrp ? 255 : 64, [0, 0, 0x08, 0] + token)
    case .dhcpDiscover, .dhcpOffer, .dhcpv6Solicit, .dhcpv6Reply: return dhcp(packet.kind, from: near, to: far, token)
    default: return neighbour(token)
    }
  }

  private func linkFrame(_ token: [UInt8]) -> [UInt8] {
    let mac = packet.sourceMAC ?? near.mac
    switch packet.kind {
    case .arp(let operation, let gratuitous):
      let sender = packet.claimedAddress ?? source
      let body = Encoding.arp(
        operation, from: packet.claimedMAC ?? near.mac, sender,
        to: operation == 1 ? "00:00:00:00:00:00" : far.mac, gratuitous ? sender : destination)
      return Encoding.frame(
        to: operation == 1 ? .broadcast : near.nextHop, from: mac, EtherType.arp, body + token, vlan: packet.vlan)
    case .announcement:
      let body = Encoding.arp(3, from: near.mac, "0.0.0.0", to: near.mac, "0.0.0.0")
      return Encoding.frame(to: .broadcast, from: mac, EtherType.rarp, body + token, vlan: packet.vlan)
    case .other(let type):
      return Encoding.frame(to: near.nextHop, from: mac, type, token, vlan: packet.vlan)
    default: preconditionFailure("not a frame of its own")
    }
  }

  // MARK: Answers

  /// The answer of one end to what it has seen.
  ///
  /// - Parameters:
  ///   - end: who answers.
  ///   - original: the first packet's token, which an error quotes.
  func answer(to frame: [UInt8], by end: End, quoting original: [UInt8]) -> Transmission? {
    guard let seen = Arrived(frame) else { return nil }
    // A kernel's IP tells no destination in IPv6: it is then the end's own address.
    let own =
      seen.destination == .unspecified(family) || HardwareAddress(group: seen.destination) != nil
      ? end.address(family) : seen.destination
    let to = end.nextHop
    func internet(_ packet: [UInt8]) -> [UInt8] {
      Encoding.frame(
        to: HardwareAddress(group: Arrived.destination(of: packet)) ?? to, from: end.mac, EtherType.of(family), packet)
    }
    if case .error(let ipv4, let ipv6) = packet.answer {
      return Transmission(internet(error(family == .ipv4 ? ipv4 : ipv6, from: own, about: seen)), original)
    }
    if packet.answer == .expiry {
      let words: [UInt8] = [family == .ipv4 ? 11 : 3, 0, 0, 0, 0, 0]
      return Transmission(internet(error(words, from: own, about: seen)), original)
    }
    let token = Token.make(8)
    switch packet.kind {
    case .tcp: return tcpAnswer(to: seen, from: own).map { Transmission(internet($0.packet), $0.token) }
    case .udp, .fragmented:
      let ports = (UInt16(bytes: seen.payload[0..<2]), UInt16(bytes: seen.payload[2..<4]))
      let segment = Encoding.udp(from: own, ports.1, to: seen.source, ports.0, token)
      return Transmission(internet(Encoding.packet(from: own, to: seen.source, Number.udp, segment)), token)
    case .echo:
      let identifier = Array(seen.payload[4..<8])
      return Transmission(
        internet(echo(from: own, to: seen.source, identifier: identifier, request: false, token)), token)
    case .arp:
      let body = Encoding.arp(
        2, from: end.mac, end.address(.ipv4), to: HardwareAddress(bytes: seen.packet[8..<14]),
        Address(bytes: seen.packet[14..<18]))
      return Transmission(Encoding.frame(to: to, from: end.mac, EtherType.arp, body + token), token)
    case .neighbourSolicitation:
      let target = Address(bytes: seen.payload[8..<24])
      let message = Encoding.icmp(
        from: target, to: seen.source, type: 136,
        [0x60, 0, 0, 0] + target.bytes + [2, 1] + end.mac.bytes + Token.option(token))
      return Transmission(
        internet(Encoding.packet(from: target, to: seen.source, Number.icmpv6, hops: 255, message)), Token.short(token))
    case .dhcpDiscover: return Transmission(internet(dhcp(.dhcpOffer, from: end, to: other(end), token)), token)
    case .dhcpv6Solicit: return Transmission(internet(dhcp(.dhcpv6Reply, from: end, to: other(end), token)), token)
    default: return nil
    }
  }

  private func other(_ end: End) -> End { end.port == near.port ? far : near }

  /// SYN is answered by SYN and ACK, all else by eight bytes of data.
  private func tcpAnswer(to seen: Arrived, from own: Address) -> (packet: [UInt8], token: [UInt8])? {
    let segment = seen.payload
    guard segment.count >= 20 else { return nil }
    let opens = segment[13] & 0x12 == 2
    let length = UInt32(segment.count - Int(segment[12] >> 4) * 4) + (segment[13] & 2 == 2 ? 1 : 0)
    let token = Token.make(opens ? 4 : 8)
    let answer = Encoding.tcp(
      from: own, UInt16(bytes: segment[2..<4]), to: seen.source, UInt16(bytes: segment[0..<2]),
      sequence: opens ? UInt32(bytes: token) : UInt32(bytes: segment[8..<12]),
      acknowledged: UInt32(bytes: segment[4..<8]) &+ length, flags: opens ? 0x12 : 0x18, opens ? [] : token)
    return (Encoding.packet(from: own, to: seen.source, Number.tcp, answer), token)
  }

  private func error(_ words: [UInt8], from own: Address, about seen: Arrived) -> [UInt8] {
    // What a kernel's IP did not tell is put back: an error quotes the packet as it was sent.
    let quoted =
      seen.destination == .unspecified(family)
      ? Encoding.packet(from: seen.source, to: own, seen.number, seen.payload) : seen.packet
    return icmp(from: own, to: seen.source, words[0], words[1], words[2...] + quoted)
  }
}

/// Bytes that occur once.
enum Token {
  static func make(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 1...255) } }

  /// A nonce (RFC 3971, 5.3.2), which fits in any message of neighbour discovery: six bytes.
  static func option(_ token: [UInt8]) -> [UInt8] { [14, 1] + short(token) }

  static func short(_ token: [UInt8]) -> [UInt8] { Array(token.prefix(6)) }
}
