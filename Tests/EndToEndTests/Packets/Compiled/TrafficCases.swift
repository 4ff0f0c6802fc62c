// SPDX-License-Identifier: Apache-2.0

import PacketProbe

/// What rules are about: ports, addresses, messages, and where nwfilter would mean something else by the same words.
enum TrafficCases {
  static let all = [
    web, lists, ranges, ports, icmp, allICMP, closed, multicast, exotic, numbers, services, dates, limited,
  ]

  /// nwfilter's `all` is IPv4 alone.
  private static let web = CompiledCase(
    "web",
    group: """
      in:
        - allow http, https
        - allow ssh from @office
      """,
    flows: [
      Flow("http", .in, .tcp(80), expect: .passes),
      Flow("https", .in, .tcp(443), expect: .passes),
      Flow("https from peer", .in, .tcp(443), .peer, expect: .passes),
      Flow("https from the host", .in, .tcp(443), .host, expect: .passes),
      Flow("tcp/444", .in, .tcp(444), expect: .blocked),
      Flow("udp/443", .in, .udp(443), expect: .blocked),
      Flow("ssh", .in, .tcp(22), expect: .blocked),
      Flow("ssh from peer", .in, .tcp(22), .peer, expect: .blocked),
      Flow("ssh from the office", .in, .tcp(22), .remote("203.0.113.9"), expect: .passes),
      Flow("ssh from the office", .in, .tcp(22), .remote("2001:db8:99::9"), expect: .passes),
      Flow("ssh from beside the office", .in, .tcp(22), .remote("203.0.114.9"), expect: .blocked),
      Flow("ssh from beside the office", .in, .tcp(22), .remote("2001:db8:9a::9"), expect: .blocked),
      Flow("ping", .in, .echo, expect: .blocked),
      Flow("fragments", .in, .fragmented(udp: 5000), expect: .blocked),
      Flow("GRE", .in, .gre, expect: .blocked),
      Flow("protocol 99", .in, .protocol99, expect: .blocked),
      Flow("ESP", .in, .number(50), expect: .blocked),
      Flow("tcp/25", .out, .tcp(25), expect: .passes),
      Flow("udp/53", .out, .udp(53), expect: .passes),
      Flow("udp/53 to the host", .out, .udp(53), .host, expect: .passes),
      Flow("ping", .out, .echo, expect: .passes),
      Flow("ping the host", .out, .echo, .host, expect: .passes),
      Flow("fragments", .out, .fragmented(udp: 53), expect: .passes),
      // Of these the kernel remembers the two ends, and takes all between them for answers.
      Flow("GRE", .out, .gre, .peer, expect: .passes),
      Flow("protocol 99", .out, .protocol99, .peer, expect: .passes),
    ],
    behindRouter: [
      Flow("http", .in, .tcp(80), expect: .passes),
      Flow("https from the gateway", .in, .tcp(443), .gateway, expect: .passes),
      Flow("tcp/25", .out, .tcp(25), expect: .passes),
      Flow("udp/53", .out, .udp(53), expect: .passes),
      Flow("ping", .out, .echo, expect: .passes),
      Flow("traceroute", .out, .traceroute(), expect: .passes),
    ],
    denied: Probe.usual + [.tcp(22)])

