// SPDX-License-Identifier: Apache-2.0

import PacketProbe

/// What policies that ship say at their top.
enum PresetCases {
  static let all = [
    isolated, internetOnly, gatewayOnly, open, webServer, extended, database, bastion, dhcpClient, dhcpServer, windows,
    vrrp, router,
  ]

  /// What every machine needs, and what none may do unless its guard says so.
  private static let life: [Flow] = [
    Flow("ARP", .in, .arpRequest, expect: .passes),
    Flow("ARP", .out, .arpRequest, expect: .passes),
    Flow("ND", .in, .neighbourSolicitation, expect: .passes),
    Flow("ND", .out, .neighbourSolicitation, expect: .passes),
    Flow("ND with the host", .out, .neighbourSolicitation, .host, expect: .passes),
    Flow("DHCP", .out, .dhcpDiscover, expect: .passes),
    Flow("DHCP with the host", .out, .dhcpDiscover, .host, expect: .passes),
    Flow("RA", .in, .routerAdvertisement, expect: .passes),
    Flow("RA sent", .out, .routerAdvertisement, expect: .blocked),
    Flow("DHCP offer", .out, .dhcpOffer, expect: .blocked),
    Flow("another's MAC", .out, .udp(53).sourceMAC(), expect: .blocked),
  ]

  private static let isolated = CompiledCase(
    "isolated", group: "use: isolated",
    flows: life + [
      Flow("tcp/80", .in, .tcp(80), expect: .blocked),
      Flow("udp/53", .in, .udp(53), expect: .blocked),
      Flow("ping", .in, .echo, expect: .blocked),
      Flow("tcp/80", .out, .tcp(80), expect: .blocked),
      Flow("udp/53", .out, .udp(53), expect: .blocked),
      Flow("udp/53 to the host", .out, .udp(53), .host, expect: .blocked),
      Flow("ping", .out, .echo, expect: .blocked),
      Flow("protocol 99", .out, .protocol99, expect: .blocked),
    ],
    behindRouter: [
      Flow("udp/53", .out, .udp(53), .gateway, expect: .blocked),
      Flow("tcp/80", .out, .tcp(80), expect: .blocked),
      Flow("DHCP", .out, .dhcpDiscover, .gateway, expect: .passes),
    ])

  private static let internetOnly = CompiledCase(
    "internet-only", group: "use: internet-only",
    flows: life + [
      Flow("dns", .out, .udp(53), expect: .passes),
      Flow("dns over tcp", .out, .tcp(53), expect: .passes),
      Flow("resolver, other port", .out, .tcp(443), expect: .blocked),
      Flow("dns elsewhere near", .out, .udp(53), .host, expect: .blocked),
      Flow("peer", .out, .tcp(443), .peer, expect: .blocked),
      Flow("ping peer", .out, .echo, .peer, expect: .blocked),
      Flow("internet", .out, .tcp(443), .remote("203.0.113.9"), expect: .passes),
      Flow("internet", .out, .tcp(443), .remote("2001:db8:99::9"), expect: .passes),
      Flow("internet, dns", .out, .udp(53), .remote("203.0.113.9"), expect: .passes),
      Flow("internet, ping", .out, .echo, .remote("2001:db8:99::9"), expect: .passes),
      Flow("RFC 1918", .out, .tcp(443), .remote("10.0.0.1"), expect: .blocked),
      Flow("RFC 1918", .out, .tcp(443), .remote("172.16.0.1"), expect: .blocked),
      Flow("RFC 1918", .out, .tcp(443), .remote("192.168.0.1"), expect: .blocked),
      Flow("RFC 6598", .out, .tcp(443), .remote("100.64.0.1"), expect: .blocked),
      Flow("metadata", .out, .tcp(80), .remote("169.254.169.254"), expect: .blocked),
      Flow("metadata", .out, .tcp(80), .remote("fd00:ec2::254"), expect: .blocked),
      Flow("link-local", .out, .tcp(80), .remote("fe80::1"), expect: .blocked),
      Flow("NAT64", .out, .tcp(80), .remote("64:ff9b::a00:1"), expect: .blocked),
      Flow("multicast", .out, .multicast(udp: 5353), expect: .blocked),
      Flow("multicast", .out, .udp(5353).to("ff02::fb"), expect: .blocked),
      Flow("broadcast", .out, .broadcast(udp: 5353), expect: .blocked),
      Flow("tcp/80", .in, .tcp(80), expect: .blocked),
      Flow("ping", .in, .echo, expect: .blocked),
    ],
    behindRouter: [
      Flow("internet", .out, .tcp(443), .remote("203.0.113.9"), expect: .passes),
      Flow("internet", .out, .udp(443), .remote("2001:db8:99::9"), expect: .passes),
      Flow("traceroute", .out, .traceroute(), .remote("203.0.113.9"), expect: .passes),
      Flow("RFC 1918", .out, .tcp(443), .remote("10.0.0.1"), expect: .blocked),
      Flow("metadata", .out, .tcp(80), .remote("169.254.169.254"), expect: .blocked),
      Flow("dns", .out, .udp(53), .neighbour, expect: .passes),
      Flow("gateway, other port", .out, .tcp(80), .gateway, expect: .blocked),
    ])

