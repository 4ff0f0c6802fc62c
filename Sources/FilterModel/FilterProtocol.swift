// SPDX-License-Identifier: Apache-2.0

/// A protocol element of a rule: what part of the packet the rule looks at, and which firewall tool enforces it.
public enum FilterProtocol: UInt8, Sendable, Hashable, CaseIterable {
  case mac, vlan, stp, arp, rarp, ip, ipv6
  case tcp, udp, udplite, sctp, icmp, igmp, esp, ah, all
  case tcpIPv6, udpIPv6, udpliteIPv6, sctpIPv6, icmpv6, espIPv6, ahIPv6, allIPv6

  /// The layer at which libvirt enforces rules of a protocol, and so which traffic they meet.
  public enum Layer: Sendable, Hashable {
    /// ebtables: stateless, every frame of the port.
    case ethernet
    /// iptables: with connection state, bridged traffic only on the way to the VM.
    case ipv4
    /// ip6tables: as `ipv4`.
    case ipv6
  }

  /// The element's name in XML and the key in YAML.
  public var name: String { Self.names[Int(rawValue)] }

  public var layer: Layer {
    switch self {
    case .mac, .vlan, .stp, .arp, .rarp, .ip, .ipv6: .ethernet
    case .tcp, .udp, .udplite, .sctp, .icmp, .igmp, .esp, .ah, .all: .ipv4
    case .tcpIPv6, .udpIPv6, .udpliteIPv6, .sctpIPv6, .icmpv6, .espIPv6, .ahIPv6, .allIPv6: .ipv6
    }
  }

  /// The attributes in libvirt's order; a place in this array is an attribute's index.
  public var attributes: [AttributeDefinition] { AttributeTable.definitions[Int(rawValue)] }

  public init?(named name: String) {
    guard let found = Self.byName[name] else { return nil }
    self = found
  }

  public static let names = allCases.map(spelling)
  private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { (spelling($0), $0) })

  private static func spelling(_ value: FilterProtocol) -> String {
    switch value {
    case .tcpIPv6: "tcp-ipv6"
    case .udpIPv6: "udp-ipv6"
    case .udpliteIPv6: "udplite-ipv6"
    case .sctpIPv6: "sctp-ipv6"
    case .espIPv6: "esp-ipv6"
    case .ahIPv6: "ah-ipv6"
    case .allIPv6: "all-ipv6"
    default: "\(value)"
    }
  }
}

/// One attribute of a protocol: name, kind of value, and how libvirt ties it to others.
public struct AttributeDefinition: Sendable, Hashable {
  public var name: String
  public var kind: ValueKind
  public var summary: String
  /// The attribute without which libvirt emits no match for this one (reference H1e).
  public var base: String?
  /// The attribute whose `match='no'` this one follows, whatever it says itself (virNWFilterRuleDefFixup).
  public var signSource: String?
  /// Why no literal value is accepted: libvirt would store something that matches more.
  public var refusal: String?
  /// Whether a variable gets around `refusal`.
  public var refusalSparesVariables = false
  /// Whether `match='no'` means anything for it.
  public var isNegatable = true

  init(_ name: String, _ kind: ValueKind, _ summary: String) {
    self.name = name
    self.kind = kind
    self.summary = summary
  }

  func with(base: String) -> AttributeDefinition { changed { ($0.base, $0.signSource) = (base, base) } }
  func withSign(of source: String) -> AttributeDefinition { changed { $0.signSource = source } }
  func refused(_ reason: String, exceptVariables: Bool = false) -> AttributeDefinition {
    changed { ($0.refusal, $0.refusalSparesVariables) = (reason, exceptVariables) }
  }
  var neverNegated: AttributeDefinition { changed { $0.isNegatable = false } }

  private func changed(_ change: (inout AttributeDefinition) -> Void) -> AttributeDefinition {
    var copy = self
    change(&copy)
    return copy
  }
}