  /// nwfilter goes through lists side by side, not each with each.
  private static let lists = CompiledCase(
    "lists",
    group: """
      in:
        - allow tcp/80,443,8080-8090,9000 from 203.0.113.1, 203.0.113.2, 198.51.100.64/26, 2001:db8:99::1, 2001:db8:98::/48
      """,
    flows: [
      Flow("first from first", .in, .tcp(80), .remote("203.0.113.1"), expect: .passes),
      Flow("last from first", .in, .tcp(9000), .remote("203.0.113.1"), expect: .passes),
      Flow("first from second", .in, .tcp(80), .remote("203.0.113.2"), expect: .passes),
      Flow("range from third", .in, .tcp(8085), .remote("198.51.100.100"), expect: .passes),
      Flow("last from third", .in, .tcp(9000), .remote("198.51.100.127"), expect: .passes),
      Flow("first from fourth", .in, .tcp(80), .remote("2001:db8:99::1"), expect: .passes),
      Flow("second from fourth", .in, .tcp(443), .remote("2001:db8:99::1"), expect: .passes),
      Flow("end of range from last", .in, .tcp(8090), .remote("2001:db8:98:5::5"), expect: .passes),
      Flow("beyond range", .in, .tcp(8091), .remote("203.0.113.1"), expect: .blocked),
      Flow("before range", .in, .tcp(8079), .remote("2001:db8:99::1"), expect: .blocked),
      Flow("first from stranger", .in, .tcp(80), .remote("203.0.113.3"), expect: .blocked),
      Flow("last from before a prefix", .in, .tcp(9000), .remote("198.51.100.63"), expect: .blocked),
      Flow("first from stranger", .in, .tcp(80), .remote("2001:db8:99::2"), expect: .blocked),
      Flow("udp of the same port", .in, .udp(80), .remote("203.0.113.1"), expect: .blocked),
    ])

  /// Of IPv6 ranges nwfilter compares one end, or none.
  private static let ranges = CompiledCase(
    "ranges",
    group: """
      in:
        - allow tcp/22 from 2001:db8:99::5-2001:db8:99::13, 203.0.113.5-203.0.113.13
      out:
        - allow udp/53 to 2001:db8:99::5-2001:db8:99::13, 203.0.113.5-203.0.113.13
      default: {out: drop}
      """,
    flows: ["203.0.113.", "2001:db8:99::"].flatMap { prefix in
      [("5", true), ("9", true), ("13", true), ("4", false), ("14", false)].flatMap { last, isInside in
        let address = Address(prefix + last) ?? "192.0.2.1"
        return [
          Flow("tcp/22 from \(prefix)\(last)", .in, .tcp(22), .remote(address), expect: isInside ? .passes : .blocked),
          Flow("udp/53 to \(prefix)\(last)", .out, .udp(53), .remote(address), expect: isInside ? .passes : .blocked),
        ]
      }
    })

  private static let ports = CompiledCase(
    "ports",
    group: """
      in:
        - {rule: allow udp/5000, from-port: 53}
        - {rule: allow tcp/5001-5002, from-port: [1024-2048, 4000]}
      """,
    flows: [
      Flow("udp/5000 from port 53", .in, .udp(5000).from(port: 53), expect: .passes),
      Flow("udp/5000 from port 54", .in, .udp(5000).from(port: 54), expect: .blocked),
      Flow("udp/5000 from port 53 of the host", .in, .udp(5000).from(port: 53), .host, expect: .passes),
      Flow("udp/5001 from port 53", .in, .udp(5001).from(port: 53), expect: .blocked),
      Flow("tcp/5001 from port 1024", .in, .tcp(5001).from(port: 1024), expect: .passes),
      Flow("tcp/5002 from port 2048", .in, .tcp(5002).from(port: 2048), expect: .passes),
      Flow("tcp/5002 from port 4000", .in, .tcp(5002).from(port: 4000), expect: .passes),
      Flow("tcp/5002 from port 2049", .in, .tcp(5002).from(port: 2049), expect: .blocked),
      Flow("tcp/5003 from port 4000", .in, .tcp(5003).from(port: 4000), expect: .blocked),
    ])