  private static let gatewayOnly = CompiledCase(
    "gateway-only", group: "use: gateway-only",
    flows: life + [
      Flow("to the gateway", .out, .tcp(80), .gateway, expect: .passes),
      Flow("ping the gateway", .out, .echo, .gateway, expect: .passes),
      Flow("from the gateway", .in, .tcp(80), .gateway, expect: .passes),
      Flow("ping from the gateway", .in, .echo, .gateway, expect: .passes),
      Flow("to peer", .out, .tcp(80), .peer, expect: .blocked),
      Flow("from peer", .in, .tcp(80), .peer, expect: .blocked),
      Flow("to the internet", .out, .tcp(443), .remote("203.0.113.9"), expect: .blocked),
      Flow("to the internet", .out, .tcp(443), .remote("2001:db8:99::9"), expect: .blocked),
      Flow("from the internet", .in, .tcp(443), .remote("203.0.113.9"), expect: .blocked),
      Flow("protocol 99 to the gateway", .out, .protocol99, .gateway, expect: .passes),
      Flow("protocol 99 to peer", .out, .protocol99, .peer, expect: .blocked),
    ],
    behindRouter: [
      Flow("to the gateway", .out, .udp(53), .gateway, expect: .passes),
      Flow("from the gateway", .in, .tcp(80), .gateway, expect: .passes),
      Flow("to the internet", .out, .tcp(443), expect: .blocked),
      Flow("ping the internet", .out, .echo, expect: .blocked),
    ],
    // The gateway itself, where it is the host, is not denied.
    denied: Probe.usual.map { $0.from(Probe.strangers) })

  private static let open = CompiledCase(
    "open", group: "use: open",
    flows: life + [
      Flow("tcp/80", .in, .tcp(80), expect: .passes),
      Flow("udp/53", .in, .udp(53), expect: .passes),
      Flow("ping", .in, .echo, expect: .passes),
      Flow("tcp/80 from the host", .in, .tcp(80), .host, expect: .passes),
      Flow("tcp/80", .out, .tcp(80), expect: .passes),
      Flow("udp/53 to the host", .out, .udp(53), .host, expect: .passes),
      Flow("protocol 99", .in, .protocol99, expect: .passes),
      Flow("protocol 99", .out, .protocol99, .peer, expect: .passes),
      Flow("another's address", .out, .udp(53).spoofing("192.168.122.99"), expect: .passes),
      Flow("VLAN 5", .out, .udp(53).vlan(5), expect: .blocked),
    ],
    behindRouter: [
      Flow("tcp/80", .in, .tcp(80), expect: .passes),
      Flow("udp/53", .in, .udp(53), expect: .passes),
      Flow("ping", .in, .echo, expect: .passes),
      Flow("tcp/80", .out, .tcp(80), expect: .passes),
      Flow("ping the gateway", .out, .echo, .gateway, expect: .passes),
    ], denied: [])

