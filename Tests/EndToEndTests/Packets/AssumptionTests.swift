// SPDX-License-Identifier: Apache-2.0

import Foundation
import PacketProbe
import Processes
import Sandbox
import Testing

extension EndToEnd {
  /// What the compiler takes for granted about libvirt, with filters of the form that it makes, written by hand.
  @Suite struct AssumptionTests {
    /// Own MAC and addresses, no server, no other frames, all in the root chain; the rules for layer 3 that no machine can do without.
    private static let guardFilter = """
        guard:
          rules:
            - {action: drop, direction: out, priority: -1000, mac: {match: no, srcmacaddr: $MAC}}
            - {action: drop, direction: out, priority: -300, ip: {protocol: udp, srcportstart: 67}}
            - {action: drop, direction: out, priority: -300, ipv6: {protocol: udp, srcportstart: 547}}
            - {action: drop, direction: out, priority: -300, ipv6: {protocol: icmpv6, type: 134}}
            - {action: accept, direction: out, priority: 10, ip: {srcipaddr: $ADDRESS4}}
            - {action: accept, direction: out, priority: 10, ip: {srcipaddr: 0.0.0.0, protocol: udp, srcportstart: 68, dstportstart: 67}}
            - {action: accept, direction: in, priority: 10, ip: {}}
            - {action: accept, direction: out, priority: 10, ipv6: {srcipaddr: $ADDRESS6}}
            - {action: accept, direction: out, priority: 10, ipv6: {srcipaddr: "fe80::", srcipmask: 64}}
            - {action: accept, direction: out, priority: 10, ipv6: {srcipaddr: "::", protocol: icmpv6}}
            - {action: accept, direction: in, priority: 10, ipv6: {}}
            - {action: accept, direction: out, priority: 10, arp: {arpsrcmacaddr: $MAC, arpsrcipaddr: "$ADDRESS4[@1]"}}
            - {action: accept, direction: out, priority: 10, arp: {arpsrcmacaddr: $MAC, arpsrcipaddr: 0.0.0.0}}
            - {action: accept, direction: in, priority: 10, arp: {}}
            - action: accept
              direction: out
              priority: 11
              rarp: {srcmacaddr: $MAC, dstmacaddr: "ff:ff:ff:ff:ff:ff", opcode: Request_Reverse, arpsrcmacaddr: $MAC, arpdstmacaddr: $MAC, arpsrcipaddr: 0.0.0.0, arpdstipaddr: 0.0.0.0}
            - {action: drop, direction: inout, priority: 900}
            - {action: accept, direction: inout, priority: 100, icmp: {state: RELATED}}
            - {action: accept, direction: inout, priority: 100, icmpv6: {state: RELATED}}
            - {action: accept, direction: out, priority: 100, statematch: false, udp: {srcportstart: 68, dstportstart: 67}}
            - {action: accept, direction: out, priority: 100, statematch: false, udp-ipv6: {srcportstart: 546, dstportstart: 547}}
            - {action: accept, direction: in, priority: 100, statematch: false, icmpv6: {type: 134}}
            - {action: accept, direction: in, priority: 100, statematch: false, icmpv6: {type: 135}}
            - {action: accept, direction: in, priority: 100, statematch: false, icmpv6: {type: 136}}
            - {action: accept, direction: in, priority: 100, statematch: false, icmpv6: {type: 130}}
            - {action: accept, direction: out, priority: 100, statematch: false, icmpv6: {type: 133}}
            - {action: accept, direction: out, priority: 100, statematch: false, icmpv6: {type: 135}}
            - {action: accept, direction: out, priority: 100, statematch: false, icmpv6: {type: 136}}
      """

    private static func group(_ name: String) -> String {
      """
      groups:
        \(name):
          vms: {name: "{vm}"}
          filter: nic-\(name)
      """
    }

