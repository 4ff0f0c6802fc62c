// SPDX-License-Identifier: Apache-2.0

import Foundation
import PacketProbe
import Sandbox
import Testing

extension EndToEnd {
  /// Real packets against filters whose effect is known: what shows that the harness sees what it claims to see.
  @Suite struct NativeFilterTests {
    /// libvirt's own protection against spoofing.
    private static let cleanTraffic = PolicyCase(
      "clean-traffic",
      policy: """
        groups:
          clean:
            vms: {name: "{vm}"}
            filter: clean-traffic
            parameters: {IP: ["{ip4}"]}
        """,
      flows: [
        Flow("tcp/443 to world", .out, .tcp(443).only(.ipv4), expect: .passes),
        Flow("tcp/22 from world", .in, .tcp(22).only(.ipv4), expect: .passes),
        Flow("IPv6 has no rule", .out, .udp(53).only(.ipv6), expect: .blocked),
        Flow("ping from peer", .in, .echo.only(.ipv4), .peer, expect: .passes),
        Flow("another's address", .out, .udp(53).spoofing("192.168.122.99"), expect: .blocked),
        Flow("another's MAC", .out, .udp(53).only(.ipv4).sourceMAC(), expect: .blocked),
        Flow("ARP request", .out, .arpRequest, expect: .passes),
        Flow("ARP for another", .out, .arpReply.claiming("192.168.122.99" as Address), expect: .blocked),
        Flow("QEMU's announcement", .out, .announcement, expect: .passes),
        Flow("LLDP", .out, .etherType(0x88cc), expect: .blocked),
        Flow("VLAN 5", .out, .udp(53).only(.ipv4).vlan(5), expect: .blocked),
        Flow("priority tag", .in, .udp(53).only(.ipv4).vlan(0), expect: .blocked),
      ])

    /// A web server: all that is not named is dropped, in both families.
    private static let web = PolicyCase(
      "web",
      policy: """
        groups:
          web:
            vms: {name: "{vm}"}
            filter: web
        filters:
          web:
            rules:
              - {action: accept, direction: in, priority: 100, tcp: {dstportstart: 443}}
              - {action: accept, direction: in, priority: 100, tcp-ipv6: {dstportstart: 443}}
              - {action: accept, direction: in, priority: 100, udp: {dstportstart: 5000}}
              - {action: accept, direction: in, priority: 100, udp-ipv6: {dstportstart: 5000}}
              - {action: accept, direction: out, priority: 100, udp: {dstportstart: 53}}
              - {action: accept, direction: out, priority: 100, udp-ipv6: {dstportstart: 53}}
              - {action: reject, direction: out, priority: 200, udp: {state: NEW, dstportstart: 123}}
              - {action: drop, direction: inout, priority: 900, all: {}}
              - {action: drop, direction: inout, priority: 900, all-ipv6: {}}
        """,
      flows: [
        Flow("tcp/443 from world", .in, .tcp(443), expect: .passes),
        Flow("tcp/443 from host", .in, .tcp(443), .host, expect: .passes),
        Flow("tcp/22 from world", .in, .tcp(22), expect: .blocked),
        // Rules for what comes in do not meet what the host sends; the answers die.
        Flow("tcp/22 from host", .in, .tcp(22), .host, expect: .oneWay),
        Flow("tcp/443 to world", .out, .tcp(443), expect: .blocked),
        Flow("udp/53 to world", .out, .udp(53), expect: .passes),
        Flow("udp/53 to host", .out, .udp(53), .host, expect: .passes),
        Flow("udp/53 to 203.0.113.9", .out, .udp(53), .remote("203.0.113.9"), expect: .passes),
        Flow("udp/54 to host", .out, .udp(54), .host, expect: .blocked),
        Flow("udp/123 to world", .out, .udp(123).only(.ipv4), expect: .rejected),
        Flow("ping from peer", .in, .echo, .peer, expect: .blocked),
        Flow("fragments to udp/5000", .in, .fragmented(udp: 5000), expect: .passes),
        Flow("fragments to udp/5001", .in, .fragmented(udp: 5001), expect: .blocked),
        Flow("ARP request", .in, .arpRequest, expect: .passes),
        Flow("VLAN 5 goes round layer 3", .in, .udp(54).vlan(5), expect: .passes),
        Flow("path MTU is not heard of", .out, .pathMTU(udp: 53), expect: .oneWay),
      ])