  /// nwfilter makes no rule for replies to ICMP of a type.
  private static let icmp = CompiledCase(
    "icmp",
    group: """
      in:
        - allow icmp/echo-request, icmpv4/3/4, icmpv6/packet-too-big
      out:
        - allow icmp/echo-request, icmpv4/timestamp-request, icmpv6/1
      default: {out: drop}
      """,
    flows: [
      Flow("ping", .in, .echo, expect: .passes),
      Flow("ping from the host", .in, .echo, .host, expect: .passes),
      Flow("ping", .out, .echo, expect: .passes),
      Flow("ping the host", .out, .echo, .host, expect: .passes),
      Flow("fragmentation needed", .in, .icmp(3, 4), expect: .passes),
      Flow("host unreachable", .in, .icmp(3, 1), expect: .blocked),
      Flow("timestamp", .in, .icmp(13), expect: .blocked),
      Flow("echo reply to nothing", .in, .icmp(0), expect: .blocked),
      Flow("packet too big", .in, .icmpv6(2), expect: .passes),
      Flow("unreachable", .in, .icmpv6(1), expect: .blocked),
      Flow("node information", .in, .icmpv6(139), expect: .blocked),
      Flow("timestamp", .out, .icmp(13), expect: .passes),
      Flow("address mask", .out, .icmp(17), expect: .blocked),
      Flow("unreachable", .out, .icmpv6(1), expect: .passes),
      Flow("packet too big", .out, .icmpv6(2), expect: .blocked),
      Flow("udp/53", .out, .udp(53), expect: .blocked),
    ],
    behindRouter: [
      Flow("ping", .in, .echo, expect: .passes),
      Flow("ping", .out, .echo, expect: .passes),
    ],
    denied: Probe.usualWithoutPing)

  private static let allICMP = CompiledCase(
    "all-icmp",
    group: """
      in:
        - allow icmp
      default: {out: drop}
      """,
    flows: [
      Flow("ping", .in, .echo, expect: .passes),
      Flow("ping from the host", .in, .echo, .host, expect: .passes),
      Flow("timestamp", .in, .icmp(13), expect: .passes),
      Flow("node information", .in, .icmpv6(139), expect: .passes),
      Flow("ping", .out, .echo, expect: .blocked),
      Flow("udp/53", .in, .udp(53), expect: .blocked),
      Flow("ND", .in, .neighbourSolicitation, expect: .passes),
    ],
    denied: Probe.usualWithoutPing)

  /// Errors about what is allowed are.
  private static let closed = CompiledCase(
    "closed",
    group: """
      in:
        - allow udp/5000
      out:
        - allow udp/53,33434-33534
      default: {in: drop, out: drop}
      """,
    flows: [
      Flow("path MTU", .out, .pathMTU(udp: 53), expect: .passes),
      Flow("path MTU", .in, .pathMTU(udp: 5000), expect: .passes),
      Flow("path MTU with the host", .in, .pathMTU(udp: 5000), .host, expect: .passes),
      Flow("traceroute", .out, .traceroute(), expect: .passes),
      Flow("traceroute", .in, .traceroute(udp: 5000), expect: .passes),
      Flow("traceroute to the host", .out, .traceroute(), .host, expect: .passes),
      Flow("closed port", .out, .closedPort(udp: 53), expect: .passes),
      Flow("closed port", .in, .closedPort(udp: 5000), expect: .passes),
      Flow("fragments", .in, .fragmented(udp: 5000), expect: .passes),
      Flow("fragments from the host", .in, .fragmented(udp: 5000), .host, expect: .passes),
      Flow("fragments, other port", .in, .fragmented(udp: 5001), expect: .blocked),
      Flow("fragments", .out, .fragmented(udp: 53), expect: .passes),
      Flow("fragments to the host", .out, .fragmented(udp: 53), .host, expect: .passes),
      Flow("fragments, other port", .out, .fragmented(udp: 54), expect: .blocked),
      Flow("ping", .out, .echo, expect: .blocked),
    ],
    behindRouter: [
      Flow("path MTU", .out, .pathMTU(udp: 53), expect: .passes),
      Flow("path MTU", .in, .pathMTU(udp: 5000), expect: .passes),
      Flow("traceroute", .out, .traceroute(), expect: .passes),
      Flow("closed port", .out, .closedPort(udp: 53), expect: .passes),
      Flow("fragments", .in, .fragmented(udp: 5000), expect: .passes),
      Flow("fragments", .out, .fragmented(udp: 53), expect: .passes),
      Flow("fragments, other port", .out, .fragmented(udp: 54), expect: .blocked),
      Flow("ping", .out, .echo, expect: .blocked),
    ])