    private static func nic(_ name: String) -> String {
      """
        nic-\(name):
          rules:
            - {filterref: profile-\(name), parameters: {ADDRESS4: ["{ip4}", 192.168.122.212], ADDRESS6: ["{ip6}", "2001:db8:122::d4"]}}
      """
    }

    private static let end = """
            - {action: drop, direction: inout, priority: 900, all: {}}
            - {action: drop, direction: inout, priority: 900, all-ipv6: {}}
      """

    /// Strict guard and a default drop in both directions, one service in, DNS out.
    private static let strict = PolicyCase(
      "strict",
      policy: """
        \(group("strict"))
        filters:
        \(guardFilter)
        \(nic("strict"))
          profile-strict:
            rules:
              - {filterref: guard}
              - {action: accept, direction: in, priority: 200, tcp: {dstportstart: 443}}
              - {action: accept, direction: in, priority: 200, tcp-ipv6: {dstportstart: 443}}
              - {action: accept, direction: in, priority: 200, tcp: {state: NONE, dstportstart: 444}}
              - {action: accept, direction: in, priority: 200, tcp-ipv6: {state: NONE, dstportstart: 444}}
              - {action: accept, direction: in, priority: 200, udp: {dstportstart: 5000}}
              - {action: accept, direction: in, priority: 200, udp-ipv6: {dstportstart: 5000}}
              - {action: accept, direction: out, priority: 200, udp: {dstportstart: 53}}
              - {action: accept, direction: out, priority: 200, udp-ipv6: {dstportstart: 53}}
              - {action: accept, direction: out, priority: 200, udp: {dstportstart: 33434}}
              - {action: accept, direction: out, priority: 200, udp-ipv6: {dstportstart: 33434}}
              - {action: accept, direction: out, priority: 200, icmp: {type: 8}}
              - {action: accept, direction: in, priority: 200, icmp: {state: ESTABLISHED, type: 0}}
              - {action: accept, direction: out, priority: 200, icmpv6: {type: 128}}
              - {action: accept, direction: in, priority: 200, icmpv6: {state: ESTABLISHED, type: 129}}
        \(end)
        """,
      flows: [
        Flow("tcp/443", .in, .tcp(443), expect: .passes),
        Flow("tcp/443 from peer", .in, .tcp(443), .peer, expect: .passes),
        Flow("tcp/443 from host", .in, .tcp(443), .host, expect: .passes),
        Flow("tcp/444, stateless", .in, .tcp(444), expect: .oneWay),
        Flow("tcp/22", .in, .tcp(22), expect: .blocked),
        Flow("tcp/22 from host", .in, .tcp(22), .host, expect: .oneWay),
        Flow("udp/53", .out, .udp(53), expect: .passes),
        Flow("udp/53 to host", .out, .udp(53), .host, expect: .passes),
        Flow("udp/53, second address", .out, .udp(53).source("192.168.122.212"), expect: .passes),
        Flow("udp/53, second address", .out, .udp(53).source("2001:db8:122::d4"), expect: .passes),
        Flow("udp/53, another's address", .out, .udp(53).spoofing("192.168.122.99"), expect: .blocked),
        Flow("udp/53, another's address", .out, .udp(53).spoofing("2001:db8:122::99"), expect: .blocked),
        Flow("another's MAC", .out, .udp(53).sourceMAC(), expect: .blocked),
        Flow("another's MAC, ARP", .out, .arpRequest.sourceMAC(), expect: .blocked),
        Flow("another's MAC, LLDP", .out, .etherType(0x88cc).sourceMAC(), expect: .blocked),
        Flow("ping", .out, .echo, expect: .passes),
        Flow("ping the host", .out, .echo, .host, expect: .passes),
        Flow("ping, Windows' link-local", .out, .echo.fromRandomLinkLocal, expect: .passes),
        Flow("ping", .in, .echo, expect: .blocked),
        Flow("path MTU", .out, .pathMTU(udp: 53), expect: .passes),
        Flow("path MTU", .in, .pathMTU(udp: 5000), expect: .passes),
        Flow("traceroute", .out, .traceroute(), expect: .passes),
        Flow("traceroute from host", .in, .traceroute(udp: 5000), .host, expect: .passes),
        Flow("fragments", .in, .fragmented(udp: 5000), expect: .passes),
        Flow("fragments from host", .in, .fragmented(udp: 5000), .host, expect: .passes),
        Flow("fragments", .out, .fragmented(udp: 53), expect: .passes),
        Flow("fragments to host", .out, .fragmented(udp: 53), .host, expect: .passes),
        Flow("fragments, other port", .out, .fragmented(udp: 54), expect: .blocked),
        Flow("ARP", .in, .arpRequest, expect: .passes),
        Flow("ARP", .out, .arpRequest, expect: .passes),
        Flow("ARP, second address", .out, .arpRequest.source("192.168.122.212"), expect: .passes),
        Flow("gratuitous ARP", .out, .gratuitousARP, expect: .passes),
        Flow("ARP, another's address", .out, .arpReply.claiming("192.168.122.99" as Address), expect: .blocked),
        Flow("ARP, another's MAC", .out, .arpReply.claiming("02:00:00:00:00:09" as HardwareAddress), expect: .blocked),
        Flow("announcement", .out, .announcement, expect: .passes),
        Flow("ND", .in, .neighbourSolicitation, expect: .passes),
        Flow("ND", .out, .neighbourSolicitation, expect: .passes),
        Flow("ND with the host", .out, .neighbourSolicitation, .host, expect: .passes),
        Flow("ND from the host", .in, .neighbourSolicitation, .host, expect: .passes),
        Flow("DAD", .out, .duplicateAddressDetection, expect: .passes),
        Flow("RS", .out, .routerSolicitation, expect: .passes),
        Flow("RA", .in, .routerAdvertisement, expect: .passes),
        Flow("RA sent", .out, .routerAdvertisement, expect: .blocked),
        Flow("DHCP", .out, .dhcpDiscover, expect: .passes),
        Flow("DHCP with the host", .out, .dhcpDiscover, .host, expect: .passes),
        Flow("DHCP server", .out, .dhcpOffer, expect: .blocked),
        Flow("DHCPv6", .out, .dhcpv6Solicit, expect: .passes),
        Flow("DHCPv6 server", .out, .dhcpv6Reply, expect: .blocked),
        Flow("LLDP", .out, .etherType(0x88cc), expect: .blocked),
        Flow("LLDP", .in, .etherType(0x88cc), expect: .blocked),
        Flow("VLAN 5", .out, .udp(53).vlan(5), expect: .blocked),
        Flow("VLAN 5", .in, .udp(5000).vlan(5), expect: .blocked),
        Flow("priority tag", .out, .udp(53).vlan(0), expect: .blocked),
        Flow("priority tag", .in, .udp(5000).vlan(0), expect: .blocked),
        Flow("GRE", .out, .gre, expect: .blocked),
        Flow("protocol 99", .out, .protocol99, expect: .blocked),
      ])

