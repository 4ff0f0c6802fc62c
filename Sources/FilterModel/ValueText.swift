// SPDX-License-Identifier: Apache-2.0

extension ValueKind {
  /// A value's canonical text: decimal, names for known numbers, prefix lengths, lower-case addresses.
  public func text(_ value: Value) -> String {
    switch value {
    case .variable(let variable): variable.description
    case .number(let number): name(of: number) ?? String(number)
    case .mac(let address): address.description
    case .ipv4(let address): address.description
    case .ipv6(let address): address.description
    case .prefixLength(let length): String(length)
    case .flag(let flag): flag ? "true" : "false"
    case .states(let states): states.spelling
    case .tcpFlags(let match): "\(match.mask.spelling)/\(match.flags.spelling)"
    case .setDirections(let directions): directions.map(\.rawValue).joined(separator: ",")
    case .text(let text): text
    }
  }

  private func name(of number: UInt32) -> String? {
    guard case .number(_, let names) = self else { return nil }
    return names.name(of: number)
  }

  /// What a right value looks like, for diagnostics and documentation.
  public var expectation: String {
    switch self {
    case .number(let range, let names):
      names.all.isEmpty
        ? "a number from \(range.lowerBound) to \(range.upperBound)"
        : "a number from \(range.lowerBound) to \(range.upperBound), or one of \(names.list)"
    case .decimal(let range): "a decimal number from \(range.lowerBound) to \(range.upperBound)"
    case .macAddress: "a MAC address such as 52:54:00:12:34:56"
    case .macMask: "a MAC mask of ones followed by zeros, such as ff:ff:ff:00:00:00"
    case .ipv4Address: "an IPv4 address such as 192.0.2.1"
    case .ipv4Mask: "a prefix length from 0 to 32, or a mask such as 255.255.255.0"
    case .ipv6Address: "an IPv6 address such as 2001:db8::1"
    case .ipv6Mask: "a prefix length from 0 to 128, or a mask such as ffff:ffff::"
    case .truth: "true (leave it out otherwise)"
    case .connectionStates: "NONE, or a list of NEW, ESTABLISHED, RELATED, INVALID"
    case .tcpFlags: "MASK/FLAGS, each a list of FIN, SYN, RST, PSH, ACK, URG, or ALL or NONE"
    case .setName: "the name of a kernel set: 1 to 31 letters, digits, blanks, or _ . : + -"
    case .setDirections: "1 to 6 of src and dst, with commas between"
    case .comment: "a text of at most \(Comment.longest) bytes that does not begin with $ and has no control characters"
    }
  }
}

/// Names that libvirt knows for numbers; it prints the name for a known number, whatever it was given.
public struct NumberNames: Sendable, Hashable {
  public struct Entry: Sendable, Hashable {
    public var name: String
    public var number: UInt32
  }

  public let all: [Entry]

  private init(_ pairs: KeyValuePairs<String, UInt32>) {
    all = pairs.map { Entry(name: $0.key, number: $0.value) }
  }

  /// The number of a name, letter case not counted.
  public func number(named text: String) -> UInt32? {
    guard let first = text.utf8.first, first.isLetter, !all.isEmpty else { return nil }
    if let exact = all.first(where: { $0.name == text }) { return exact.number }
    let folded = text.lowercased()
    return all.first { $0.name.lowercased() == folded }?.number
  }

  public func name(of number: UInt32) -> String? { all.first { $0.number == number }?.name }

  var list: String { all.map(\.name).joined(separator: ", ") }

  public static let none = NumberNames([:])

  /// EtherTypes by libvirt's names (nwfilter_conf.c, macProtoMap).
  public static let etherTypes = NumberNames([
    "arp": 0x806, "rarp": 0x8035, "ipv4": 0x800, "ipv6": 0x86dd, "vlan": 0x8100,
  ])

  /// IP protocols by libvirt's names (nwfilter_conf.c, ipProtoMap).
  public static let ipProtocols = NumberNames([
    "tcp": 6, "udp": 17, "udplite": 136, "esp": 50, "ah": 51, "icmp": 1, "igmp": 2, "sctp": 132, "icmpv6": 58,
  ])

  /// ARP operations by libvirt's names (nwfilter_conf.c, arpOpcodeMap).
  public static let arpOperations = NumberNames([
    "Request": 1, "Reply": 2, "Request_Reverse": 3, "Reply_Reverse": 4, "DRARP_Request": 5, "DRARP_Reply": 6,
    "DRARP_Error": 7, "InARP_Request": 8, "ARP_NAK": 9,
  ])
}

/// Comments of rules.
public enum Comment {
  /// Bytes; libvirt keeps 256 and cuts what is longer, in the middle of a character if it must.
  public static let longest = 256

  /// Whether libvirt keeps the comment as it is: control characters turn into blanks at its next start, and a leading `$` is
  /// taken for a variable and stops the VM from starting.
  public static func isValid(_ text: String) -> Bool { !text.isEmpty && hint(for: text) == nil }

  static func hint(for text: String) -> String? {
    if text.utf8.first == UInt8(ascii: "$") {
      return "libvirt takes a leading $ for a variable and then cannot bind the filter"
    }
    if text.utf8.count > longest { return "it has \(text.utf8.count) bytes" }
    if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
      return "libvirt turns control characters into blanks when it restarts"
    }
    return nil
  }
}
