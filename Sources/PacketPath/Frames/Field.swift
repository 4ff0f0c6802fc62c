// SPDX-License-Identifier: Apache-2.0

/// A part of a frame, or of what conntrack says of it, that kernel rules look at.
///
/// Each is a number of `width` bits; a field that a frame does not have is 0.
public enum Field: UInt8, Sendable, Hashable, CaseIterable {
  /// EtherType as ebtables sees it: 0x8100 for a tagged frame, 0 for an 802.3 frame that has a length there.
  case etherType
  /// `Tracking.State.rawValue`.
  case state
  /// `Tracking.Side.rawValue`.
  case side
  /// The IP protocol; in IPv6 the one behind the extension headers, AH (51) not counted as one of these.
  case protocolNumber
  /// For ICMP and ICMPv6 the type, shifted left by 8, and the code.
  case destinationPort
  case sourcePort
  /// 1 for a fragment that is not the first: it has no ports, types, flags.
  case isLaterFragment
  /// FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32 (RFC 9293).
  case tcpFlags
  /// The whole TOS byte or traffic class: DSCP in the upper six bits.
  case typeOfService
  /// IPv4 in the low 32 bits.
  case source
  /// IPv4 in the low 32 bits.
  case destination
  case sourceMAC, destinationMAC
  /// The VLAN identifier of a tagged frame.
  case vlan
  /// The EtherType inside the tag.
  case vlanProtocol
  case hardwareType, protocolType, operation
  case senderAddress, targetAddress
  case senderMAC, targetMAC
  /// 1 for a frame with the header of a spanning tree message (LLC 42 42 03, protocol and version 0).
  case isSpanningTree
  case stpType, stpFlags, rootPriority, rootAddress, rootCost, senderPriority, senderBridge, stpPort
  case messageAge, maximumAge, helloTime, forwardDelay
  /// Connections of the packet's source, this one included, as connlimit counts them; up to 65536 matter.
  case connections

  /// Bits.
  public var width: Int {
    switch self {
    case .side, .isLaterFragment, .isSpanningTree: 1
    case .state: 3
    case .tcpFlags: 6
    case .protocolNumber, .typeOfService, .stpType, .stpFlags: 8
    case .vlan: 12
    case .etherType, .sourcePort, .destinationPort, .vlanProtocol, .hardwareType, .protocolType, .operation,
      .rootPriority, .senderPriority, .stpPort, .messageAge, .maximumAge, .helloTime, .forwardDelay:
      16
    case .connections: 17
    case .senderAddress, .targetAddress, .rootCost: 32
    case .sourceMAC, .destinationMAC, .senderMAC, .targetMAC, .rootAddress, .senderBridge: 48
    case .source, .destination: 128
    }
  }

  /// The largest value.
  public var last: UInt128 { UInt128.max >> UInt128(128 - width) }
}

/// A lookup of a packet in a kernel set: which set, and which end of the packet each of its fields is.
public struct SetLookup: Sendable, Hashable {
  public var name: String
  public var directions: [Direction]

  /// An end of a packet.
  public enum Direction: UInt8, Sendable, Hashable {
    case source, destination
  }

  public init(name: String, directions: [Direction]) {
    self.name = name
    self.directions = directions
  }
}

extension SetLookup: CustomStringConvertible {
  /// `NAME src,dst`, as iptables has it.
  public var description: String {
    "\(name) \(directions.map { $0 == .source ? "src" : "dst" }.joined(separator: ","))"
  }
}
