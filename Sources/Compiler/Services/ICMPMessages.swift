// SPDX-License-Identifier: Apache-2.0

public import PacketPath

/// A kind of ICMP message, by its name in one or both families.
public struct ICMPMessage: Sendable, Hashable {
  /// What a message is known by in one family.
  public struct Number: Sendable, Hashable {
    public var type: UInt8
    /// nil for every code of the type.
    public var code: UInt8?
  }

  public var name: String
  /// nil where ICMP (IPv4) has no such message.
  public var ipv4: Number?
  /// nil where ICMPv6 has no such message.
  public var ipv6: Number?

  public func number(_ family: AddressFamily) -> Number? { family == .ipv4 ? ipv4 : ipv6 }
}

/// Names of ICMP messages (IANA, Internet Control Message Protocol Parameters and ICMPv6 Parameters).
public enum ICMPMessages {
  /// By name, each name once.
  public static let all: [ICMPMessage] = [
    entry("address-mask-reply", (18, nil), nil),
    entry("address-mask-request", (17, nil), nil),
    entry("administratively-prohibited", (3, 13), (1, 1)),
    entry("destination-unreachable", (3, nil), (1, nil)),
    entry("echo-reply", (0, nil), (129, nil)),
    entry("echo-request", (8, nil), (128, nil)),
    entry("extended-echo-reply", (43, nil), (161, nil)),
    entry("extended-echo-request", (42, nil), (160, nil)),
    entry("fragmentation-needed", (3, 4), nil),
    entry("host-unreachable", (3, 1), (1, 3)),
    entry("information-reply", (16, nil), nil),
    entry("information-request", (15, nil), nil),
    entry("multicast-listener-done", nil, (132, nil)),
    entry("multicast-listener-query", nil, (130, nil)),
    entry("multicast-listener-report", nil, (131, nil)),
    entry("multicast-listener-report-v2", nil, (143, nil)),
    entry("multicast-router-advertisement", nil, (151, nil)),
    entry("multicast-router-solicitation", nil, (152, nil)),
    entry("multicast-router-termination", nil, (153, nil)),
    entry("neighbor-advertisement", nil, (136, nil)),
    entry("neighbor-solicitation", nil, (135, nil)),
    entry("network-unreachable", (3, 0), (1, 0)),
    entry("node-information-query", nil, (139, nil)),
    entry("node-information-response", nil, (140, nil)),
    entry("packet-too-big", nil, (2, nil)),
    entry("parameter-problem", (12, nil), (4, nil)),
    entry("port-unreachable", (3, 3), (1, 4)),
    entry("protocol-unreachable", (3, 2), nil),
    entry("redirect", (5, nil), (137, nil)),
    entry("router-advertisement", (9, nil), (134, nil)),
    entry("router-renumbering", nil, (138, nil)),
    entry("router-solicitation", (10, nil), (133, nil)),
    entry("source-quench", (4, nil), nil),
    entry("time-exceeded", (11, nil), (3, nil)),
    entry("timestamp-reply", (14, nil), nil),
    entry("timestamp-request", (13, nil), nil),
    entry("ttl-exceeded", (11, 0), (3, 0)),
  ]

  public static subscript(name: String) -> ICMPMessage? { byName[name] }

  private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

  private static func entry(_ name: String, _ ipv4: (UInt8, UInt8?)?, _ ipv6: (UInt8, UInt8?)?) -> ICMPMessage {
    ICMPMessage(
      name: name, ipv4: ipv4.map { ICMPMessage.Number(type: $0.0, code: $0.1) },
      ipv6: ipv6.map { ICMPMessage.Number(type: $0.0, code: $0.1) })
  }
}