    /// GRE to one machine and VRRP, which exist at layer 2 alone: the end names the protocols that layer 3 has.
    private static let exotic = PolicyCase(
      "exotic",
      policy: """
        \(group("exotic"))
        filters:
        \(guardFilter.replacing("guard:", with: "guard-exotic:"))
        \(nic("exotic"))
          peers4:
            chain: ipv4-peers
            priority: -700
            rules:
        \(["tcp", "udp", "udplite", "sctp", "icmp", "igmp", "esp", "ah"].map {
              "      - {action: return, direction: inout, priority: 1, ip: {protocol: \($0)}}"
            }.joined(separator: "\n"))
              - {action: return, direction: inout, priority: 1, ip: {srcipaddr: 192.168.122.2, protocol: 47}}
              - {action: return, direction: inout, priority: 1, ip: {protocol: 112}}
              - {action: drop, direction: inout, priority: 2}
          peers6:
            chain: ipv6-peers
            priority: -600
            rules:
        \(["tcp", "udp", "udplite", "sctp", "icmpv6", "esp", "ah"].map {
              "      - {action: return, direction: inout, priority: 1, ipv6: {protocol: \($0)}}"
            }.joined(separator: "\n"))
              - {action: return, direction: inout, priority: 1, ipv6: {srcipaddr: "2001:db8:122::2", protocol: 47}}
              - {action: drop, direction: inout, priority: 2}
          profile-exotic:
            rules:
              - {filterref: guard-exotic}
              - {filterref: peers4}
              - {filterref: peers6}
              - {action: accept, direction: in, priority: 200, tcp: {dstportstart: 443}}
              - {action: accept, direction: in, priority: 200, tcp-ipv6: {dstportstart: 443}}
              - {action: accept, direction: in, priority: 200, udp: {dstportstart: 5000}}
              - {action: accept, direction: in, priority: 200, udp-ipv6: {dstportstart: 5000}}
        \(["tcp", "udp", "udplite", "sctp", "icmp", "igmp", "esp", "ah"].map {
              "      - {action: drop, direction: inout, priority: 900, \($0): {}}"
            }.joined(separator: "\n"))
        \(["tcp", "udp", "udplite", "sctp", "icmpv6", "esp", "ah"].map {
              "      - {action: drop, direction: inout, priority: 900, \($0 == "icmpv6" ? $0 : $0 + "-ipv6"): {}}"
            }.joined(separator: "\n"))
        """,
      flows: [
        Flow("tcp/443", .in, .tcp(443), expect: .passes),
        Flow("tcp/22", .in, .tcp(22), expect: .blocked),
        Flow("tcp/443 out", .out, .tcp(443), expect: .blocked),
        Flow("GRE", .out, .gre, expect: .passes),
        Flow("GRE", .in, .gre, expect: .passes),
        Flow("GRE to peer", .out, .gre, .peer, expect: .blocked),
        Flow("GRE from peer", .in, .gre, .peer, expect: .blocked),
        Flow("VRRP", .out, .vrrp(), expect: .passes),
        Flow("VRRP", .in, .vrrp(), expect: .passes),
        Flow("VRRP, virtual MAC", .out, .vrrp().sourceMAC("00:00:5e:00:01:0a"), expect: .blocked),
        Flow("VRRP", .out, .vrrp(.ipv6), expect: .blocked),
        Flow("protocol 99", .out, .protocol99, expect: .blocked),
        Flow("protocol 99", .in, .protocol99, expect: .blocked),
        Flow("protocol 99 from host", .in, .protocol99, .host, expect: .blocked),
        Flow("fragments", .in, .fragmented(udp: 5000), expect: .passes),
        Flow("fragments, other port", .in, .fragmented(udp: 5001), expect: .blocked),
        Flow("ARP", .out, .arpRequest, expect: .passes),
        Flow("ND", .out, .neighbourSolicitation, expect: .passes),
        Flow("ND", .in, .neighbourSolicitation, expect: .passes),
        Flow("DHCP", .out, .dhcpDiscover, expect: .passes),
        Flow("another's address", .out, .gre.spoofing("192.168.122.99"), expect: .blocked),
        Flow("VLAN 5", .out, .udp(53).vlan(5), expect: .blocked),
      ])

