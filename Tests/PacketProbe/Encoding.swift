// SPDX-License-Identifier: Apache-2.0

/// Numbers of protocols (IANA).
enum Number {
  static let icmp: UInt8 = 1
  static let igmp: UInt8 = 2
  static let tcp: UInt8 = 6
  static let udp: UInt8 = 17
  static let fragment: UInt8 = 44
  static let gre: UInt8 = 47
  static let icmpv6: UInt8 = 58
  static let esp: UInt8 = 50
  static let authentication: UInt8 = 51
  static let vrrp: UInt8 = 112
  static let sctp: UInt8 = 132
  static let udplite: UInt8 = 136
  /// The IANA has given it to "any private encryption scheme": nothing speaks it.
  static let nobody: UInt8 = 99

  static func icmp(_ family: Family) -> UInt8 { family == .ipv4 ? icmp : icmpv6 }
}

/// Numbers of frames' contents (IEEE 802).
enum EtherType {
  static let ipv4: UInt16 = 0x0800
  static let arp: UInt16 = 0x0806
  static let rarp: UInt16 = 0x8035
  static let vlan: UInt16 = 0x8100
  static let ipv6: UInt16 = 0x86dd

  static func of(_ family: Family) -> UInt16 { family == .ipv4 ? ipv4 : ipv6 }
}

extension FixedWidthInteger {
  /// The number in network order.
  var bytes: [UInt8] {
    stride(from: Self.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: self >> $0) }
  }

  var littleEndianBytes: [UInt8] { bytes.reversed() }

  init(bytes: some Sequence<UInt8>) { self = bytes.reduce(0) { $0 << 8 | Self($1) } }
}

/// The bytes of frames and packets, with right checksums: connection tracking takes no others.
enum Encoding {
  static func frame(
    to destination: HardwareAddress, from source: HardwareAddress, _ type: UInt16, _ payload: [UInt8],
    vlan: UInt16? = nil
  ) -> [UInt8] {
    let tag = vlan.map { EtherType.vlan.bytes + $0.bytes } ?? []
    let frame = destination.bytes + source.bytes + tag + type.bytes + payload
    return frame + [UInt8](repeating: 0, count: max(0, 60 - frame.count))
  }

  static func packet(
    from source: Address, to destination: Address, _ number: UInt8, hops: UInt8 = 64, _ payload: [UInt8],
    identification: UInt16 = 0, fragment: UInt16 = 0, trafficClass: UInt8 = 0
  ) -> [UInt8] {
    guard source.family == .ipv4 else {
      return [0x60 | trafficClass >> 4, trafficClass << 4, 0, 0] + UInt16(payload.count).bytes + [number, hops]
        + source.bytes + destination.bytes + payload
    }
    var header: [UInt8] =
      [0x45, trafficClass] + UInt16(20 + payload.count).bytes + identification.bytes + fragment.bytes + [
        hops, number, 0, 0,
      ]
    header += source.bytes + destination.bytes
    header.replaceSubrange(10..<12, with: checksum(header).bytes)
    return header + payload
  }

  /// A packet in pieces of 1400 bytes.
  static func fragments(from source: Address, to destination: Address, _ number: UInt8, _ payload: [UInt8])
    -> [[UInt8]]
  {
    let identification = UInt32.random(in: 1...UInt32.max)
    return stride(from: 0, to: payload.count, by: 1400).map { start in
      let piece = Array(payload[start..<min(start + 1400, payload.count)])
      let more = start + 1400 < payload.count
      if source.family == .ipv4 {
        return packet(
          from: source, to: destination, number, piece, identification: UInt16(truncatingIfNeeded: identification),
          fragment: UInt16(start / 8) | (more ? 0x2000 : 0))
      }
      let header = [number, 0] + (UInt16(start) | (more ? 1 : 0)).bytes + identification.bytes
      return packet(from: source, to: destination, Number.fragment, header + piece)
    }
  }

  static func udp(from source: Address, _ sourcePort: UInt16, to destination: Address, _ port: UInt16, _ data: [UInt8])
    -> [UInt8]
  {
    let segment = sourcePort.bytes + port.bytes + UInt16(8 + data.count).bytes + [0, 0] + data
    return summed(segment, at: 6, source, destination, Number.udp)
  }

  static func tcp(
    from source: Address, _ sourcePort: UInt16, to destination: Address, _ port: UInt16, sequence: UInt32,
    acknowledged: UInt32, flags: UInt8, options: [UInt8] = [], _ data: [UInt8] = []
  ) -> [UInt8] {
    let numbers = sourcePort.bytes + port.bytes + sequence.bytes + acknowledged.bytes
    let length = UInt8(5 + options.count / 4) << 4
    let segment = numbers + [length, flags] + UInt16(64000).bytes + [0, 0, 0, 0] + options + data
    return summed(segment, at: 16, source, destination, Number.tcp)
  }

