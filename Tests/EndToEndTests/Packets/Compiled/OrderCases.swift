// SPDX-License-Identifier: Apache-2.0

import PacketProbe

/// Which rule decides: rules that deny between rules that allow, tiers, groups, defaults.
enum OrderCases {
  static let all = [
    mirrored, holes, bans, internet, stateless, refusals, refuses, tiers, lowest, orders, several, emergency, open,
  ]

  /// libvirt makes a rule for the other direction of each denial.
  private static let mirrored = CompiledCase(
    "mirrored",
    group: """
      in:
        - drop tcp/25
        - allow any
      out:
        - drop tcp/25
        - allow any
      """,
    flows: [
      Flow("smtp", .in, .tcp(25), expect: .blocked),
      Flow("smtp", .out, .tcp(25), expect: .blocked),
      Flow("smtp to the host", .out, .tcp(25), .host, expect: .blocked),
      Flow("tcp/80 from port 25", .in, .tcp(80).from(port: 25), expect: .passes),
      Flow("tcp/80 from port 25", .out, .tcp(80).from(port: 25), expect: .passes),
      Flow("tcp/81 from port 25 of the host", .in, .tcp(81).from(port: 25), .host, expect: .passes),
      Flow("tcp/81 from port 25 to the host", .out, .tcp(81).from(port: 25), .host, expect: .passes),
      Flow("udp/25", .in, .udp(25), expect: .passes),
      Flow("udp/25", .out, .udp(25), expect: .passes),
      Flow("ping", .in, .echo, expect: .passes),
      Flow("protocol 99", .in, .protocol99, expect: .passes),
      Flow("protocol 99", .out, .protocol99, .peer, expect: .passes),
      Flow("fragments", .in, .fragmented(udp: 25), expect: .passes),
    ],
    behindRouter: [
      Flow("smtp", .out, .tcp(25), expect: .blocked),
      Flow("tcp/80 from port 25", .in, .tcp(80).from(port: 25), expect: .passes),
      Flow("tcp/80", .out, .tcp(80), expect: .passes),
    ],
    denied: [.tcp(25)])

  private static let holes = CompiledCase(
    "holes",
    group: """
      in:
        - allow tcp/443 from 203.0.113.128/25
        - drop tcp/443 from 203.0.113.0/24, 2001:db8:99::/64
        - allow tcp/443
      out:
        - allow tcp/443 to 10.1.2.3
        - drop any to 10.0.0.0/8, fd00::/8
        - allow any
      """,
    flows: [
      Flow("https", .in, .tcp(443), expect: .passes),
      Flow("https from the upper half", .in, .tcp(443), .remote("203.0.113.200"), expect: .passes),
      Flow("https from the lower half", .in, .tcp(443), .remote("203.0.113.9"), expect: .blocked),
      Flow("https from the prefix", .in, .tcp(443), .remote("2001:db8:99::9"), expect: .blocked),
      Flow("https from beside the prefix", .in, .tcp(443), .remote("2001:db8:99:1::9"), expect: .passes),
      Flow("https to one", .out, .tcp(443), .remote("10.1.2.3"), expect: .passes),
      Flow("https to another", .out, .tcp(443), .remote("10.1.2.4"), expect: .blocked),
      Flow("http to one", .out, .tcp(80), .remote("10.1.2.3"), expect: .blocked),
      Flow("ping one", .out, .echo, .remote("10.1.2.3"), expect: .blocked),
      Flow("udp/53", .out, .udp(53), .remote("fd00::53"), expect: .blocked),
      Flow("udp/53", .out, .udp(53), expect: .passes),
      Flow("protocol 99", .out, .protocol99, .remote("10.1.2.4"), expect: .blocked),
      Flow("https from who may not be asked", .in, .tcp(443), .remote("10.1.2.4"), expect: .passes),
      Flow("https from who may not be asked", .in, .tcp(443), .remote("fd00::53"), expect: .passes),
    ],
    behindRouter: [
      Flow("https", .in, .tcp(443), expect: .passes),
      Flow("https to another", .out, .tcp(443), .remote("10.1.2.4"), expect: .blocked),
      Flow("udp/53", .out, .udp(53), expect: .passes),
    ])