  private static let multicast = CompiledCase(
    "multicast",
    group: """
      in:
        - allow udp/5353 to 224.0.0.251, ff02::fb
      out:
        - allow udp/5353 to 224.0.0.251, ff02::fb
      default: {out: drop}
      """,
    flows: [
      Flow("mDNS", .in, .udp(5353).to("224.0.0.251"), expect: .passes),
      Flow("mDNS", .in, .udp(5353).to("ff02::fb"), expect: .passes),
      Flow("mDNS from peer", .in, .udp(5353).to("224.0.0.251"), .peer, expect: .passes),
      Flow("mDNS to another group", .in, .multicast(udp: 5353), expect: .blocked),
      Flow("mDNS to another group", .in, .udp(5353).to("ff02::fc"), expect: .blocked),
      Flow("mDNS to itself", .in, .udp(5353), expect: .blocked),
      Flow("mDNS", .out, .udp(5353).to("224.0.0.251"), expect: .passes),
      Flow("mDNS", .out, .udp(5353).to("ff02::fb"), expect: .passes),
      Flow("mDNS to another group", .out, .multicast(udp: 5353), expect: .blocked),
      Flow("mDNS to another group", .out, .udp(5353).to("ff02::fc"), expect: .blocked),
      Flow("mDNS to a machine", .out, .udp(5353), expect: .blocked),
      Flow("broadcast", .out, .broadcast(udp: 5353), expect: .blocked),
    ])

  /// Protocols without connections, which only layer 2 tells apart.
  private static let exotic = CompiledCase(
    "exotic",
    group: """
      in:
        - allow tcp/443
        - allow gre from 192.168.122.11, 2001:db8:122::11
        - allow vrrp from network
      out:
        - allow gre to 192.168.122.11, 2001:db8:122::11
        - allow vrrp to 224.0.0.18, ff02::12
      default: {out: drop}
      """,
    flows: [
      Flow("https", .in, .tcp(443), expect: .passes),
      Flow("https from the host", .in, .tcp(443), .host, expect: .passes),
      Flow("tcp/22", .in, .tcp(22), expect: .blocked),
      Flow("https", .out, .tcp(443), expect: .blocked),
      Flow("GRE from peer", .in, .gre, .peer, expect: .passes),
      Flow("GRE to peer", .out, .gre, .peer, expect: .passes),
      Flow("GRE", .in, .gre, expect: .blocked),
      Flow("GRE", .out, .gre, expect: .blocked),
      Flow("VRRP", .in, .vrrp(), expect: .passes),
      Flow("VRRP", .in, .vrrp(.ipv6), expect: .passes),
      Flow("VRRP from outside", .in, .vrrp(), .remote("203.0.113.9"), expect: .blocked),
      Flow("VRRP", .out, .vrrp(), expect: .passes),
      Flow("VRRP", .out, .vrrp(.ipv6), expect: .passes),
      Flow("VRRP to a machine", .out, .number(112), expect: .blocked),
      Flow("protocol 99", .in, .protocol99, expect: .blocked),
      Flow("protocol 99", .out, .protocol99, expect: .blocked),
      Flow("protocol 99 to the host", .out, .protocol99, .host, expect: .blocked),
      Flow("ARP", .out, .arpRequest, expect: .passes),
      Flow("ND", .out, .neighbourSolicitation, expect: .passes),
      Flow("ND", .in, .neighbourSolicitation, expect: .passes),
      Flow("DHCP", .out, .dhcpDiscover, expect: .passes),
      Flow("fragments", .in, .fragmented(udp: 443), expect: .blocked),
    ],
    behindRouter: [
      Flow("https", .in, .tcp(443), expect: .passes),
      Flow("https", .out, .tcp(443), expect: .blocked),
      Flow("protocol 99", .out, .protocol99, expect: .blocked),
    ],
    denied: Probe.usual + [.number(47)])