    /// A drop between what is allowed: of what comes in, and of the answers to it, since a host's packets meet only those.
    private static let segments = PolicyCase(
      "segments",
      policy: """
        groups:
          segments:
            vms: {name: "{vm}"}
            filter: segments
        filters:
          segments:
            rules:
              - {action: accept, direction: in, priority: 200, tcp: {srcipaddr: 203.0.113.9, dstportstart: 22}}
              - {action: drop, direction: out, priority: 201, udp: {state: "NEW,ESTABLISHED", dstportstart: 53}}
              - {action: accept, direction: out, priority: 202, all: {}}
              - {action: accept, direction: out, priority: 202, all-ipv6: {}}
              - {action: drop, direction: in, priority: 203, tcp: {state: "NEW,ESTABLISHED", dstportstart: 22}}
              - {action: drop, direction: out, priority: 203, tcp: {state: ESTABLISHED, srcportstart: 22}}
              - {action: drop, direction: in, priority: 203, tcp-ipv6: {state: "NEW,ESTABLISHED", dstportstart: 22}}
              - {action: drop, direction: out, priority: 203, tcp-ipv6: {state: ESTABLISHED, srcportstart: 22}}
              - {action: accept, direction: in, priority: 204, all: {}}
              - {action: accept, direction: in, priority: 204, all-ipv6: {}}
        \(end)
        """,
      flows: [
        Flow("tcp/22", .in, .tcp(22), expect: .blocked),
        Flow("tcp/22 from one", .in, .tcp(22), .remote("203.0.113.9"), expect: .passes),
        Flow("tcp/22 from host", .in, .tcp(22), .host, expect: .oneWay),
        Flow("tcp/80", .in, .tcp(80), expect: .passes),
        Flow("tcp/80 from host", .in, .tcp(80), .host, expect: .passes),
        Flow("tcp/22", .out, .tcp(22), expect: .passes),
        Flow("tcp/22 from port 22", .out, .tcp(22).from(port: 22), expect: .passes),
        Flow("tcp/22 to host", .out, .tcp(22), .host, expect: .passes),
        Flow("udp/53", .out, .udp(53).only(.ipv4), expect: .blocked),
        Flow("udp/53", .out, .udp(53).only(.ipv6), expect: .passes),
        Flow("udp/53", .in, .udp(53), expect: .passes),
        Flow("udp/53 from host", .in, .udp(53), .host, expect: .passes),
        Flow("ping", .in, .echo, expect: .passes),
        Flow("ping", .out, .echo, .host, expect: .passes),
        Flow("GRE", .in, .gre, expect: .passes),
        Flow("GRE", .out, .gre, expect: .passes),
      ])