  /// An inbound denial above inbound allows.
  private static let bans = CompiledCase(
    "bans",
    group: """
      in:
        - allow ssh from @office
        - drop ssh
      default: {in: allow}
      """,
    flows: [
      Flow("ssh from the office", .in, .tcp(22), .remote("203.0.113.9"), expect: .passes),
      Flow("ssh from the office", .in, .tcp(22), .remote("2001:db8:99::9"), expect: .passes),
      Flow("ssh", .in, .tcp(22), expect: .blocked),
      Flow("ssh", .out, .tcp(22), expect: .passes),
      Flow("ssh from port 22", .out, .tcp(22).from(port: 22), expect: .passes),
      Flow("ssh to the host", .out, .tcp(22), .host, expect: .passes),
      Flow("http", .in, .tcp(80), expect: .passes),
      Flow("http from the host", .in, .tcp(80), .host, expect: .passes),
      Flow("udp/22", .in, .udp(22), expect: .passes),
      Flow("ping", .in, .echo, expect: .passes),
      Flow("GRE", .in, .gre, expect: .passes),
      Flow("protocol 99 from the host", .in, .protocol99, .host, expect: .passes),
    ],
    behindRouter: [
      Flow("http", .in, .tcp(80), expect: .passes),
      Flow("ping", .in, .echo, expect: .passes),
      Flow("ssh", .out, .tcp(22), expect: .passes),
    ],
    denied: [.tcp(22)])

  /// The internet, but nothing private, and one exception above it.
  private static let internet = CompiledCase(
    "internet",
    group: """
      out:
        - allow dns to 10.0.0.53, fd00::53
        - drop any to 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7
        - drop any to 169.254.169.254
      """,
    flows: [
      Flow("dns", .out, .udp(53), .remote("10.0.0.53"), expect: .passes),
      Flow("dns over tcp", .out, .tcp(53), .remote("fd00::53"), expect: .passes),
      Flow("dns elsewhere", .out, .udp(53), .remote("10.0.0.54"), expect: .blocked),
      Flow("https", .out, .tcp(443), .remote("203.0.113.9"), expect: .passes),
      Flow("https", .out, .tcp(443), .remote("2001:db8:99::9"), expect: .passes),
      Flow("https, private", .out, .tcp(443), .remote("172.31.1.1"), expect: .blocked),
      Flow("https, beside private", .out, .tcp(443), .remote("172.32.1.1"), expect: .passes),
      Flow("https, private", .out, .tcp(443), .remote("fdff::1"), expect: .blocked),
      Flow("metadata", .out, .tcp(80), .remote("169.254.169.254"), expect: .blocked),
      Flow("neighbours", .out, .tcp(80).only(.ipv4), .peer, expect: .blocked),
      Flow("the host", .out, .tcp(80).only(.ipv4), .host, expect: .blocked),
      Flow("ARP", .out, .arpRequest, expect: .passes),
      Flow("DHCP", .out, .dhcpDiscover, expect: .passes),
      Flow("https", .in, .tcp(443), expect: .blocked),
    ],
    behindRouter: [
      Flow("https", .out, .tcp(443), expect: .passes),
      Flow("the gateway", .out, .tcp(80).only(.ipv4), .gateway, expect: .blocked),
      Flow("metadata", .out, .tcp(80), .remote("169.254.169.254"), expect: .blocked),
    ])

  private static let stateless = CompiledCase(
    "stateless",
    group: """
      in:
        - {rule: allow udp/53, stateless: true}
        - {rule: allow tcp/444, stateless: true}
      out:
        - {rule: allow udp, from-port: 53, stateless: true}
      default: {out: drop}
      """,
    flows: [
      Flow("dns", .in, .udp(53), expect: .passes),
      Flow("dns from the host", .in, .udp(53), .host, expect: .passes),
      Flow("no way back", .in, .tcp(444), expect: .oneWay),
      Flow("no way back to the host", .in, .tcp(444), .host, expect: .oneWay),
      Flow("from port 53", .out, .udp(99).from(port: 53), expect: .passes),
      Flow("from another port", .out, .udp(99), expect: .blocked),
      Flow("udp/54", .in, .udp(54), expect: .blocked),
      Flow("tcp/53", .in, .tcp(53), expect: .blocked),
    ],
    behindRouter: [
      Flow("dns", .in, .udp(53), expect: .passes),
      Flow("no way back", .in, .tcp(444), expect: .oneWay),
    ])