    private static let open = PolicyCase(
      "open",
      policy: """
        groups:
          open:
            vms: {name: "{vm}"}
            filter: open
        filters:
          open:
            rules:
              - {action: accept, direction: inout}
        """,
      flows: everything)

    /// All kinds of packets, where nothing stops them.
    private static let everything: [Flow] = [
      Flow("tcp", .in, .tcp(80), expect: .passes),
      Flow("tcp", .out, .tcp(80), expect: .passes),
      Flow("udp", .in, .udp(5000), expect: .passes),
      Flow("udp from peer", .in, .udp(5000), .peer, expect: .passes),
      Flow("udp from host", .in, .udp(5000), .host, expect: .passes),
      Flow("udp to host", .out, .udp(5000), .host, expect: .passes),
      Flow("udp to gateway", .out, .udp(5000), .gateway, expect: .passes),
      Flow("udp from elsewhere", .in, .udp(5000), .remote("203.0.113.9"), expect: .passes),
      Flow("udp from elsewhere", .in, .udp(5000), .remote("2001:db8:99::9"), expect: .passes),
      Flow("udp to elsewhere", .out, .udp(5000), .remote("203.0.113.9"), expect: .passes),
      Flow("udp to elsewhere", .out, .udp(5000), .remote("2001:db8:99::9"), expect: .passes),
      Flow("ping", .in, .echo, expect: .passes),
      Flow("ping", .out, .echo, expect: .passes),
      Flow("ping the host", .out, .echo, .host, expect: .passes),
      Flow("closed port", .out, .closedPort(udp: 9), expect: .passes),
      Flow("path MTU", .out, .pathMTU(udp: 53), expect: .passes),
      Flow("traceroute", .out, .traceroute(), expect: .passes),
      Flow("fragments", .in, .fragmented(udp: 5000), expect: .passes),
      Flow("fragments", .out, .fragmented(udp: 5000), expect: .passes),
      Flow("fragments to host", .out, .fragmented(udp: 5000), .host, expect: .passes),
      Flow("GRE", .out, .gre, expect: .passes),
      Flow("protocol 99", .in, .protocol99, expect: .passes),
      Flow("protocol 99 to host", .out, .protocol99, .host, expect: .passes),
    ]

    /// What stays on a link.
    private static let link: [Flow] = [
      Flow("ARP", .in, .arpRequest, expect: .passes),
      Flow("ARP", .out, .arpRequest, expect: .passes),
      Flow("ARP for the host", .out, .arpRequest, .host, expect: .passes),
      Flow("ARP reply", .out, .arpReply.claiming("192.168.122.99" as Address), expect: .passes),
      Flow("gratuitous ARP", .out, .gratuitousARP, expect: .passes),
      Flow("QEMU's announcement", .out, .announcement, expect: .passes),
      Flow("ND", .in, .neighbourSolicitation, expect: .passes),
      Flow("ND", .out, .neighbourSolicitation, expect: .passes),
      Flow("ND with the host", .out, .neighbourSolicitation, .host, expect: .passes),
      Flow("ND advertisement", .out, .neighbourAdvertisement, expect: .passes),
      Flow("DAD", .out, .duplicateAddressDetection, expect: .passes),
      Flow("RS", .out, .routerSolicitation, expect: .passes),
      Flow("RA", .in, .routerAdvertisement, expect: .passes),
      Flow("RA from host", .in, .routerAdvertisement, .host, expect: .passes),
      Flow("DHCP", .out, .dhcpDiscover, expect: .passes),
      Flow("DHCP with the host", .out, .dhcpDiscover, .host, expect: .passes),
      Flow("DHCP offer", .out, .dhcpOffer, expect: .passes),
      Flow("DHCPv6", .out, .dhcpv6Solicit, expect: .passes),
      Flow("another's MAC", .out, .udp(53).sourceMAC(), expect: .passes),
      Flow("another's address", .out, .udp(53).spoofing("192.168.122.99"), expect: .passes),
      Flow("Windows' link-local", .out, .echo.fromRandomLinkLocal, expect: .passes),
      Flow("VLAN 5", .out, .udp(53).vlan(5), expect: .passes),
      Flow("priority tag", .in, .udp(53).vlan(0), expect: .passes),
      Flow("LLDP", .out, .etherType(0x88cc), expect: .passes),
      Flow("multicast", .out, .multicast(udp: 5353), expect: .passes),
      Flow("broadcast", .in, .broadcast(udp: 5353), expect: .passes),
      Flow("IGMP", .out, .igmp, expect: .passes),
      Flow("VRRP", .out, .vrrp(), expect: .passes),
      Flow("VRRP, virtual MAC", .out, .vrrp().sourceMAC("00:00:5e:00:01:0a"), expect: .passes),
      Flow("VRRP", .out, .vrrp(.ipv6), expect: .passes),
    ]