    /// Refusals in both directions.
    private static let refuses = PolicyCase(
      "refuses",
      policy: """
        groups:
          refuses:
            vms: {name: "{vm}"}
            filter: refuses
        filters:
          refuses:
            rules:
              - {action: accept, direction: inout, priority: 100, icmp: {state: RELATED}}
              - {action: accept, direction: inout, priority: 100, icmpv6: {state: RELATED}}
              - {action: accept, direction: out, priority: 200, udp: {dstportstart: 53}}
              - {action: reject, direction: inout, priority: 900, all: {}}
              - {action: reject, direction: inout, priority: 900, all-ipv6: {}}
        """,
      flows: [
        Flow("udp/53", .out, .udp(53).only(.ipv4), expect: .passes),
        Flow("udp/54", .out, .udp(54).only(.ipv4), expect: .rejected),
        Flow("udp/54", .out, .udp(54).only(.ipv6), expect: .rejected),
        Flow("tcp/54", .out, .tcp(54), expect: .rejected),
        Flow("udp/54 to host", .out, .udp(54), .host, expect: .rejected),
        Flow("udp/54", .in, .udp(54), expect: .rejected),
        Flow("tcp/54", .in, .tcp(54), expect: .rejected),
        // What comes in is refused in the host's name: it must know a way to the sender.
        Flow("udp/54 from nowhere", .in, .udp(54), .remote("203.0.113.9"), expect: .blocked),
        Flow("udp/54 from host", .in, .udp(54), .host, expect: .oneWay),
      ])

    @Test func `Filters of the compiler's form do what it means`() async throws {
      try await PacketMatrix.expectAgreement(.bridge, [Self.strict, Self.exotic, Self.segments, Self.refuses])
    }

