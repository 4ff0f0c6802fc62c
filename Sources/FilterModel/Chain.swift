// SPDX-License-Identifier: Apache-2.0

/// Chains: where a filter's layer-2 rules are evaluated, and in what order.
public enum Chain {
  /// A kind of chain: `root`, or a prefix of the name such as `ipv4` in `ipv4-web`.
  public struct Prefix: Sendable, Hashable {
    public var name: String
    /// What libvirt takes when a filter names the chain and no priority (nwfilter_conf.c, chain_priorities; stp has no
    /// entry there, so 0, although the documentation says -810).
    public var defaultPriority: Int
    public var summary: String
  }

  public static let root = "root"
  public static let prefixes: [Prefix] = [
    Prefix(name: "root", defaultPriority: 0, summary: "every frame"),
    Prefix(name: "mac", defaultPriority: -800, summary: "every frame"),
    Prefix(name: "vlan", defaultPriority: -750, summary: "frames with an 802.1Q tag"),
    Prefix(name: "ipv4", defaultPriority: -700, summary: "IPv4"),
    Prefix(name: "ipv6", defaultPriority: -600, summary: "IPv6"),
    Prefix(name: "arp", defaultPriority: -500, summary: "ARP"),
    Prefix(name: "rarp", defaultPriority: -400, summary: "RARP"),
    Prefix(name: "stp", defaultPriority: 0, summary: "spanning tree frames (to 01:80:c2:00:00:00)"),
  ]

  /// Of chains, filters and rules alike; outside of it libvirt takes the default without a word.
  public static let priorities = -1000...1000
  public static let longestName = 12

  /// The prefix that decides what a chain sees; nil for a name that libvirt does not accept.
  public static func prefix(of name: String) -> Prefix? {
    guard name.utf8.count <= longestName,
      name.utf8.allSatisfy({ $0.isLetter || $0.isDigit || "_.:-".utf8.contains($0) })
    else { return nil }
    return prefixes.first { $0.name == root ? name == root : name.hasPrefix($0.name) }
  }

  public static func defaultPriority(of name: String) -> Int { prefix(of: name)?.defaultPriority ?? 0 }

  public static let expectation =
    "root, or a name of at most \(longestName) letters, digits or _ . : - that begins with "
    + prefixes.dropFirst().map(\.name).joined(separator: ", ")
}