  private static let refusals = CompiledCase(
    "refusals",
    group: """
      in:
        - allow ssh
        - reject auth
      out:
        - reject smtp
      """,
    flows: [
      Flow("ssh", .in, .tcp(22), expect: .passes),
      Flow("ident", .in, .tcp(113), expect: .rejected),
      Flow("tcp/114", .in, .tcp(114), expect: .blocked),
      Flow("smtp", .out, .tcp(25), expect: .rejected),
      Flow("smtp to the host", .out, .tcp(25), .host, expect: .rejected),
      Flow("http", .out, .tcp(80), expect: .passes),
      Flow("ident", .out, .tcp(113), expect: .passes),
    ],
    behindRouter: [
      Flow("ssh", .in, .tcp(22), expect: .passes),
      Flow("smtp", .out, .tcp(25), expect: .rejected),
    ],
    denied: Probe.usual + [.tcp(113).from([.host])])

  private static let refuses = CompiledCase(
    "refuses",
    group: """
      in:
        - allow ssh
      out:
        - allow dns
      default: {in: reject, out: reject}
      """,
    flows: [
      Flow("ssh", .in, .tcp(22), expect: .passes),
      Flow("dns", .out, .udp(53), expect: .passes),
      Flow("udp/54", .out, .udp(54), expect: .rejected),
      Flow("tcp/54", .out, .tcp(54), expect: .rejected),
      Flow("udp/54 to the host", .out, .udp(54), .host, expect: .rejected),
      Flow("ping", .out, .echo, expect: .rejected),
      Flow("udp/54", .in, .udp(54), expect: .rejected),
      Flow("tcp/54", .in, .tcp(54), expect: .rejected),
    ],
    behindRouter: [
      Flow("ssh", .in, .tcp(22), expect: .passes),
      Flow("dns", .out, .udp(53), expect: .passes),
      Flow("udp/54", .out, .udp(54), expect: .rejected),
    ],
    denied: [.tcp(9).from([.host, .world]), .udp(9).from([.host, .world])])

  private static let tiers = CompiledCase(
    "tiers",
    policy: """
      groups:
        border:
          vms: {name: "{vm}"}
          tier: security
          in:
            - drop telnet, smb
            - pass any from 10.0.0.0/8, @office
            - drop any
          out:
            - drop smtp
            - pass any
        intranet:
          vms: {name: "{vm}"}
          in:
            - allow https, telnet
          out:
            - allow smtp, dns
            - drop udp
      """,
    flows: [
      Flow("https from the office", .in, .tcp(443), .remote("203.0.113.9"), expect: .passes),
      Flow("https from the office", .in, .tcp(443), .remote("2001:db8:99::9"), expect: .passes),
      Flow("https from inside", .in, .tcp(443), .remote("10.1.1.1"), expect: .passes),
      Flow("https", .in, .tcp(443), expect: .blocked),
      Flow("telnet from the office", .in, .tcp(23), .remote("203.0.113.9"), expect: .blocked),
      Flow("ssh from the office", .in, .tcp(22), .remote("203.0.113.9"), expect: .blocked),
      Flow("smtp", .out, .tcp(25), expect: .blocked),
      Flow("dns", .out, .udp(53), expect: .passes),
      Flow("udp/54", .out, .udp(54), expect: .blocked),
      Flow("https", .out, .tcp(443), expect: .passes),
    ],
    behindRouter: [
      Flow("https", .out, .tcp(443), expect: .passes),
      Flow("smtp", .out, .tcp(25), expect: .blocked),
      Flow("udp/54", .out, .udp(54), expect: .blocked),
    ],
    denied: Probe.usual + [.tcp(443), .tcp(23)])

  private static let lowest = CompiledCase(
    "lowest",
    policy: """
      groups:
        lowest-base:
          vms: {name: "{vm}"}
          tier: baseline
          in:
            - allow tcp/22,8080
            - allow icmp/echo-request
        lowest-app:
          vms: {name: "{vm}"}
          in:
            - drop tcp/22 from 203.0.113.0/24
            - allow tcp/80
        lowest-platform:
          vms: {name: "{vm}"}
          tier: platform
          in:
            - allow tcp/9100 from 203.0.113.9
            - drop tcp/8080 from 203.0.113.9
      """,
    flows: [
      Flow("base", .in, .tcp(22), expect: .passes),
      Flow("base, denied by the application", .in, .tcp(22), .remote("203.0.113.9"), expect: .blocked),
      Flow("base", .in, .tcp(22), .remote("2001:db8:99::9"), expect: .passes),
      Flow("application", .in, .tcp(80), expect: .passes),
      Flow("platform", .in, .tcp(9100), .remote("203.0.113.9"), expect: .passes),
      Flow("platform, for another", .in, .tcp(9100), .remote("203.0.113.10"), expect: .blocked),
      Flow("base, denied by the platform", .in, .tcp(8080), .remote("203.0.113.9"), expect: .blocked),
      Flow("base", .in, .tcp(8080), .remote("203.0.113.10"), expect: .passes),
      Flow("ping", .in, .echo, expect: .passes),
    ],
    denied: Probe.usualWithoutPing)