    @Test func `A machine's own kernel gets on behind the guard`() async throws {
      try await PacketMatrix.withPolicies(.nat, [Self.strict]) { host, _, _ in
        for address in ["192.168.122.1", "2001:db8:122::1", "198.51.100.2", "2001:db8:51::2", "192.168.122.11"] {
          #expect(try await host.pings("vm2", address), "ping \(address)")
        }
        for address in ["192.168.122.12", "2001:db8:122::12"] {
          let answered = try await host.pings("vm1", address)
          #expect(!answered, "ping \(address)")
        }
      }
    }

    @Test func `A limit takes no connection from those that are below it`() async throws {
      let limited = PolicyCase(
        "limited",
        policy: """
          groups:
            limited:
              vms: {name: "{vm}"}
              filter: limited
          filters:
            limited:
              rules:
                - {action: drop, direction: in, priority: 200, tcp: {connlimit-above: 20, dstportstart: 443}}
                - {action: accept, direction: in, priority: 201, tcp: {dstportstart: 443}}
                - {action: drop, direction: in, priority: 200, tcp-ipv6: {connlimit-above: 20, dstportstart: 443}}
                - {action: accept, direction: in, priority: 201, tcp-ipv6: {dstportstart: 443}}
          \(Self.end)
          """, flows: [])
      try await PacketMatrix.with(.bridge, [limited]) { matrix in
        for (family, elsewhere) in [(Family.ipv4, "203.0.113.9" as Address), (.ipv6, "2001:db8:99::9")] {
          let flow = Flow("tcp/443", .in, .tcp(443), expect: .passes)
          var connections: [PacketLab.Connection] = []
          for number in 1...20 {
            var connection = matrix.open(flow, of: limited, family)
            #expect(await connection.run() == .passes, "connection \(number), \(family.rawValue)")
            connections.append(connection)
          }
          var late = matrix.open(flow, of: limited, family)
          #expect(await late.run(expecting: .blocked) == .blocked, "the one above the limit, \(family.rawValue)")
          for index in connections.indices {
            #expect(await connections[index].goesOn(), "connection \(index + 1) afterwards, \(family.rawValue)")
          }
          var other = matrix.open(
            Flow("tcp/443", .in, .tcp(443), .remote(elsewhere), expect: .passes), of: limited, family)
          #expect(await other.run() == .passes, "from another address, \(family.rawValue)")
        }
      }
    }

    @Test func `Connections outlive a change of another rule, and no lost parameter opens a machine`() async throws {
      try await PacketMatrix.with(.bridge, [Self.strict]) { matrix in
        var connections: [PacketLab.Connection] = []
        for family in Family.allCases {
          for flow in [
            Flow("tcp/443", .in, .tcp(443), expect: .passes), Flow("tcp/443", .in, .tcp(443), .host, expect: .passes),
            Flow("udp/53", .out, .udp(53), expect: .passes),
          ] {
            var connection = matrix.open(flow, of: Self.strict, family)
            #expect(await connection.run() == .passes)
            connections.append(connection)
          }
        }
        let more = "tcp: {state: NONE, dstportstart: 445}"
        let changed = Self.strict.policy.replacing("tcp: {state: NONE, dstportstart: 444}", with: more)
        try await matrix.apply(changed, of: Self.strict)
        for index in connections.indices { #expect(await connections[index].goesOn()) }

        let whole = try #require(await matrix.host.filters()["nic-strict"])
        let lost = whole.split(separator: "\n").filter { !$0.contains("ADDRESS4") }.joined(separator: "\n")
        await #expect(throws: ProcessError.self) { try await matrix.host.define(lost) }
        for family in Family.allCases {
          var open = matrix.open(Flow("tcp/22", .in, .tcp(22), expect: .blocked), of: Self.strict, family)
          #expect(await open.run(expecting: .blocked) == .blocked)
        }
        for index in connections.indices { #expect(await connections[index].goesOn()) }
      }
    }
  }
}