  private static let webServer = CompiledCase(
    "web-server", group: "use: web-server",
    flows: life + [
      Flow("http", .in, .tcp(80), expect: .passes),
      Flow("https", .in, .tcp(443), expect: .passes),
      Flow("https from the host", .in, .tcp(443), .host, expect: .passes),
      Flow("http3", .in, .udp(443), expect: .blocked),
      Flow("ping", .in, .echo, expect: .passes),
      Flow("ping from the host", .in, .echo, .host, expect: .passes),
      Flow("ssh", .in, .tcp(22), expect: .blocked),
      Flow("tcp/25", .out, .tcp(25), expect: .passes),
      Flow("path MTU", .out, .pathMTU(udp: 53), expect: .passes),
    ],
    behindRouter: [
      Flow("http", .in, .tcp(80), expect: .passes),
      Flow("ping", .in, .echo, expect: .passes),
      Flow("tcp/25", .out, .tcp(25), expect: .passes),
    ],
    denied: Probe.usualWithoutPing + [.tcp(22)])

  /// Other parameters, and rules and defaults of the group's own before the preset's.
  private static let extended = CompiledCase(
    "extended",
    group: """
      use: [web-server, database]
      parameters: {SERVICES: [https, http3, postgres], CLIENTS: [0.0.0.0/0, "2001:db8:99::/48"]}
      in:
        - drop https from 203.0.113.0/24
        - allow ssh from 203.0.113.9
      out:
        - allow dns
      default: {out: drop}
      """,
    flows: [
      Flow("https", .in, .tcp(443).only(.ipv4), expect: .passes),
      Flow("https", .in, .tcp(443).only(.ipv6), expect: .blocked),
      Flow("https from a client", .in, .tcp(443), .remote("2001:db8:99::9"), expect: .passes),
      Flow("https, denied before", .in, .tcp(443), .remote("203.0.113.9"), expect: .blocked),
      Flow("http3, not denied before", .in, .udp(443), .remote("203.0.113.9"), expect: .passes),
      Flow("postgres", .in, .tcp(5432), .remote("203.0.113.9"), expect: .passes),
      Flow("http", .in, .tcp(80), expect: .blocked),
      Flow("ssh", .in, .tcp(22), .remote("203.0.113.9"), expect: .passes),
      Flow("ping", .in, .echo, expect: .passes),
      Flow("dns", .out, .udp(53), expect: .passes),
      Flow("tcp/25", .out, .tcp(25), expect: .blocked),
    ],
    denied: Probe.usualWithoutPing + [.tcp(80)])

  private static let database = CompiledCase(
    "database", machines: 2, nic: CompiledCase.addresses,
    policy: """
      groups:
        database:
          vms: {name: "{vm}"}
          use: database
          parameters: {CLIENTS: group:database-clients}
        database-clients:
          vms: {name: "{vm2}"}
          use: open
      """,
    flows: life + [
      Flow("postgres from a client", .in, .tcp(5432), .machine(2), expect: .passes),
      Flow("mysql from a client", .in, .tcp(3306), .machine(2), expect: .passes),
      Flow("ping from a client", .in, .echo, .machine(2), expect: .passes),
      Flow("ssh from a client", .in, .tcp(22), .machine(2), expect: .blocked),
      Flow("postgres from peer", .in, .tcp(5432), .peer, expect: .blocked),
      Flow("postgres", .in, .tcp(5432), expect: .blocked),
      Flow("https", .out, .tcp(443), expect: .passes),
    ],
    behindRouter: [
      Flow("postgres from a client", .in, .tcp(5432), .machine(2), expect: .passes),
      Flow("https", .out, .tcp(443), expect: .passes),
    ],
    denied: Probe.usual + [.tcp(5432)])

