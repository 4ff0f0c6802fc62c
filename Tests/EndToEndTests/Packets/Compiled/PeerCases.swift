// SPDX-License-Identifier: Apache-2.0

import PacketProbe

/// Whom rules speak of.
enum PeerCases {
  static let all = [peers, database, parameters, ownParameters, families, backstop, scattered, network]

  private static let peers = CompiledCase(
    "peers", machines: 3, nic: CompiledCase.addresses,
    policy: """
      sets:
        trusted: {members: ["@office", group:peers-clients], except: [203.0.113.128/25, "2001:db8:99:ff::/64"]}
      groups:
        peers-api:
          vms: {name: "{vm}"}
          in:
            - allow tcp/1000 from group:peers-clients
            - allow tcp/1001 from vm:{vm3}
            - allow tcp/1002 from @trusted
            - allow tcp/1003 from host
            - allow tcp/1004 from gateway
            - allow tcp/1005 from network
            - allow tcp/1006 from dns, 198.51.100.10-198.51.100.19
          out:
            - allow udp/53 to dns
            - allow tcp/5432 to group:peers-clients
            - allow tcp/5433 to vm:{vm3}
            - allow tcp/5434 to @trusted
          default: {out: drop}
        peers-clients:
          vms: {name: "{vm2}"}
          default: {in: allow, out: allow}
      """,
    flows: [
      Flow("group, member", .in, .tcp(1000), .machine(2), expect: .passes),
      Flow("group, no member", .in, .tcp(1000), .machine(3), expect: .blocked),
      Flow("group, peer", .in, .tcp(1000), .peer, expect: .blocked),
      Flow("VM", .in, .tcp(1001), .machine(3), expect: .passes),
      Flow("VM, another", .in, .tcp(1001), .machine(2), expect: .blocked),
      Flow("set", .in, .tcp(1002), .remote("203.0.113.9"), expect: .passes),
      Flow("set", .in, .tcp(1002), .remote("2001:db8:99::9"), expect: .passes),
      Flow("set, member of its group", .in, .tcp(1002), .machine(2), expect: .passes),
      Flow("set, left out", .in, .tcp(1002), .remote("203.0.113.200"), expect: .blocked),
      Flow("set, left out", .in, .tcp(1002), .remote("2001:db8:99:ff::9"), expect: .blocked),
      Flow("set, stranger", .in, .tcp(1002), .machine(3), expect: .blocked),
      Flow("host", .in, .tcp(1003), .host, expect: .passes),
      Flow("host, peer", .in, .tcp(1003), .peer, expect: .blocked),
      Flow("gateway", .in, .tcp(1004), .gateway, expect: .passes),
      Flow("gateway, peer", .in, .tcp(1004), .peer, expect: .blocked),
      Flow("network", .in, .tcp(1005), .peer, expect: .passes),
      Flow("network, host", .in, .tcp(1005), .host, expect: .passes),
      Flow("network, stranger", .in, .tcp(1005), .remote("203.0.113.9"), expect: .blocked),
      Flow("network, stranger", .in, .tcp(1005), .remote("2001:db8:99::9"), expect: .blocked),
      Flow("resolver", .in, .tcp(1006), expect: .passes),
      Flow("range", .in, .tcp(1006), .remote("198.51.100.19"), expect: .passes),
      Flow("range, beyond", .in, .tcp(1006), .remote("198.51.100.20"), expect: .blocked),
      Flow("resolver", .out, .udp(53), expect: .passes),
      Flow("no resolver", .out, .udp(53), .host, expect: .blocked),
      Flow("group, member", .out, .tcp(5432), .machine(2), expect: .passes),
      Flow("group, no member", .out, .tcp(5432), .machine(3), expect: .blocked),
      Flow("VM", .out, .tcp(5433), .machine(3), expect: .passes),
      Flow("set", .out, .tcp(5434), .remote("203.0.113.9"), expect: .passes),
      Flow("set, left out", .out, .tcp(5434), .remote("203.0.113.200"), expect: .blocked),
      Flow("ping", .out, .echo, expect: .blocked),
    ],
    behindRouter: [
      Flow("host", .in, .tcp(1003), .host, expect: .passes),
      Flow("gateway", .in, .tcp(1004), .gateway, expect: .passes),
      Flow("network", .in, .tcp(1005), .gateway, expect: .passes),
      Flow("resolver", .out, .udp(53), .neighbour, expect: .passes),
      Flow("no resolver", .out, .udp(53), expect: .blocked),
      Flow("group, member", .in, .tcp(1000), .machine(2), expect: .passes),
      Flow("group, member", .out, .tcp(5432), .machine(2), expect: .passes),
    ],
    denied: Probe.usual + [.tcp(1000), .tcp(1002)])

