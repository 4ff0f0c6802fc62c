// SPDX-License-Identifier: Apache-2.0

public import FilterModel
public import PacketPath

/// What a NIC may pretend to be, and which frames other than its policy's it may send and get.
public struct GuardPolicy: Sendable, Hashable {
  /// Addresses that a NIC may send from.
  public enum Sources<Value: Sendable & Hashable>: Sendable, Hashable {
    case any
    /// Its own, if `declared`, and these.
    case only(declared: Bool, others: [Value])
  }

  /// A NIC's part in a protocol with two roles.
  public enum Role: String, Sendable, Hashable, CaseIterable {
    case client, server, off
  }

  /// What a policy can say something of, as the key of a mapping.
  public enum Part: String, Sendable, Hashable, CaseIterable {
    case mac, ip, arp, dhcp, nd, ra, multicast, broadcast, vlan, ethertypes, system
  }

  /// Rules that nobody wrote.
  public enum SystemRules: String, Sendable, Hashable, CaseIterable {
    /// What a VM cannot live without; and layer 2 denies what it can of that which the policy denies.
    case all
    /// ICMP errors about flows that are allowed.
    case icmpErrors = "icmp-errors"
    /// The rules of the groups alone decide, and `dhcp`, `nd` and `ra` say nothing.
    case nothing = "none"
  }

  /// Source MAC addresses, of frames and in ARP.
  public var mac: Sources<MACAddress>
  /// Source addresses of packets.
  public var ip: Sources<AddressRange>
  /// Sender addresses in ARP, as `ip` where that is restricted; false for no look into ARP at all.
  public var checksARP: Bool
  public var dhcp: Role
  /// Whether neighbour discovery is let through by itself.
  public var nd: Bool
  /// `client` gets router advertisements, `server` sends them as well, `off` does neither.
  public var ra: Role
  /// Whether it may send to multicast addresses (ND, MLD and DHCP apart).
  public var multicast: Bool
  /// Whether it may send to the broadcast address (ARP and DHCP apart).
  public var broadcast: Bool
  /// VLANs whose tagged frames pass unfiltered beyond their MAC.
  public var vlans: [UInt16]
  /// Whether ethertypes that no rule speaks of pass.
  public var otherEthertypes: Bool
  public var systemRules = SystemRules.all
  /// Where `ip` says declared: only those of the declared addresses that are in here; nil for all. One group says
  /// declared, another one a list.
  public var declaredWithin: [AddressRange]?

  /// Own MAC, any source address, no server's packets sent.
  public static let standard = GuardPolicy(
    mac: .only(declared: true, others: []), ip: .any, checksARP: true, dhcp: .client, nd: true, ra: .client,
    multicast: true, broadcast: true, vlans: [], otherEthertypes: false)

  /// As `standard`, and addresses only as declared.
  public static let strict: GuardPolicy = {
    var policy = standard
    policy.ip = .only(declared: true, others: [])
    return policy
  }()

  /// Nothing is checked; what a VM cannot live without is still let through.
  public static let off = GuardPolicy(
    mac: .any, ip: .any, checksARP: false, dhcp: .server, nd: true, ra: .server, multicast: true, broadcast: true,
    vlans: [], otherEthertypes: true)
}
