// SPDX-License-Identifier: Apache-2.0

import PacketProbe

/// What a machine may pretend to be.
enum GuardCases {
  static let all = [
    strict, standard, off, macs, prefixes, dhcpServer, dhcpOff, raServer, raOff, noND, ownND, noMulticast, noBroadcast,
    vlans, noARP,
  ]

  private static let another: (ipv4: Address, ipv6: Address) = ("192.168.122.99", "2001:db8:122::99")

  private static let strict = CompiledCase(
    "strict", nic: "addresses: [{ip4}, 192.168.122.212, \"{ip6}\", \"2001:db8:122::d4\"]",
    group: """
      guard: strict
      in:
        - allow https
        - allow icmp/echo-request
      """,
    flows: [
      Flow("https", .in, .tcp(443), expect: .passes),
      Flow("ping", .in, .echo, expect: .passes),
      Flow("dns", .out, .udp(53), expect: .passes),
      Flow("second address", .out, .udp(53).source("192.168.122.212"), expect: .passes),
      Flow("second address", .out, .udp(53).source("2001:db8:122::d4"), expect: .passes),
      Flow("another's address", .out, .udp(53).spoofing(another.ipv4), expect: .blocked),
      Flow("another's address", .out, .udp(53).spoofing(another.ipv6), expect: .blocked),
      Flow("another's address to the host", .out, .udp(53).spoofing(another.ipv4), .host, expect: .blocked),
      Flow("no address", .out, .udp(53).spoofing("::"), expect: .blocked),
      Flow("no address", .out, .udp(53).spoofing("0.0.0.0"), expect: .blocked),
      Flow("another's MAC", .out, .udp(53).sourceMAC(), expect: .blocked),
      Flow("another's MAC, ARP", .out, .arpRequest.sourceMAC(), expect: .blocked),
      Flow("another's MAC, ND", .out, .neighbourAdvertisement.sourceMAC(), expect: .blocked),
      Flow("ping, Windows' link-local", .out, .echo.fromRandomLinkLocal, expect: .passes),
      Flow("udp, Windows' link-local", .out, .udp(53).fromRandomLinkLocal, expect: .passes),
      Flow("ARP", .in, .arpRequest, expect: .passes),
      Flow("ARP", .out, .arpRequest, expect: .passes),
      Flow("ARP for the host", .out, .arpRequest, .host, expect: .passes),
      Flow("ARP, second address", .out, .arpRequest.source("192.168.122.212"), expect: .passes),
      Flow("ARP probe", .out, .arpRequest.source("0.0.0.0").unanswered, expect: .passes),
      Flow("gratuitous ARP", .out, .gratuitousARP, expect: .passes),
      Flow("ARP, another's address", .out, .arpReply.claiming(another.ipv4), expect: .blocked),
      Flow("ARP, another's MAC", .out, .arpReply.claiming("02:00:00:00:00:09" as HardwareAddress), expect: .blocked),
      Flow("QEMU's announcement", .out, .announcement, expect: .passes),
      Flow("ND", .in, .neighbourSolicitation, expect: .passes),
      Flow("ND", .out, .neighbourSolicitation, expect: .passes),
      Flow("ND with the host", .out, .neighbourSolicitation, .host, expect: .passes),
      // What nwfilter cannot see.
      Flow("ND, another's address inside", .out, .neighbourAdvertisement.claiming(another.ipv6), expect: .passes),
      Flow("ND from another's address", .out, .neighbourAdvertisement.spoofing(another.ipv6), expect: .blocked),
      Flow("DAD", .out, .duplicateAddressDetection, expect: .passes),
      Flow("RS", .out, .routerSolicitation, expect: .passes),
      Flow("RA", .in, .routerAdvertisement, expect: .passes),
      Flow("RA sent", .out, .routerAdvertisement, expect: .blocked),
      Flow("DHCP", .out, .dhcpDiscover, expect: .passes),
      Flow("DHCP with the host", .out, .dhcpDiscover, .host, expect: .passes),
      Flow("DHCP offer", .out, .dhcpOffer, expect: .blocked),
      Flow("DHCPv6", .out, .dhcpv6Solicit, expect: .passes),
      Flow("DHCPv6 answer", .out, .dhcpv6Reply, expect: .blocked),
      Flow("LLDP", .out, .etherType(0x88cc), expect: .blocked),
      Flow("LLDP", .in, .etherType(0x88cc), expect: .blocked),
      Flow("VLAN 5", .out, .udp(53).vlan(5), expect: .blocked),
      Flow("VLAN 5", .in, .udp(53).vlan(5), expect: .blocked),
      Flow("priority tag", .out, .udp(53).vlan(0), expect: .blocked),
      Flow("multicast", .out, .multicast(udp: 5353), expect: .passes),
      Flow("broadcast", .out, .broadcast(udp: 5353), expect: .passes),
      Flow("GRE", .out, .gre, expect: .passes),
      Flow("GRE, another's address", .out, .gre.spoofing(another.ipv4), expect: .blocked),
      Flow("fragments, another's address", .out, .fragmented(udp: 53).spoofing(another.ipv4), expect: .blocked),
    ],
    behindRouter: [
      Flow("https", .in, .tcp(443), expect: .passes),
      Flow("dns", .out, .udp(53), expect: .passes),
      Flow("another's address", .out, .udp(53).spoofing(another.ipv4), expect: .blocked),
      Flow("another's address", .out, .udp(53).spoofing(another.ipv6), expect: .blocked),
      Flow("DHCP with the gateway", .out, .dhcpDiscover, .gateway, expect: .passes),
      Flow("RA from the gateway", .in, .routerAdvertisement, .gateway, expect: .passes),
    ],
    denied: Probe.usualWithoutPing)