  /// By name the other one would be first.
  private static let orders = CompiledCase(
    "orders",
    policy: """
      groups:
        orders-a:
          vms: {name: "{vm}"}
          order: 10
          in:
            - drop tcp/8080
            - allow tcp/8081
        orders-b:
          vms: {name: "{vm}"}
          in:
            - allow tcp/8080
            - drop tcp/8081
      """,
    flows: [
      Flow("allowed first", .in, .tcp(8080), expect: .passes),
      Flow("denied first", .in, .tcp(8081), expect: .blocked),
    ],
    denied: Probe.usual + [.tcp(8081)])

  /// Defaults and guards of several groups: the strictest of what is said.
  private static let several = CompiledCase(
    "several", nic: CompiledCase.addresses, machine: "labels: {role: several}",
    policy: """
      groups:
        several-web:
          vms: {name: "vm*", label: {role: several}}
          in:
            - allow http
          guard: {dhcp: server, ip: any}
          default: {in: allow, out: allow}
        several-monitored:
          vms: {label: {role: [several, none]}}
          in:
            - allow node-exporter from @office
          out:
            - allow dns
          default: {out: drop}
        several-careful:
          vms: {mac: ["{mac}"], name: "*"}
          guard: strict
          default: {in: drop}
      """,
    flows: [
      Flow("http", .in, .tcp(80), expect: .passes),
      Flow("node exporter", .in, .tcp(9100), .remote("203.0.113.9"), expect: .passes),
      Flow("node exporter", .in, .tcp(9100), expect: .blocked),
      Flow("tcp/22", .in, .tcp(22), expect: .blocked),
      Flow("dns", .out, .udp(53), expect: .passes),
      Flow("udp/54", .out, .udp(54), expect: .blocked),
      Flow("another's address", .out, .udp(53).spoofing("192.168.122.99"), expect: .blocked),
      Flow("another's address", .out, .udp(53).spoofing("2001:db8:122::99"), expect: .blocked),
      Flow("DHCP offer", .out, .dhcpOffer, expect: .blocked),
      Flow("DHCP", .out, .dhcpDiscover, expect: .passes),
    ])

  private static let emergency = CompiledCase(
    "emergency",
    policy: """
      groups:
        emergency-lock:
          vms: {name: "{vm}"}
          tier: emergency
          in:
            - allow ssh from 203.0.113.9, host
            - drop any
          out:
            - drop any
        emergency-app:
          vms: {name: "{vm}"}
          in:
            - allow any
          default: {in: allow, out: allow}
      """,
    flows: [
      Flow("ssh", .in, .tcp(22), .remote("203.0.113.9"), expect: .passes),
      Flow("ssh from the host", .in, .tcp(22), .host, expect: .passes),
      Flow("ssh from another", .in, .tcp(22), expect: .blocked),
      Flow("http", .in, .tcp(80), expect: .blocked),
      Flow("dns", .out, .udp(53), expect: .blocked),
      Flow("to the host", .out, .tcp(22), .host, expect: .blocked),
      Flow("ping", .out, .echo, expect: .blocked),
      Flow("ARP", .in, .arpRequest, expect: .passes),
    ],
    behindRouter: [
      Flow("dns", .out, .udp(53), expect: .blocked)
    ])

  /// Tagged frames go round rules of layer 3: they pass nowhere by themselves.
  private static let open = CompiledCase(
    "tagged",
    group: """
      default: {in: allow, out: allow}
      """,
    flows: [
      Flow("VLAN 5", .out, .udp(53).vlan(5), expect: .blocked),
      Flow("VLAN 5", .in, .udp(53).vlan(5), expect: .blocked),
      Flow("priority tag", .out, .udp(53).vlan(0), expect: .blocked),
      Flow("priority tag", .in, .udp(53).vlan(0), expect: .blocked),
      Flow("VLAN 5, ARP", .out, .arpRequest.vlan(5), expect: .blocked),
      Flow("LLDP", .out, .etherType(0x88cc), expect: .blocked),
      Flow("LLDP", .in, .etherType(0x88cc), expect: .blocked),
      Flow("udp/53", .out, .udp(53), expect: .passes),
      Flow("udp/53", .in, .udp(53), expect: .passes),
    ],
    denied: [])
}
