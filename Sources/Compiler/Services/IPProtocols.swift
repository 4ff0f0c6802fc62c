// SPDX-License-Identifier: Apache-2.0

public import PacketPath

/// An IP protocol that rules know by name.
public struct IPProtocol: Sendable, Hashable {
  public var name: String
  public var number: UInt8
  /// In one line.
  public var summary: String
}

/// Names of IP protocols (IANA, Assigned Internet Protocol Numbers).
///
/// TCP, UDP, SCTP and ICMP are not among them: rules say more about these than the number.
public enum IPProtocols {
  /// By name, each name once.
  public static let all: [IPProtocol] = [
    IPProtocol(name: "ah", number: 51, summary: "IPsec, authentication header"),
    IPProtocol(name: "dccp", number: 33, summary: "Datagram Congestion Control Protocol"),
    IPProtocol(name: "egp", number: 8, summary: "Exterior Gateway Protocol"),
    IPProtocol(name: "eigrp", number: 88, summary: "Enhanced Interior Gateway Routing Protocol"),
    IPProtocol(name: "esp", number: 50, summary: "IPsec, encrypted payload"),
    IPProtocol(name: "etherip", number: 97, summary: "Ethernet frames in IP"),
    IPProtocol(name: "gre", number: 47, summary: "Generic Routing Encapsulation"),
    IPProtocol(name: "igmp", number: 2, summary: "multicast group membership, IPv4 only"),
    IPProtocol(name: "ipcomp", number: 108, summary: "IP payload compression"),
    IPProtocol(name: "ipip", number: 4, summary: "IPv4 in IP"),
    IPProtocol(name: "ipv6-in-ipv4", number: 41, summary: "IPv6 in IP (6in4, 6to4)"),
    IPProtocol(name: "isis", number: 124, summary: "IS-IS over IPv4"),
    IPProtocol(name: "l2tp", number: 115, summary: "Layer 2 Tunneling Protocol, version 3, over IP"),
    IPProtocol(name: "mpls-in-ip", number: 137, summary: "MPLS in IP"),
    IPProtocol(name: "ospf", number: 89, summary: "Open Shortest Path First"),
    IPProtocol(name: "pim", number: 103, summary: "Protocol Independent Multicast"),
    IPProtocol(name: "rsvp", number: 46, summary: "Resource Reservation Protocol"),
    IPProtocol(name: "udplite", number: 136, summary: "UDP with partial checksums"),
    IPProtocol(name: "vrrp", number: 112, summary: "Virtual Router Redundancy Protocol; CARP as well"),
  ]

  public static subscript(name: String) -> IPProtocol? { byName[name] }

  /// Words that begin traffic of a kind of its own: no service can have one as its name.
  public static let reservedWords: Set<String> = Set(all.map(\.name)).union([
    "any", "icmp", "icmpv4", "icmpv6", "protocol", "sctp", "tcp", "udp",
  ])

  /// The families in which a protocol means something: ICMP and IGMP belong to IPv4, ICMPv6 to IPv6.
  public static func families(of number: UInt8) -> [AddressFamily] {
    switch number {
    case 1, 2: [.ipv4]
    case 58: [.ipv6]
    default: AddressFamily.allCases
    }
  }

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
}