  private static let standard = CompiledCase(
    "standard",
    group: """
      default: {in: allow, out: allow}
      """,
    flows: [
      Flow("another's address", .out, .udp(53).spoofing(another.ipv4), expect: .passes),
      Flow("another's address", .out, .udp(53).spoofing(another.ipv6), expect: .passes),
      Flow("another's MAC", .out, .udp(53).sourceMAC(), expect: .blocked),
      Flow("another's MAC, ARP", .out, .arpRequest.sourceMAC(), expect: .blocked),
      Flow("another's MAC, LLDP", .out, .etherType(0x88cc).sourceMAC(), expect: .blocked),
      Flow("ARP, another's address", .out, .arpReply.claiming(another.ipv4), expect: .passes),
      Flow("ARP, another's MAC", .out, .arpReply.claiming("02:00:00:00:00:09" as HardwareAddress), expect: .blocked),
      Flow("QEMU's announcement", .out, .announcement, expect: .passes),
      Flow("DHCP", .out, .dhcpDiscover, expect: .passes),
      Flow("DHCP offer", .out, .dhcpOffer, expect: .blocked),
      Flow("DHCPv6", .out, .dhcpv6Solicit, expect: .passes),
      Flow("DHCPv6 answer", .out, .dhcpv6Reply, expect: .blocked),
      Flow("RA", .in, .routerAdvertisement, expect: .passes),
      Flow("RA from the host", .in, .routerAdvertisement, .host, expect: .passes),
      Flow("RA sent", .out, .routerAdvertisement, expect: .blocked),
      Flow("multicast", .out, .multicast(udp: 5353), expect: .passes),
      Flow("multicast", .in, .multicast(udp: 5353), expect: .passes),
      Flow("broadcast", .out, .broadcast(udp: 5353), expect: .passes),
      Flow("IGMP", .out, .igmp, expect: .passes),
      Flow("VRRP", .out, .vrrp(), expect: .passes),
      Flow("VRRP, virtual MAC", .out, .vrrp().sourceMAC("00:00:5e:00:01:0a"), expect: .blocked),
    ],
    denied: [])