  /// UDP-Lite whose checksum covers everything (RFC 3828, 3.1), made as if the protocol were UDP: so does Linux's connection
  /// tracking, and takes right ones for wrong (nf_conntrack_proto_udp.c, udplite_error).
  static func udplite(
    from source: Address, _ sourcePort: UInt16, to destination: Address, _ port: UInt16, _ data: [UInt8]
  ) -> [UInt8] {
    summed(sourcePort.bytes + port.bytes + [0, 0, 0, 0] + data, at: 6, source, destination, Number.udp)
  }

  /// INIT, or the answer to it (RFC 9260, 3.3.2 and 3.3.3), with the data in a parameter that receivers skip.
  static func sctp(_ sourcePort: UInt16, _ port: UInt16, isAnswer: Bool, _ data: [UInt8]) -> [UInt8] {
    let tag = UInt32(0x0102_0304)
    let body = tag.bytes + UInt32(64000).bytes + [0, 1, 0, 1] + UInt32(1).bytes
    let parameter = UInt16(0xc0de).bytes + UInt16(4 + data.count).bytes + data
    let chunk = [isAnswer ? 2 : 1, 0] + UInt16(4 + body.count + parameter.count).bytes + body + parameter
    var packet = sourcePort.bytes + port.bytes + (isAnswer ? tag : 0).bytes + [0, 0, 0, 0] + chunk
    packet.replaceSubrange(8..<12, with: crc32c(packet).littleEndianBytes)
    return packet
  }

  /// RFC 9260, appendix A.
  private static func crc32c(_ bytes: [UInt8]) -> UInt32 {
    var remainder = UInt32.max
    for byte in bytes {
      remainder ^= UInt32(byte)
      for _ in 0..<8 { remainder = remainder & 1 == 0 ? remainder >> 1 : remainder >> 1 ^ 0x82f6_3b78 }
    }
    return ~remainder
  }

  /// An ICMP or ICMPv6 message; `rest` is all behind the checksum.
  static func icmp(from source: Address, to destination: Address, type: UInt8, code: UInt8 = 0, _ rest: [UInt8])
    -> [UInt8]
  {
    let message = [type, code, 0, 0] + rest
    guard source.family == .ipv6 else { return message.prefix(2) + checksum(message).bytes + rest }
    return summed(message, at: 2, source, destination, Number.icmpv6)
  }

  /// The segment with its checksum, which counts the addresses in.
  private static func summed(
    _ segment: [UInt8], at offset: Int, _ source: Address, _ destination: Address, _ number: UInt8
  ) -> [UInt8] {
    let pseudo = source.bytes + destination.bytes + [0, number] + UInt16(segment.count).bytes
    var segment = segment
    let sum = checksum(pseudo + segment)
    segment.replaceSubrange(offset..<offset + 2, with: (sum == 0 ? 0xffff : sum).bytes)
    return segment
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
      sum += UInt32(bytes[index]) << 8 | (index + 1 < bytes.count ? UInt32(bytes[index + 1]) : 0)
    }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    return ~UInt16(sum)
  }
}

/// What an answer needs to know of a frame that arrived.
struct Arrived: Sendable {
  let destinationMAC: HardwareAddress
  let sourceMAC: HardwareAddress
  let type: UInt16
  /// All behind the Ethernet header, padding too.
  let packet: [UInt8]
  var source: Address = "0.0.0.0"
  var destination: Address = "0.0.0.0"
  var number: UInt8 = 0
  /// All behind the IP header, without padding; behind the fragment header, where there is one.
  var payload: [UInt8] = []

  init?(_ frame: [UInt8]) {
    guard frame.count >= 14 else { return nil }
    destinationMAC = HardwareAddress(bytes: frame[0..<6])
    sourceMAC = HardwareAddress(bytes: frame[6..<12])
    type = UInt16(bytes: frame[12..<14])
    packet = Array(frame[14...])
    switch type {
    case EtherType.ipv4 where packet.count >= 20:
      source = Address(bytes: packet[12..<16])
      destination = Address(bytes: packet[16..<20])
      number = packet[9]
      let end = min(packet.count, Int(UInt16(bytes: packet[2..<4])))
      payload = Array(packet[min(Int(packet[0] & 15) * 4, end)..<end])
    case EtherType.ipv6 where packet.count >= 40:
      source = Address(bytes: packet[8..<24])
      destination = Address(bytes: packet[24..<40])
      number = packet[6]
      payload = Array(packet[40..<min(packet.count, 40 + Int(UInt16(bytes: packet[4..<6])))])
      if number == Number.fragment, payload.count >= 8 {
        number = payload[0]
        payload.removeFirst(8)
      }
    default: break
    }
  }
}