  /// Reachable from one group alone, in both families.
  private static let database = CompiledCase(
    "postgres", machines: 2, nic: CompiledCase.addresses,
    policy: """
      groups:
        postgres-server:
          vms: {name: "{vm}"}
          in:
            - allow postgres from group:postgres-web
          default: {in: drop, out: drop}
        postgres-web:
          vms: {name: "{vm2}"}
          in:
            - allow https
          out:
            - allow postgres to group:postgres-server
          default: {out: drop}
      """,
    flows: [
      Flow("from the group", .in, .tcp(5432), .machine(2), expect: .passes),
      Flow("other port", .in, .tcp(5433), .machine(2), expect: .blocked),
      Flow("from peer", .in, .tcp(5432), .peer, expect: .blocked),
      Flow("from world", .in, .tcp(5432), expect: .blocked),
      Flow("to the group", .out, .tcp(5432), .machine(2), expect: .blocked),
      Flow("https to the group", .out, .tcp(443), .machine(2), expect: .blocked),
      Flow("group: https", .in, .tcp(443), machine: 2, expect: .passes),
      Flow("group: ssh", .in, .tcp(22), machine: 2, expect: .blocked),
      Flow("group: elsewhere", .out, .tcp(5432), machine: 2, expect: .blocked),
      Flow("group: https out", .out, .tcp(443), machine: 2, expect: .blocked),
    ],
    behindRouter: [
      Flow("from the group", .in, .tcp(5432), .machine(2), expect: .passes),
      Flow("group: https", .in, .tcp(443), machine: 2, expect: .passes),
      Flow("group: https out", .out, .tcp(443), machine: 2, expect: .blocked),
    ],
    denied: Probe.usual + [.tcp(5432)])

  private static let parameters = CompiledCase(
    "parameters",
    group: """
      in:
        - allow $SERVICES from $CLIENTS
        - drop any from $BANNED
        - allow http
      parameters:
        SERVICES: [https, tcp/8443]
        CLIENTS: ["@office", 198.51.100.64/26]
        BANNED: [10.6.6.0/24, "2001:db8:66::/64"]
      """,
    flows: [
      Flow("first, first", .in, .tcp(443), .remote("203.0.113.9"), expect: .passes),
      Flow("second, first", .in, .tcp(8443), .remote("2001:db8:99::9"), expect: .passes),
      Flow("second, second", .in, .tcp(8443), .remote("198.51.100.66"), expect: .passes),
      Flow("stranger", .in, .tcp(443), expect: .blocked),
      Flow("banned", .in, .tcp(80), .remote("10.6.6.6"), expect: .blocked),
      Flow("banned", .in, .tcp(80), .remote("2001:db8:66::6"), expect: .blocked),
      Flow("http", .in, .tcp(80), expect: .passes),
    ],
    denied: Probe.usual + [.tcp(443)])

  private static let ownParameters = CompiledCase(
    "own-parameters", machine: "parameters: {CLIENTS: 203.0.113.7}",
    group: """
      in:
        - allow $SERVICES from $CLIENTS
      parameters: {SERVICES: https, CLIENTS: "@office"}
      """,
    flows: [
      Flow("the VM's own", .in, .tcp(443), .remote("203.0.113.7"), expect: .passes),
      Flow("the group's", .in, .tcp(443), .remote("203.0.113.9"), expect: .blocked),
      Flow("the group's", .in, .tcp(443), .remote("2001:db8:99::9"), expect: .blocked),
      Flow("https", .out, .tcp(443), expect: .passes),
    ],
    denied: Probe.usual + [.tcp(443)])

  /// An address of one family says nothing about the other.
  private static let families = CompiledCase(
    "families",
    group: """
      in:
        - allow tcp/80 from 0.0.0.0/0
        - allow tcp/81 from ::/0
        - allow tcp/82
      out:
        - drop any to 0.0.0.0/0
      """,
    flows: [
      Flow("IPv4", .in, .tcp(80).only(.ipv4), expect: .passes),
      Flow("IPv4", .in, .tcp(80).only(.ipv6), expect: .blocked),
      Flow("IPv6", .in, .tcp(81).only(.ipv4), expect: .blocked),
      Flow("IPv6", .in, .tcp(81).only(.ipv6), expect: .passes),
      Flow("both", .in, .tcp(82), expect: .passes),
      Flow("none out", .out, .udp(53).only(.ipv4), expect: .blocked),
      Flow("all out", .out, .udp(53).only(.ipv6), expect: .passes),
      Flow("none out, protocol 99", .out, .protocol99.only(.ipv4), .peer, expect: .blocked),
      Flow("all out, protocol 99", .out, .protocol99.only(.ipv6), .peer, expect: .passes),
    ],
    behindRouter: [
      Flow("both", .in, .tcp(82), expect: .passes),
      Flow("none out", .out, .udp(53).only(.ipv4), expect: .blocked),
      Flow("all out", .out, .udp(53).only(.ipv6), expect: .passes),
    ])