  private static let off = CompiledCase(
    "guard-off",
    group: """
      guard: off
      default: {in: allow, out: allow}
      """,
    flows: [
      Flow("another's address", .out, .udp(53).spoofing(another.ipv4), expect: .passes),
      Flow("another's address", .out, .udp(53).spoofing(another.ipv6), expect: .passes),
      Flow("another's MAC", .out, .udp(53).sourceMAC(), expect: .passes),
      Flow("another's MAC, ARP", .out, .arpRequest.sourceMAC(), expect: .passes),
      Flow("ARP, another's address", .out, .arpReply.claiming(another.ipv4), expect: .passes),
      Flow("ARP, another's MAC", .out, .arpReply.claiming("02:00:00:00:00:09" as HardwareAddress), expect: .passes),
      Flow("QEMU's announcement", .out, .announcement, expect: .passes),
      Flow("LLDP", .out, .etherType(0x88cc), expect: .passes),
      Flow("LLDP", .in, .etherType(0x88cc), expect: .passes),
      Flow("VLAN 5", .out, .udp(53).vlan(5), expect: .passes),
      Flow("priority tag", .in, .udp(53).vlan(0), expect: .passes),
      Flow("DHCP offer", .out, .dhcpOffer, expect: .passes),
      Flow("DHCPv6 answer", .out, .dhcpv6Reply, expect: .passes),
      Flow("RA sent", .out, .routerAdvertisement, expect: .passes),
      Flow("VRRP, virtual MAC", .out, .vrrp().sourceMAC("00:00:5e:00:01:0a"), expect: .passes),
      Flow("protocol 99", .out, .protocol99, expect: .passes),
      Flow("tcp/80", .in, .tcp(80), expect: .passes),
    ],
    denied: [])

  /// A virtual router's MAC besides the machine's own.
  private static let macs = CompiledCase(
    "macs",
    group: """
      guard: {mac: [declared, "00:00:5e:00:01:0b"]}
      in:
        - allow vrrp from network
      out:
        - allow vrrp to 224.0.0.18
        - allow dns
      default: {out: drop}
      """,
    flows: [
      Flow("VRRP", .out, .vrrp(), expect: .passes),
      Flow("VRRP, virtual MAC", .out, .vrrp().sourceMAC("00:00:5e:00:01:0b"), expect: .passes),
      Flow("VRRP, another's virtual MAC", .out, .vrrp().sourceMAC("00:00:5e:00:01:0c"), expect: .blocked),
      Flow("VRRP", .in, .vrrp(), expect: .passes),
      Flow("dns", .out, .udp(53), expect: .passes),
      Flow("dns, virtual MAC", .out, .udp(53).sourceMAC("00:00:5e:00:01:0b"), expect: .passes),
      Flow("dns, another's MAC", .out, .udp(53).sourceMAC(), expect: .blocked),
      Flow("http", .out, .tcp(80), expect: .blocked),
      Flow("ARP", .out, .arpRequest, expect: .passes),
      Flow(
        "ARP, virtual MAC", .out,
        .arpReply.sourceMAC("00:00:5e:00:01:0b").claiming("00:00:5e:00:01:0b" as HardwareAddress), expect: .passes),
      Flow("ARP, another's MAC", .out, .arpReply.claiming("02:00:00:00:00:09" as HardwareAddress), expect: .blocked),
      Flow("another's MAC, ARP", .out, .arpRequest.sourceMAC(), expect: .blocked),
      Flow("QEMU's announcement", .out, .announcement, expect: .passes),
    ])

  /// A router for more than its own addresses.
  private static let prefixes = CompiledCase(
    "prefixes", nic: CompiledCase.addresses,
    group: """
      guard: {ip: [declared, 10.8.0.0/16, "2001:db8:8::/48"]}
      out:
        - allow any
      """,
    flows: [
      Flow("dns", .out, .udp(53), expect: .passes),
      Flow("behind it", .out, .udp(53).spoofing("10.8.1.1"), expect: .passes),
      Flow("behind it", .out, .udp(53).spoofing("2001:db8:8:5::1"), expect: .passes),
      Flow("beside it", .out, .udp(53).spoofing("10.9.0.1"), expect: .blocked),
      Flow("beside it", .out, .udp(53).spoofing("2001:db8:9::1"), expect: .blocked),
      Flow("another's address", .out, .udp(53).spoofing(another.ipv4), expect: .blocked),
      Flow("ARP, behind it", .out, .arpReply.claiming("10.8.1.1" as Address), expect: .passes),
      Flow("ARP, beside it", .out, .arpReply.claiming("10.9.0.1" as Address), expect: .blocked),
      Flow("ARP", .out, .arpRequest, expect: .passes),
      Flow("DAD", .out, .duplicateAddressDetection, expect: .passes),
      Flow("DHCP", .out, .dhcpDiscover, expect: .passes),
    ])

