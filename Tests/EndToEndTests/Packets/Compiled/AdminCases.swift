// SPDX-License-Identifier: Apache-2.0

import PacketProbe

/// What holds for a whole repository: those who may reach every machine, and an environment.
enum AdminCases {
  static let all = [first, isolated, patched]

  static let admins = """
    admins: {from: [203.0.113.77, "2001:db8:99::77", host], allow: [ssh, icmp]}
    """

  static let environment = """
    sets:
      clients: [198.51.100.64/26, "2001:db8:51:1::/64"]
    services:
      patched-app: [tcp/9000]
    groups:
      patched:
        default: {out: drop}
        guard: strict
        parameters: {MONITORS: 198.51.100.2}
        rules:
          clients: {rule: "allow https, patched-app from @clients"}
          ssh: {enabled: false}
          monitors: {to: 224.0.0.251}
    """

  private static let first = CompiledCase(
    "admins-first",
    group: """
      tier: emergency
      in:
        - drop any
      default: {in: drop, out: drop}
      """,
    flows: [
      Flow("admin, ssh", .in, .tcp(22), .remote("203.0.113.77"), expect: .passes),
      Flow("admin, ssh", .in, .tcp(22), .remote("2001:db8:99::77"), expect: .passes),
      Flow("admin, ping", .in, .echo, .remote("203.0.113.77"), expect: .passes),
      Flow("admin, http", .in, .tcp(80), .remote("203.0.113.77"), expect: .blocked),
      Flow("host, ssh", .in, .tcp(22), .host, expect: .passes),
      Flow("host, ping", .in, .echo, .host, expect: .passes),
      Flow("neighbour of an admin, ssh", .in, .tcp(22), .remote("203.0.113.78"), expect: .blocked),
      Flow("world, ssh", .in, .tcp(22), expect: .blocked),
      Flow("ssh", .out, .tcp(22), .remote("203.0.113.77"), expect: .blocked),
    ],
    denied: [.tcp(9), .udp(9), .number(99), .echo.from(Probe.strangers)])

  private static let isolated = CompiledCase(
    "admins-isolated", group: "use: isolated",
    flows: [
      Flow("admin, ssh", .in, .tcp(22), .remote("203.0.113.77"), expect: .passes),
      Flow("admin, ping", .in, .echo, .remote("2001:db8:99::77"), expect: .passes),
      Flow("host, ssh", .in, .tcp(22), .host, expect: .passes),
      Flow("peer, ssh", .in, .tcp(22), .peer, expect: .blocked),
      Flow("world, ping", .in, .echo, expect: .blocked),
      Flow("ping", .out, .echo, expect: .blocked),
    ],
    denied: [.tcp(9), .udp(9), .number(99), .echo.from(Probe.strangers)])

  private static let patched = CompiledCase(
    "patched", nic: CompiledCase.addresses,
    policy: """
      sets:
        clients: [203.0.113.0/24]
      services:
        patched-app: [tcp/8000]
      groups:
        patched:
          vms: {name: "{vm}"}
          in:
            - {rule: allow https from @clients, name: clients}
            - {rule: allow ssh, name: ssh}
            - {rule: allow udp/5353, name: monitors}
            - allow tcp/9100 from $MONITORS
            - allow patched-app
          out:
            - allow dns
          parameters: {MONITORS: 203.0.113.9}
      """,
    flows: [
      Flow("clients of the environment", .in, .tcp(443), .remote("198.51.100.66"), expect: .passes),
      Flow("clients of the environment", .in, .tcp(443), .remote("2001:db8:51:1::1"), expect: .passes),
      Flow("another rule", .in, .tcp(9000), .remote("198.51.100.66"), expect: .passes),
      Flow("clients without it", .in, .tcp(443), .remote("203.0.113.9"), expect: .blocked),
      Flow("rule that is off", .in, .tcp(22), expect: .blocked),
      Flow("other parameter", .in, .tcp(9100), .remote("198.51.100.2"), expect: .passes),
      Flow("parameter without it", .in, .tcp(9100), .remote("203.0.113.9"), expect: .blocked),
      Flow("other service", .in, .tcp(9000), expect: .passes),
      Flow("service without it", .in, .tcp(8000), expect: .blocked),
      Flow("other destination", .in, .udp(5353).to("224.0.0.251"), expect: .passes),
      Flow("destination without it", .in, .udp(5353), expect: .blocked),
      Flow("dns", .out, .udp(53), expect: .passes),
      Flow("other default", .out, .tcp(80), expect: .blocked),
      Flow("other guard", .out, .udp(53).spoofing("192.168.122.99"), expect: .blocked),
    ],
    denied: [.tcp(9), .udp(9), .number(99), .echo.from(Probe.strangers)])
}
