// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Testing

@testable import PacketPath

@Suite("Traffic change in words")
struct TrafficChangeTests {
  private let own = OwnAddresses(
    mac: MACAddress(bits: 0x5254_0000_0001), addresses: [try! AddressRange(parsing: "10.0.0.11")])

  /// A rule from attributes by name.
  private func rule(
    _ action: Action, _ direction: Direction, _ name: FilterProtocol, _ values: [String: Value] = [:],
    priority: Int = Rule.defaultPriority
  ) -> Rule {
    var match = Match(name)
    for (attribute, value) in values {
      match.set(name.attributes.firstIndex { $0.name == attribute }!, value)
    }
    return Rule(action, direction, priority: priority, match: match)
  }

  private func program(_ rules: [Rule]) throws -> KernelProgram {
    let drops = [FilterProtocol.all, .allIPv6].map { rule(.drop, .inout, $0, priority: 1000) }
    return try KernelProgram(
      root: "f", filters: ["f": Filter(name: "f", entries: (rules + drops).map { .rule($0) })], parameters: [:])
  }

  private let names = TrafficNames { family, type, code in
    code == nil && (family == .ipv4 && type == 8 || family == .ipv6 && type == 128) ? "echo-request" : nil
  }

  private func lines(_ old: [Rule], _ new: [Rule]) throws -> [String] {
    trafficChange(from: try program(old), to: try program(new), own: own).lines(names: names)
  }

  private func port(_ number: UInt32) -> [String: Value] { ["dstportstart": .number(number)] }

  @Test("A port for both families is one line for bridged traffic, and the answers one for the rest")
  func bothFamilies() throws {
    let new = [rule(.accept, .in, .tcp, port(8080)), rule(.accept, .in, .tcpIPv6, port(8080))]
    let added = try lines([], new)
    #expect(
      added == [
        "newly allowed in: tcp/8080 from any (bridged)",
        "now answered, was one way, in: tcp/8080 from any (routed, from the host)",
      ])
    let removed = try lines(new, [])
    #expect(
      removed == [
        "newly denied in: tcp/8080 from any (bridged)",
        "newly one way, not answered, in: tcp/8080 from any (routed, from the host)",
      ])
  }

  @Test("What is allowed out is the same for all topologies where it is answered on the bridge only")
  func outbound() throws {
    let new = [rule(.accept, .out, .udp, port(53)), rule(.accept, .out, .udpIPv6, port(53))]
    #expect(try lines([], new) == ["newly allowed out: udp/53 to any"])
  }

  @Test("Addresses of one family, ports together")
  func addresses() throws {
    let from: [String: Value] = ["srcipaddr": .ipv4(IPv4Address(bits: 0x0a00_0000)), "srcipmask": .prefixLength(8)]
    let new = [22, 80, 81].map { rule(.accept, .in, .tcp, from.merging(port($0)) { $1 }) }
    let lines = try lines([], new)
    #expect(lines[0] == "newly allowed in: tcp/22,80-81 from 10.0.0.0/8 (bridged)")
  }

  @Test("A message of ICMP has one name in both families")
  func messages() throws {
    let new = [
      rule(.accept, .in, .icmp, ["type": .number(8)]), rule(.accept, .out, .icmp, ["type": .number(0)]),
      rule(.accept, .in, .icmpv6, ["type": .number(128)]), rule(.accept, .out, .icmpv6, ["type": .number(129)]),
    ]
    let lines = try lines([], new)
    #expect(lines[0] == "newly allowed in: icmp/echo-request from any (bridged)")
  }

  @Test("Other rules for the same packets are no change")
  func refactoring() throws {
    let range: [String: Value] = ["dstportstart": .number(80), "dstportend": .number(81)]
    let old = [rule(.accept, .in, .tcp, port(80)), rule(.accept, .in, .tcp, port(81))]
    #expect(trafficChange(from: try program(old), to: try program([rule(.accept, .in, .tcp, range)])).isNone)
    #expect(trafficChange(from: try program(old), to: try program(old)).isNone)
    #expect(trafficChange(from: nil, to: nil).isNone)
  }

  @Test("Spoofed traffic is told apart from ordinary")
  func spoofed() throws {
    let all = [rule(.accept, .out, .all), rule(.accept, .out, .allIPv6)]
    let mac = Value.mac(MACAddress(bits: 0x5254_0000_0001))
    var guarding = rule(.drop, .out, .mac, ["srcmacaddr": mac])
    guarding.match!.set(0, mac, isNegated: true)
    let lines = try lines(all, all + [guarding])
    #expect(
      lines == [
        "newly denied out: any but icmp to any (with a foreign MAC address)",
        "newly denied out: icmp/echo-request, icmpv4/13, icmpv4/15, icmpv4/17 to 0.0.0.0/0 (with a foreign MAC address)",
        "newly denied out: icmp/echo-request, icmpv6/139 to ::/0 (with a foreign MAC address)",
        "newly denied out: vlan, arp, rarp, 802.3, other frames with source MAC any but 52:54:00:00:00:01",
      ])
  }

  @Test("Frames that are no packets are named by their type")
  func otherFrames() throws {
    let new = [rule(.drop, .inout, .vlan, ["vlanid": .number(5)]), rule(.drop, .in, .arp)]
    let lines = try lines([], new)
    #expect(
      lines == ["newly denied out: vlan 5", "newly denied in: vlan 5, arp"])
  }

  @Test("What becomes of answers alone is told of running connections")
  func laterPackets() throws {
    let established: [String: Value] = ["state": .states(.established)]
    let change = try lines([], [rule(.accept, .in, .tcp, established)])
    #expect(change == ["newly allowed in: tcp from 0.0.0.0/0 (packets of running connections, fragments) (bridged)"])
  }
}