  /// What layer 2 knows: an address with all protocols, one protocol of others, and where it may speak to.
  private static let backstop = CompiledCase(
    "backstop",
    group: """
      in:
        - drop smtp
        - allow any from @office
        - allow udp/5000 from 10.9.0.0/16
      out:
        - allow https to 198.51.100.0/24
      default: {out: drop}
      """,
    flows: [
      Flow("from the office", .in, .tcp(22), .remote("203.0.113.9"), expect: .passes),
      Flow("from the office", .in, .udp(22), .remote("2001:db8:99::9"), expect: .passes),
      Flow("from the office, protocol 99", .in, .protocol99, .remote("203.0.113.9"), expect: .passes),
      Flow("from the office, smtp", .in, .tcp(25), .remote("203.0.113.9"), expect: .blocked),
      Flow("one port", .in, .udp(5000), .remote("10.9.9.9"), expect: .passes),
      Flow("another port", .in, .udp(5001), .remote("10.9.9.9"), expect: .blocked),
      Flow("https", .out, .tcp(443), .remote("198.51.100.9"), expect: .passes),
      Flow("http", .out, .tcp(80), .remote("198.51.100.9"), expect: .blocked),
      Flow("to the office", .out, .tcp(80), .remote("203.0.113.9"), expect: .blocked),
      Flow("path MTU", .out, .pathMTU(udp: 443), expect: .blocked),
    ],
    behindRouter: [
      Flow("from the office", .in, .tcp(22), .remote("203.0.113.9"), expect: .passes),
      Flow("one port", .in, .udp(5000), .remote("10.9.9.9"), expect: .passes),
      Flow("https", .out, .tcp(443).only(.ipv4), expect: .passes),
    ],
    denied: Probe.usual + [
      .tcp(25).from([.remote("203.0.113.9"), .remote("2001:db8:99::9")]), .tcp(9).from([.remote("10.9.9.9")]),
      .udp(9).from([.remote("10.9.9.9")]), .number(99).from([.remote("10.9.9.9"), .remote("10.10.1.1")]),
    ])

  /// More addresses than layer 2 is given.
  private static let scattered = CompiledCase(
    "scattered",
    group: """
      in:
        - allow ssh from \((1...20).map { "10.\($0 * 2).0.0/16" }.joined(separator: ", "))
      default: {out: drop}
      """,
    flows: [
      Flow("first", .in, .tcp(22), .remote("10.2.1.1"), expect: .passes),
      Flow("last", .in, .tcp(22), .remote("10.40.1.1"), expect: .passes),
      Flow("between", .in, .tcp(22), .remote("10.3.1.1"), expect: .blocked),
      Flow("first, other port", .in, .tcp(23), .remote("10.2.1.1"), expect: .blocked),
      Flow("out", .out, .tcp(22), .remote("10.2.1.1"), expect: .blocked),
    ],
    behindRouter: [
      Flow("first", .in, .tcp(22), .remote("10.2.1.1"), expect: .passes)
    ],
    denied: Probe.usual + [.tcp(22), .tcp(9).from([.remote("10.2.1.1"), .remote("10.3.1.1")])])

  /// Its own network, the router apart.
  private static let network = CompiledCase(
    "near",
    group: """
      in:
        - drop any from gateway
        - allow tcp, icmp from network
      out:
        - allow any to network
      default: {in: drop, out: drop}
      """,
    flows: [
      Flow("from peer", .in, .tcp(80), .peer, expect: .passes),
      Flow("ping from peer", .in, .echo, .peer, expect: .passes),
      Flow("udp from peer", .in, .udp(80), .peer, expect: .blocked),
      Flow("from elsewhere", .in, .tcp(80), .remote("203.0.113.9"), expect: .blocked),
      Flow("to the gateway", .out, .tcp(80), .gateway, expect: .passes),
      Flow("ping the gateway", .out, .echo, .gateway, expect: .passes),
      Flow("to peer", .out, .udp(53), .peer, expect: .passes),
      Flow("to elsewhere", .out, .udp(53), .remote("203.0.113.9"), expect: .blocked),
    ],
    behindRouter: [
      Flow("to the gateway", .out, .udp(53), .gateway, expect: .passes),
      Flow("to the world", .out, .udp(53), expect: .blocked),
    ],
    denied: [
      .tcp(9).from([.world, .host]), .udp(9), .echo.from([.world, .host]), .number(98).from([.world, .host]),
    ])
}