  private static let numbers = CompiledCase(
    "numbers",
    group: """
      in:
        - allow esp, protocol/99 from @office
        - drop protocol/99
      out:
        - drop protocol/99, ospf
      """,
    flows: [
      Flow("ESP from the office", .in, .number(50), .remote("203.0.113.9"), expect: .passes),
      Flow("ESP from the office", .in, .number(50), .remote("2001:db8:99::9"), expect: .passes),
      Flow("ESP", .in, .number(50), expect: .blocked),
      Flow("protocol 99 from the office", .in, .protocol99, .remote("203.0.113.9"), expect: .passes),
      Flow("protocol 99 from the office", .in, .protocol99, .remote("2001:db8:99::9"), expect: .passes),
      Flow("protocol 99", .in, .protocol99, expect: .blocked),
      Flow("protocol 99", .out, .protocol99, expect: .blocked),
      Flow("OSPF", .out, .number(89), expect: .blocked),
      Flow("GRE", .out, .gre, expect: .passes),
      Flow("GRE", .in, .gre, .peer, expect: .blocked),
      Flow("tcp/80", .out, .tcp(80), expect: .passes),
      Flow("ping", .out, .echo, expect: .passes),
      Flow("tcp/80", .in, .tcp(80), expect: .blocked),
    ],
    behindRouter: [
      Flow("tcp/80", .out, .tcp(80), expect: .passes),
      Flow("protocol 99", .out, .protocol99, expect: .blocked),
    ])

  private static let services = CompiledCase(
    "services",
    policy: """
      services:
        app: [tcp/8080, udp/8081]
        app-and-metrics: [app, node-exporter, tcp/9090-9099]
      groups:
        services:
          vms: {name: "{vm}"}
          in:
            - allow app-and-metrics from @office
            - allow app
      """,
    flows: [
      Flow("app", .in, .tcp(8080), expect: .passes),
      Flow("app, other port", .in, .udp(8081), expect: .passes),
      Flow("app, other protocol", .in, .udp(8080), expect: .blocked),
      Flow("metrics", .in, .tcp(9090), expect: .blocked),
      Flow("metrics from the office", .in, .tcp(9099), .remote("203.0.113.9"), expect: .passes),
      Flow("node exporter from the office", .in, .tcp(9100), .remote("2001:db8:99::9"), expect: .passes),
      Flow("beyond the range", .in, .tcp(9101), .remote("203.0.113.9"), expect: .blocked),
    ])

  private static let dates = CompiledCase(
    "dates",
    group: """
      in:
        - {rule: allow tcp/81, until: 2020-01-01}
        - {rule: allow tcp/82, until: 2099-01-01}
        - {rule: allow tcp/83, enabled: false}
        - {rule: drop tcp/84, until: 2020-01-01, expires: open}
        - allow tcp/84
      """,
    flows: [
      Flow("past", .in, .tcp(81), expect: .blocked),
      Flow("not yet past", .in, .tcp(82), expect: .passes),
      Flow("not enabled", .in, .tcp(83), expect: .blocked),
      Flow("after a denial that is past", .in, .tcp(84), expect: .passes),
    ],
    denied: Probe.usual + [.tcp(81), .tcp(83)])

  /// An accepted connlimit of nwfilter means what is above it.
  private static let limited = CompiledCase(
    "limited",
    group: """
      in:
        - {rule: allow https, limit: {connections: 20}}
        - allow http
      """,
    flows: [
      Flow("below the limit", .in, .tcp(443), expect: .passes),
      Flow("below the limit, from the host", .in, .tcp(443), .host, expect: .passes),
      Flow("without a limit", .in, .tcp(80), expect: .passes),
      Flow("tcp/444", .in, .tcp(444), expect: .blocked),
      Flow("tcp/443", .out, .tcp(443), expect: .passes),
    ])
}
