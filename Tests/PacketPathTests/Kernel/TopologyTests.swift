// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath
import Testing

/// Which rules a frame meets on its way, flows, and the steps (reference: the paths of section 5.6).
@Suite struct TopologyTests {
  @Test("Packets from routed networks and the host meet layer 2 alone on their way in")
  func inbound() throws {
    let layer3 = try bind(filter("drop inout all"))
    #expect(layer3.outcome("udp 10.9.9.9 > 10.0.0.1", .toMachine) == .dropped)
    #expect(layer3.outcome("udp 10.9.9.9 > 10.0.0.1", .toMachine, .routed) == .accepted)
    #expect(layer3.outcome("udp 10.9.9.9 > 10.0.0.1", .toMachine, .host) == .accepted)
    let layer2 = try bind(filter("drop in ip protocol=udp"))
    for topology in Topology.allCases {
      #expect(layer2.outcome("udp 10.9.9.9 > 10.0.0.1", .toMachine, topology) == .dropped)
      #expect(layer3.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine, topology) == .dropped)
    }
  }

  @Test("An accept of layer 2 leaves layer 3 the word; layer 2 drops what no rule of layer 3 decides")
  func bothLayers() throws {
    let program = try bind(filter("accept inout ip", "drop inout all"))
    #expect(program.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) == .dropped)
    let dropped = try bind(filter("drop in ip", "accept in tcp dstportstart=22"))
    #expect(dropped.outcome("udp 10.9.9.9 > 10.0.0.1", .toMachine) == .dropped)
  }

  @Test("What no rule decides is the host's: to the VM always, from it where the family has no rules")
  func undecided() throws {
    let program = try bind(filter("accept in tcp dstportstart=22", "return in udp"))
    #expect(program.outcome("udp 10.9.9.9 > 10.0.0.1", .toMachine) == .undecided)
    #expect(program.outcome("47 10.9.9.9 > 10.0.0.1", .toMachine) == .undecided)
    #expect(program.outcome("47 10.0.0.1 > 10.9.9.9", .fromMachine) == .accepted)
    #expect(program.outcome("47 [::1] > [::2]", .fromMachine) == .undecided)
    #expect(program.outcome("47 [::1] > [::2]", .fromMachine, .host) == .accepted)
  }

  @Test("reject answers at layer 3, and drops at layer 2")
  func reject() throws {
    let program = try bind(filter("reject inout all"))
    #expect(program.outcome("udp 10.9.9.9 > 10.0.0.1", .toMachine) == .rejected)
    #expect(try bind(filter("reject in ip")).outcome("udp 10.9.9.9 > 10.0.0.1", .toMachine) == .dropped)
  }

  @Test("Flows: both ways, one way, not at all")
  func flows() throws {
    let program = try bind(
      filter(
        "accept in tcp dstportstart=22", "accept out icmp type=8", "accept in icmp type=0", "reject out udp",
        "drop inout 900 all"))
    #expect(program.verdict("tcp 10.9.9.9:99 > 10.0.0.1:22", .toMachine) == .allowed)
    #expect(program.verdict("tcp 10.9.9.9:99 > 10.0.0.1:22", .toMachine, .host) == .allowed)
    #expect(program.verdict("tcp 10.9.9.9:99 > 10.0.0.1:23", .toMachine) == .dropped)
    #expect(program.verdict("tcp 10.9.9.9:99 > 10.0.0.1:23", .toMachine, .routed) == .oneWay)
    #expect(program.verdict("icmp 10.0.0.1 > 10.9.9.9:8.0", .fromMachine) == .allowed)
    #expect(program.verdict("icmp 10.9.9.9 > 10.0.0.1:8.0", .toMachine, .host) == .oneWay)
    #expect(program.verdict("udp 10.0.0.1 > 10.9.9.9:53", .fromMachine) == .rejected)
    #expect(program.verdict("udp 10.9.9.9 > 224.0.0.1:53", .toMachine, .routed) == .allowed)
  }

  @Test("What conntrack says of first packets, and what answers them")
  func tracking() {
    func first(_ text: String) -> Tracking.State { ConnectionTracking.ofFirst(frame(text, .toMachine)).state }
    #expect(first("tcp 10.9.9.9 > 10.0.0.1") == .new)
    #expect(first("icmp 10.9.9.9 > 10.0.0.1:8.0") == .new)
    #expect(first("icmp 10.9.9.9 > 10.0.0.1:0.0") == .invalid)
    #expect(first("icmpv6 [::1] > [::2]:135.0") == .untracked)
    #expect(first("icmpv6 [::1] > [::2]:143.0") == .untracked)
    #expect(first("icmpv6 [::1] > [::2]:1.0") == .invalid)
    #expect(first("icmp 10.9.9.9 > 10.0.0.1:135.0") == .invalid)
    let answer = ConnectionTracking.answer(to: frame("tcp 10.9.9.9:9 > 10.0.0.1:22", .toMachine))
    #expect(answer?.packet == packet("tcp 10.0.0.1:22 > 10.9.9.9:9"))
    #expect(answer?.sourceMAC == own)
    #expect(
      ConnectionTracking.answer(to: frame("icmpv6 [::1] > [::2]:128.0", .toMachine))?.packet
        == packet("icmpv6 [::2] > [::1]:129.0"))
    #expect(ConnectionTracking.answer(to: frame("udp 10.9.9.9 > 255.255.255.255", .toMachine)) == nil)
    #expect(ConnectionTracking.answer(to: frame("icmp 10.9.9.9 > 10.0.0.1:3.1", .toMachine)) == nil)
  }

  @Test func queriesHaveReplies() {
    #expect(ConnectionTracking.reply(to: 8, .ipv4) == 0)
    #expect(ConnectionTracking.reply(to: 13, .ipv4) == 14)
    #expect(ConnectionTracking.reply(to: 17, .ipv4) == 18)
    #expect(ConnectionTracking.reply(to: 128, .ipv6) == 129)
    #expect(ConnectionTracking.reply(to: 3, .ipv4) == nil)
    #expect(ConnectionTracking.reply(to: 8, .ipv6) == nil)
  }

  @Test("Steps name the chains and the rules with their filters")
  func steps() throws {
    let program = try bind(
      filter(named: "top", "continue out -900", "@sub", "accept out ip"),
      filter(named: "sub", chain: "ipv4-x", "return out ip protocol=udp", "drop out 900"), filter(named: "unused"))
    let evaluation = program.evaluate(frame("udp 10.0.0.1 > 10.9.9.9", .fromMachine), .fromMachine, .bridged, .first)
    let layer2 = Hook.ethernet(.fromMachine)
    let forward = Hook.forwardFromMachine(.ipv4)
    #expect(
      evaluation.steps == [
        Evaluation.Step(hook: layer2, chain: "root", event: .matched(.continue, Origin(path: ["top"], entry: 0))),
        Evaluation.Step(hook: layer2, chain: "ipv4-x", event: .entered),
        Evaluation.Step(
          hook: layer2, chain: "ipv4-x", event: .matched(.return, Origin(path: ["top", "sub"], entry: 0))),
        Evaluation.Step(hook: layer2, chain: "root", event: .matched(.accept, Origin(path: ["top"], entry: 2))),
        Evaluation.Step(hook: forward, chain: "root", event: .ended),
      ])
    #expect(evaluation.outcome == .undecided)
    #expect(layer2.chainName("ipv4-x", port: "vnet0") == "I-vnet0-ipv4-x")
    #expect(layer2.chainName("root", port: "vnet0") == "libvirt-I-vnet0")
    #expect(forward.chainName("root", port: "vnet0") == "FI-vnet0")
  }
}