  private static let dhcpServer = CompiledCase(
    "leases",
    group: """
      guard: {dhcp: server}
      out:
        - allow dns
      default: {out: drop}
      """,
    flows: [
      Flow("DHCP asked", .in, .dhcpDiscover, expect: .passes),
      Flow("DHCPv6 asked", .in, .dhcpv6Solicit, expect: .passes),
      Flow("DHCP offer", .out, .dhcpOffer, expect: .passes),
      Flow("DHCPv6 answer", .out, .dhcpv6Reply, expect: .passes),
      Flow("DHCP", .out, .dhcpDiscover, expect: .passes),
      Flow("RA sent", .out, .routerAdvertisement, expect: .blocked),
      Flow("dns", .out, .udp(53), expect: .passes),
      Flow("udp/69", .out, .udp(69), expect: .blocked),
      Flow("udp/67 from another port", .in, .udp(67), expect: .blocked),
    ])

  private static let dhcpOff = CompiledCase(
    "no-dhcp",
    group: """
      guard: {dhcp: off}
      default: {in: allow, out: allow}
      """,
    flows: [
      Flow("DHCP", .out, .dhcpDiscover, expect: .blocked),
      Flow("DHCPv6", .out, .dhcpv6Solicit, expect: .blocked),
      Flow("DHCP offer", .out, .dhcpOffer, expect: .blocked),
      Flow("DHCPv6 answer", .out, .dhcpv6Reply, expect: .blocked),
      Flow("RA", .in, .routerAdvertisement, expect: .passes),
      Flow("dns", .out, .udp(53), expect: .passes),
    ], denied: [])

  private static let raServer = CompiledCase(
    "advertises",
    group: """
      guard: {ra: server}
      default: {out: drop}
      """,
    flows: [
      Flow("RA sent", .out, .routerAdvertisement, expect: .passes),
      Flow("RS", .in, .routerSolicitation, expect: .passes),
      Flow("RA", .in, .routerAdvertisement, expect: .passes),
      Flow("DHCP offer", .out, .dhcpOffer, expect: .blocked),
      Flow("udp/53", .out, .udp(53), expect: .blocked),
    ])

  private static let raOff = CompiledCase(
    "no-ra",
    group: """
      guard: {ra: off}
      default: {in: allow, out: allow}
      """,
    flows: [
      Flow("RA", .in, .routerAdvertisement, expect: .blocked),
      Flow("RA from the host", .in, .routerAdvertisement, .host, expect: .blocked),
      Flow("RA sent", .out, .routerAdvertisement, expect: .blocked),
      Flow("ND", .in, .neighbourSolicitation, expect: .passes),
      Flow("ND", .out, .neighbourSolicitation, expect: .passes),
      Flow("udp/53", .out, .udp(53), expect: .passes),
    ], denied: [])

  private static let noND = CompiledCase(
    "no-nd",
    group: """
      guard: {nd: false}
      out:
        - allow dns
      default: {in: drop, out: drop}
      """,
    flows: [
      Flow("ND", .in, .neighbourSolicitation, expect: .blocked),
      Flow("ND", .out, .neighbourSolicitation, expect: .blocked),
      Flow("ND advertisement", .out, .neighbourAdvertisement, expect: .blocked),
      Flow("DAD", .out, .duplicateAddressDetection, expect: .blocked),
      Flow("RA", .in, .routerAdvertisement, expect: .passes),
      Flow("ARP", .in, .arpRequest, expect: .passes),
      Flow("dns", .out, .udp(53), expect: .passes),
    ])

