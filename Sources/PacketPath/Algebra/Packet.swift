// SPDX-License-Identifier: Apache-2.0

/// One packet of the kind that the algebra decides on.
public struct Packet: Sendable, Hashable {
  public var family: AddressFamily
  /// The number of the protocol in the IP header (IANA, Assigned Internet Protocol Numbers).
  public var protocolNumber: UInt8
  public var source: UInt128
  public var destination: UInt128
  /// 0 for protocols without ports.
  public var sourcePort: UInt16
  /// For ICMP and ICMPv6 the type, shifted left by 8, and the code; 0 for other protocols without ports.
  public var destinationPort: UInt16

  public init(
    family: AddressFamily, protocolNumber: UInt8, source: UInt128, destination: UInt128, sourcePort: UInt16 = 0,
    destinationPort: UInt16 = 0
  ) {
    self.family = family
    self.protocolNumber = protocolNumber
    self.source = source
    self.destination = destination
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
  }
}

extension Packet: Comparable {
  /// Field by field, in the order in which they are declared.
  public static func < (left: Packet, right: Packet) -> Bool {
    (left.family, left.protocolNumber, left.source, left.destination, left.sourcePort, left.destinationPort)
      < (right.family, right.protocolNumber, right.source, right.destination, right.sourcePort, right.destinationPort)
  }
}

extension Packet: CustomStringConvertible {
  /// `tcp 10.0.0.1:1024 to 10.0.0.2:22`, `icmp 10.0.0.1 to 10.0.0.2 type 8 code 0`, `gre ::1 to ::2`.
  public var description: String {
    let name = Self.protocolNames[protocolNumber] ?? "protocol \(protocolNumber)"
    let from = family.text(source)
    let to = family.text(destination)
    switch PortUse(protocolNumber: protocolNumber) {
    case .ports:
      let (open, close) = family == .ipv6 ? ("[", "]") : ("", "")
      return "\(name) \(open)\(from)\(close):\(sourcePort) to \(open)\(to)\(close):\(destinationPort)"
    case .messages: return "\(name) \(from) to \(to) type \(destinationPort >> 8) code \(destinationPort & 0xff)"
    case .none: return "\(name) \(from) to \(to)"
    }
  }

  static let protocolNames: [UInt8: String] = [
    1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 33: "dccp", 47: "gre", 50: "esp", 51: "ah", 58: "icmpv6", 89: "ospf",
    112: "vrrp", 132: "sctp", 136: "udplite",
  ]
}