  private static let bastion = CompiledCase(
    "bastion",
    group: """
      use: bastion
      parameters: {OFFICE: "@office"}
      """,
    flows: life + [
      Flow("ssh from the office", .in, .tcp(22), .remote("203.0.113.9"), expect: .passes),
      Flow("ssh from the office", .in, .tcp(22), .remote("2001:db8:99::9"), expect: .passes),
      Flow("ping from the office", .in, .echo, .remote("203.0.113.9"), expect: .passes),
      Flow("http from the office", .in, .tcp(80), .remote("203.0.113.9"), expect: .blocked),
      Flow("ssh", .in, .tcp(22), expect: .blocked),
      Flow("ping", .in, .echo, expect: .blocked),
      Flow("ssh to its network", .out, .tcp(22), .peer, expect: .passes),
      Flow("ping its network", .out, .echo, .peer, expect: .passes),
      Flow("ssh elsewhere", .out, .tcp(22), .remote("203.0.113.9"), expect: .blocked),
      Flow("https elsewhere", .out, .tcp(443), .remote("203.0.113.9"), expect: .passes),
      Flow("dns", .out, .udp(53), expect: .passes),
      Flow("ntp", .out, .udp(123), expect: .passes),
      Flow("smtp", .out, .tcp(25), expect: .blocked),
    ],
    behindRouter: [
      Flow("ssh to its network", .out, .tcp(22), .peer, expect: .passes),
      Flow("ssh elsewhere", .out, .tcp(22), expect: .blocked),
      Flow("https elsewhere", .out, .tcp(443), expect: .passes),
    ],
    denied: Probe.usual + [.tcp(22)])

  private static let dhcpClient = CompiledCase(
    "dhcp-client", group: "use: dhcp-client",
    flows: life + [
      Flow("DHCPv6", .out, .dhcpv6Solicit, expect: .passes),
      Flow("DHCPv6 answer", .out, .dhcpv6Reply, expect: .blocked),
      Flow("RS", .out, .routerSolicitation, expect: .passes),
      Flow("tcp/80", .in, .tcp(80), expect: .blocked),
      Flow("tcp/80", .out, .tcp(80), expect: .passes),
    ],
    behindRouter: [
      Flow("DHCP", .out, .dhcpDiscover, .gateway, expect: .passes),
      Flow("RA", .in, .routerAdvertisement, .gateway, expect: .passes),
      Flow("tcp/80", .out, .tcp(80), expect: .passes),
    ])

  private static let dhcpServer = CompiledCase(
    "dhcp-server", group: "use: dhcp-server",
    flows: [
      Flow("DHCP asked", .in, .dhcpDiscover, expect: .passes),
      Flow("DHCP asked by peer", .in, .dhcpDiscover, .peer, expect: .passes),
      Flow("DHCPv6 asked", .in, .dhcpv6Solicit, expect: .passes),
      Flow("DHCP offer", .out, .dhcpOffer, expect: .passes),
      Flow("DHCPv6 answer", .out, .dhcpv6Reply, expect: .passes),
      Flow("RA sent", .out, .routerAdvertisement, expect: .blocked),
      Flow("another's MAC", .out, .dhcpOffer.sourceMAC(), expect: .blocked),
      Flow("ARP", .in, .arpRequest, expect: .passes),
      Flow("tcp/80", .in, .tcp(80), expect: .blocked),
      Flow("tcp/80", .out, .tcp(80), expect: .passes),
    ],
    behindRouter: [
      Flow("DHCP asked by peer", .in, .dhcpDiscover, .peer, expect: .passes),
      Flow("tcp/80", .out, .tcp(80), expect: .passes),
    ])