  /// Neighbour discovery by rules in place of the guard.
  private static let ownND = CompiledCase(
    "own-nd",
    group: """
      guard: {nd: false}
      in:
        - allow icmpv6/neighbor-solicitation
      out:
        - allow icmpv6/neighbor-advertisement
      default: {in: drop, out: drop}
      """,
    flows: [
      Flow("ND", .in, .neighbourSolicitation, expect: .passes),
      Flow("ND from the host", .in, .neighbourSolicitation, .host, expect: .passes),
      Flow("ND", .out, .neighbourSolicitation, expect: .blocked),
      Flow("ND advertisement", .out, .neighbourAdvertisement, expect: .passes),
      Flow("ND advertisement", .in, .neighbourAdvertisement, expect: .blocked),
      Flow("dns", .out, .udp(53), expect: .blocked),
    ])

  private static let noMulticast = CompiledCase(
    "no-multicast",
    group: """
      guard: {multicast: false}
      default: {in: allow, out: allow}
      """,
    flows: [
      Flow("multicast", .out, .multicast(udp: 5353), expect: .blocked),
      Flow("multicast", .out, .udp(5353).to("ff02::fb"), expect: .blocked),
      Flow("VRRP", .out, .vrrp(), expect: .blocked),
      Flow("multicast", .in, .multicast(udp: 5353), expect: .passes),
      Flow("broadcast", .out, .broadcast(udp: 5353), expect: .passes),
      Flow("ND", .out, .neighbourSolicitation, expect: .passes),
      Flow("DAD", .out, .duplicateAddressDetection, expect: .passes),
      Flow("RS", .out, .routerSolicitation, expect: .passes),
      Flow("RA sent", .out, .routerAdvertisement, expect: .blocked),
      Flow("DHCPv6", .out, .dhcpv6Solicit, expect: .passes),
      Flow("dns", .out, .udp(53), expect: .passes),
    ], denied: [])

  private static let noBroadcast = CompiledCase(
    "no-broadcast",
    group: """
      guard: {broadcast: false}
      default: {in: allow, out: allow}
      """,
    flows: [
      Flow("broadcast", .out, .broadcast(udp: 5353), expect: .blocked),
      Flow("broadcast", .in, .broadcast(udp: 5353), expect: .passes),
      Flow("multicast", .out, .multicast(udp: 5353), expect: .passes),
      Flow("ARP", .out, .arpRequest, expect: .passes),
      Flow("gratuitous ARP", .out, .gratuitousARP, expect: .passes),
      Flow("QEMU's announcement", .out, .announcement, expect: .passes),
      Flow("DHCP", .out, .dhcpDiscover, expect: .passes),
      Flow("DHCP offer", .out, .dhcpOffer, expect: .blocked),
      Flow("dns", .out, .udp(53), expect: .passes),
    ], denied: [])

  private static let vlans = CompiledCase(
    "vlans",
    group: """
      guard: {vlan: [5]}
      default: {in: drop, out: drop}
      """,
    flows: [
      Flow("VLAN 5", .out, .udp(53).vlan(5), expect: .passes),
      Flow("VLAN 5", .in, .udp(53).vlan(5), expect: .passes),
      Flow("VLAN 5, ARP", .out, .arpRequest.vlan(5), expect: .passes),
      Flow("VLAN 5, another's MAC", .out, .udp(53).vlan(5).sourceMAC(), expect: .blocked),
      Flow("VLAN 6", .out, .udp(53).vlan(6), expect: .blocked),
      Flow("VLAN 6", .in, .udp(53).vlan(6), expect: .blocked),
      Flow("priority tag", .out, .udp(53).vlan(0), expect: .blocked),
      Flow("no tag", .out, .udp(53), expect: .blocked),
    ])

  private static let noARP = CompiledCase(
    "arp-unchecked", nic: CompiledCase.addresses,
    group: """
      guard: {ip: declared, arp: false}
      """,
    flows: [
      Flow("ARP, another's address", .out, .arpReply.claiming(another.ipv4), expect: .passes),
      Flow("ARP, another's MAC", .out, .arpReply.claiming("02:00:00:00:00:09" as HardwareAddress), expect: .passes),
      Flow("another's MAC, ARP", .out, .arpRequest.sourceMAC(), expect: .blocked),
      Flow("another's address", .out, .udp(53).spoofing(another.ipv4), expect: .blocked),
      Flow("ARP", .out, .arpRequest, expect: .passes),
      Flow("dns", .out, .udp(53), expect: .passes),
    ])
}
