// SPDX-License-Identifier: Apache-2.0

/// A network filter as libvirt keeps it, in canonical form: two filters are equal exactly if libvirt would store the same.
public struct Filter: Sendable, Hashable {
  public var name: String
  /// nil where libvirt or the project has yet to give it one.
  public var uuid: ObjectUUID?
  /// The chain that the layer-2 rules go to.
  public var chain: String
  /// Of the chain, the default already filled in; without meaning for `root`.
  public var priority: Int
  /// Rules and references in document order, which decides among equal priorities.
  public var entries: [Entry]

  /// A part of a filter.
  public enum Entry: Sendable, Hashable {
    case rule(Rule)
    case reference(FilterReference)
  }

  public init(
    name: String, uuid: ObjectUUID? = nil, chain: String = Chain.root, priority: Int? = nil, entries: [Entry] = []
  ) {
    self.name = name
    self.uuid = uuid
    self.chain = chain
    self.priority = priority ?? Chain.defaultPriority(of: chain)
    self.entries = entries
  }

  public var rules: [Rule] {
    entries.compactMap { if case .rule(let rule) = $0 { rule } else { nil } }
  }

  public var references: [FilterReference] {
    entries.compactMap { if case .reference(let reference) = $0 { reference } else { nil } }
  }

  /// Whether two filters decide packets alike: everything but the UUID.
  public func hasSameContent(as other: Filter) -> Bool {
    name == other.name && chain == other.chain && priority == other.priority && entries == other.entries
  }
}

/// The inclusion of another filter, or the use of one by an interface: a name, and defaults for its variables.
public struct FilterReference: Sendable, Hashable {
  public var filter: String
  /// Lists keep their order and repeated values; libvirt sorts the names.
  public var parameters: [String: [String]]

  /// The parameter that says which repository put a reference on an interface, where the filter itself is not the project's;
  /// libvirt keeps parameters that no rule uses.
  public static let ownerParameter = "NWFLEET"

  public init(_ filter: String, parameters: [String: [String]] = [:]) {
    self.filter = filter
    self.parameters = parameters
  }
}

/// Names of filters.
public enum FilterName {
  public static let longest = 201

  /// Whether a name is safe: libvirt accepts others, and loses the filter at its next start or writes it outside its folder.
  public static func isValid(_ name: String) -> Bool {
    guard (1...longest).contains(name.utf8.count), let first = name.utf8.first else { return false }
    return (first.isLetter || first == UInt8(ascii: "_"))
      && name.utf8.allSatisfy { $0.isLetter || $0.isDigit || "_.-".utf8.contains($0) }
  }

  public static let expectation =
    "a letter or _, then letters, digits, _ . or -, at most \(longest) characters in all"

  /// The filters that libvirt installs by itself, each host with UUIDs of its own (src/nwfilter/xml).
  public static let stock: Set<String> = [
    "allow-arp", "allow-dhcp", "allow-dhcp-server", "allow-dhcpv6", "allow-dhcpv6-server", "allow-incoming-ipv4",
    "allow-incoming-ipv6", "allow-ipv4", "allow-ipv6", "clean-traffic", "clean-traffic-gateway", "no-arp-ip-spoofing",
    "no-arp-mac-spoofing", "no-arp-spoofing", "no-ip-multicast", "no-ip-spoofing", "no-ipv6-multicast",
    "no-ipv6-spoofing", "no-mac-broadcast", "no-mac-spoofing", "no-other-l2-traffic", "no-other-rarp-traffic",
    "qemu-announce-self", "qemu-announce-self-rarp",
  ]
}