  private static let windows = CompiledCase(
    "windows-dc",
    group: """
      use: windows-dc
      parameters: {CLIENTS: "@office"}
      """,
    flows: life
      + [53, 88, 135, 389, 445, 636, 3268, 9389, 49152, 65535].map {
        Flow("tcp/\($0) from a member", .in, .tcp($0), .remote("203.0.113.9"), expect: .passes)
      }
      + [53, 88, 123, 389, 464].map {
        Flow("udp/\($0) from a member", .in, .udp($0), .remote("2001:db8:99::9"), expect: .passes)
      } + [
        Flow("ping from a member", .in, .echo, .remote("203.0.113.9"), expect: .passes),
        Flow("RDP from a member", .in, .tcp(3389), .remote("203.0.113.9"), expect: .blocked),
        Flow("WinRM from a member", .in, .tcp(5985), .remote("203.0.113.9"), expect: .blocked),
        Flow("SMB", .in, .tcp(445), expect: .blocked),
        Flow("dns", .in, .udp(53), expect: .blocked),
        Flow("dns", .out, .udp(53), expect: .passes),
        Flow("Windows' link-local", .out, .echo.fromRandomLinkLocal, expect: .passes),
      ],
    behindRouter: [
      Flow("dns", .out, .udp(53), expect: .passes)
    ],
    denied: Probe.usual + [.tcp(445), .udp(53)])

  private static let vrrp = CompiledCase(
    "vrrp", group: "use: vrrp",
    flows: life + [
      Flow("VRRP", .out, .vrrp(), expect: .passes),
      Flow("VRRP", .out, .vrrp(.ipv6), expect: .passes),
      Flow("VRRP", .in, .vrrp(), expect: .passes),
      Flow("VRRP", .in, .vrrp(.ipv6), expect: .passes),
      Flow("VRRP of a link-local router", .in, .vrrp(.ipv6), .remote("fe80::1"), expect: .passes),
      Flow("VRRP to a machine", .out, .number(112), .peer, expect: .passes),
      Flow("VRRP to the machine", .in, .number(112), .peer, expect: .passes),
      Flow("VRRP from outside", .in, .vrrp(), .remote("203.0.113.9"), expect: .blocked),
      Flow("VRRP, virtual MAC", .out, .vrrp().sourceMAC("00:00:5e:00:01:0a"), expect: .blocked),
      Flow("protocol 99", .in, .protocol99, expect: .blocked),
      Flow("tcp/80", .in, .tcp(80), expect: .blocked),
      Flow("tcp/80", .out, .tcp(80), expect: .passes),
    ],
    behindRouter: [
      Flow("VRRP to a machine", .out, .number(112), .peer, expect: .passes),
      Flow("tcp/80", .out, .tcp(80), expect: .passes),
      Flow("dns", .out, .udp(53), .gateway, expect: .passes),
    ])

  private static let router = CompiledCase(
    "router", group: "use: router",
    flows: [
      Flow("for one behind it", .in, .udp(53).to("10.8.0.1").unanswered, expect: .passes),
      Flow("from one behind it", .out, .udp(53).spoofing("10.8.0.1"), expect: .passes),
      Flow("from one behind it", .out, .udp(53).spoofing("2001:db8:8::1"), expect: .passes),
      Flow("ARP for one behind it", .out, .arpReply.claiming("10.8.0.1" as Address), expect: .passes),
      Flow("another's MAC", .out, .udp(53).sourceMAC(), expect: .blocked),
      Flow("RA sent", .out, .routerAdvertisement, expect: .passes),
      Flow("RS", .in, .routerSolicitation, expect: .passes),
      Flow("DHCP offer", .out, .dhcpOffer, expect: .passes),
      Flow("DHCPv6 answer", .out, .dhcpv6Reply, expect: .passes),
      Flow("tcp/80", .in, .tcp(80), expect: .passes),
      Flow("tcp/80", .out, .tcp(80), expect: .passes),
      Flow("tcp/80 from the host", .in, .tcp(80), .host, expect: .passes),
      Flow("GRE", .in, .gre, expect: .passes),
      Flow("VLAN 5", .out, .udp(53).vlan(5), expect: .blocked),
      Flow("ND", .in, .neighbourSolicitation, expect: .passes),
    ],
    behindRouter: [
      Flow("tcp/80", .in, .tcp(80), expect: .passes),
      Flow("tcp/80", .out, .tcp(80), expect: .passes),
      Flow("ping", .in, .echo, expect: .passes),
    ], denied: [])
}