    @Test func `On a bridge packets meet filters as libvirt means them`() async throws {
      let unfiltered = PolicyCase(
        "everything", policy: Self.open.policy.replacing("open", with: "link"), flows: Self.link)
      try await PacketMatrix.expectAgreement(.bridge, [Self.cleanTraffic, Self.web, Self.open, unfiltered])
    }

    @Test func `All kinds of packets get through where nothing stops them`() async throws {
      try await PacketMatrix.expectAgreement(.nat, [Self.open])
      try await PacketMatrix.expectAgreement(.routed, [Self.open])
    }

    @Test func `Routed and NATed packets go round rules for what comes in`() async throws {
      let routed = PolicyCase(
        "web", policy: Self.web.policy,
        flows: [
          Flow("tcp/443 from world", .in, .tcp(443), expect: .passes),
          Flow("tcp/22 from world", .in, .tcp(22), expect: .oneWay),
          Flow("udp/54 from gateway", .in, .udp(54), .gateway, expect: .oneWay),
          Flow("udp/53 to world", .out, .udp(53), expect: .passes),
          Flow("udp/54 to world", .out, .udp(54), expect: .blocked),
        ])
      try await PacketMatrix.expectAgreement(.nat, [routed])
      let bridged = PolicyCase(
        "web", policy: Self.web.policy,
        flows: [
          Flow("tcp/443 from world", .in, .tcp(443), expect: .passes),
          Flow("tcp/22 from world", .in, .tcp(22), expect: .blocked),
          Flow("udp/54 from gateway", .in, .udp(54), .gateway, expect: .blocked),
          Flow("udp/54 from host", .in, .udp(54), .host, expect: .oneWay),
        ])
      try await PacketMatrix.expectAgreement(.routed, [bridged])
    }

    @Test func `A wrong expectation is found`() async throws {
      let wrong = PolicyCase(
        "web", policy: Self.web.policy,
        flows: [
          Flow("right", .in, .tcp(443), expect: .passes),
          Flow("does not pass", .in, .tcp(22), expect: .passes),
          Flow("is not blocked", .in, .tcp(443), expect: .blocked),
          Flow("is one way", .in, .tcp(22), .host, expect: .blocked),
          Flow("is no one way", .out, .udp(53), expect: .oneWay),
          Flow("is rejected", .out, .udp(123).only(.ipv4), expect: .blocked),
        ])
      let report = try await PacketMatrix.with(.bridge, [wrong]) { await $0.observe() }
      let found = report.disagreements.map { "\($0.flow.name), \($0.family.rawValue): \($0.observed.rawValue)" }
      #expect(
        found == [
          "does not pass, IPv4: blocked", "does not pass, IPv6: blocked",
          "is not blocked, IPv4: passes", "is not blocked, IPv6: passes",
          "is one way, IPv4: one way", "is one way, IPv6: one way",
          "is no one way, IPv4: passes", "is no one way, IPv6: passes", "is rejected, IPv4: rejected",
        ])
      #expect(report.table.contains("✗"))
    }
  }
}
