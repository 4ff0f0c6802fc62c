// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath
import Testing

/// Chains of iptables and ip6tables, the connection's state, topologies (nwfilter_ebiptables_driver.c).
@Suite struct PacketChainTests {
  private let established = Tracking(state: .established, side: .original)
  private let related = Tracking(state: .related, side: .reply)
  private let invalid = Tracking(state: .invalid, side: .original)

  // MARK: State

  @Test("accept in: the connection from outside with its replies, nothing that the VM begins")
  func acceptIn() throws {
    let program = try bind(filter("accept in tcp dstportstart=22", "drop inout 900 all"))
    #expect(program.outcome("tcp 10.9.9.9:99 > 10.0.0.1:22", .toMachine) == .accepted)
    #expect(program.outcome("tcp 10.9.9.9:99 > 10.0.0.1:22", .toMachine, .bridged, established) == .accepted)
    #expect(program.outcome("tcp 10.9.9.9:99 > 10.0.0.1:22", .toMachine, .bridged, invalid) == .dropped)
    #expect(program.outcome("tcp 10.9.9.9:99 > 10.0.0.1:22", .toMachine, .bridged, .answer) == .dropped)
    #expect(program.outcome("tcp 10.0.0.1:22 > 10.9.9.9:99", .fromMachine, .bridged, .answer) == .accepted)
    #expect(program.outcome("tcp 10.0.0.1:22 > 10.9.9.9:99", .fromMachine) == .dropped)
    #expect(program.outcome("tcp 10.0.0.1:22 > 10.9.9.9:99", .fromMachine, .bridged, related) == .dropped)
  }

  @Test("accept out is the mirror image; inout and stateless look at no state")
  func acceptOut() throws {
    let out = try bind(filter("accept out tcp dstportstart=22", "drop inout 900 all"))
    #expect(out.outcome("tcp 10.0.0.1:9 > 10.9.9.9:22", .fromMachine) == .accepted)
    #expect(out.outcome("tcp 10.9.9.9:22 > 10.0.0.1:9", .toMachine, .bridged, .answer) == .accepted)
    #expect(out.outcome("tcp 10.9.9.9:22 > 10.0.0.1:9", .toMachine) == .dropped)
    for line in ["accept inout tcp dstportstart=22", "accept in stateless tcp dstportstart=22"] {
      let both = try bind(filter(line, "drop inout 900 all"))
      #expect(both.outcome("tcp 10.9.9.9:9 > 10.0.0.1:22", .toMachine, .bridged, invalid) == .accepted)
      #expect(both.outcome("tcp 10.0.0.1:22 > 10.9.9.9:9", .fromMachine, .bridged, invalid) == .accepted)
    }
  }

  @Test("drop is mirrored and knows no state")
  func dropMirrored() throws {
    let program = try bind(filter("drop in tcp dstportstart=22"))
    #expect(program.outcome("tcp 10.9.9.9:9 > 10.0.0.1:22", .toMachine, .bridged, established) == .dropped)
    #expect(program.outcome("tcp 10.0.0.1:22 > 10.9.9.9:9", .fromMachine) == .dropped)
    #expect(program.outcome("tcp 10.0.0.1:9 > 10.9.9.9:22", .fromMachine) == .accepted)
  }

  @Test("An explicit state: the direct direction only, drop included; NONE looks at none")
  func explicitState() throws {
    let program = try bind(filter("drop in all state=NEW,RELATED"))
    #expect(program.outcome("udp 10.9.9.9:9 > 10.0.0.1:22", .toMachine) == .dropped)
    #expect(program.outcome("udp 10.9.9.9:9 > 10.0.0.1:22", .toMachine, .bridged, related) == .dropped)
    #expect(program.outcome("udp 10.9.9.9:9 > 10.0.0.1:22", .toMachine, .bridged, .answer) == .undecided)
    #expect(program.outcome("udp 10.0.0.1:22 > 10.9.9.9:9", .fromMachine) == .accepted)
    let none = try bind(filter("drop out all state=NONE"))
    #expect(none.outcome("udp 10.0.0.1:22 > 10.9.9.9:9", .fromMachine, .host, invalid) == .dropped)
    #expect(none.outcome("udp 10.9.9.9:9 > 10.0.0.1:22", .toMachine) == .undecided)
    let stateless = try bind(filter("accept in stateless all state=NEW", "drop inout 900 all"))
    #expect(stateless.outcome("udp 10.0.0.1:22 > 10.9.9.9:9", .fromMachine, .bridged, invalid) == .accepted)
  }

  // MARK: ICMP

  @Test("ICMP with a type has no reverse rule and no side; with inout no rule at all")
  func messages() throws {
    let program = try bind(filter("accept in icmp type=8", "drop inout 900 all"))
    #expect(program.outcome("icmp 10.9.9.9 > 10.0.0.1:8.0", .toMachine) == .accepted)
    #expect(program.outcome("icmp 10.9.9.9 > 10.0.0.1:8.0", .toMachine, .bridged, .answer) == .accepted)
    #expect(program.outcome("icmp 10.0.0.1 > 10.9.9.9:0.0", .fromMachine, .bridged, .answer) == .dropped)
    let both = try bind(filter("drop inout icmp type=8"))
    #expect(both.allStages.allSatisfy { $0.root.rules.isEmpty })
    #expect(both.outcome("icmp 10.0.0.1 > 10.9.9.9:8.0", .fromMachine) == .accepted)
    let plain = try bind(filter("accept in icmp", "drop inout 900 all"))
    #expect(plain.outcome("icmp 10.0.0.1 > 10.9.9.9:0.0", .fromMachine, .bridged, .answer) == .accepted)
  }

  @Test("Codes, negation of both, and type 255, which is any in IPv4")
  func codes() throws {
    func outcome(_ attributes: String, _ message: String) throws -> Outcome {
      try bind(filter("drop out icmp \(attributes)")).outcome("icmp 10.0.0.1 > 10.9.9.9:\(message)", .fromMachine)
    }
    #expect(try outcome("type=3 code=4", "3.4") == .dropped)
    #expect(try outcome("type=3 code=4", "3.5") == .accepted)
    #expect(try outcome("!type=3 code=4", "3.5") == .dropped)
    #expect(try outcome("!type=3 code=4", "3.4") == .accepted)
    #expect(try outcome("type=255", "3.4") == .dropped)
    #expect(try outcome("!type=255", "3.4") == .accepted)
    let ipv6 = try bind(filter("drop out icmpv6 type=255"))
    #expect(ipv6.outcome("icmpv6 [::1] > [::2]:3.4", .fromMachine) == .accepted)
  }

  // MARK: Limits, MAC addresses, sets

  @Test("connlimit: only where the rule is written, instead of the state; above means more than")
  func limits() throws {
    let program = try bind(filter("drop out tcp connlimit-above=2", "accept in tcp connlimit-above=1"))
    var tracking = Tracking.first
    tracking.connections = 2
    #expect(program.outcome("tcp 10.0.0.1 > 10.9.9.9", .fromMachine, .bridged, tracking) == .accepted)
    tracking.connections = 3
    #expect(program.outcome("tcp 10.0.0.1 > 10.9.9.9", .fromMachine, .bridged, tracking) == .dropped)
    #expect(program.outcome("tcp 10.9.9.9 > 10.0.0.1", .toMachine, .bridged, tracking) == .accepted)
    let hooks = program.allStages.filter { !$0.root.rules.isEmpty }.map { ($0.hook, $0.root.rules.count) }
    #expect(hooks.map(\.1) == [1, 1, 1])
    let accept = program.allStages.first { $0.hook == .forwardToMachine(.ipv4) }?.root.rules.first
    #expect(accept?.conditions.contains { if case .range(.state, _) = $0.test { true } else { false } } == false)
  }

  @Test("A limit takes the place of an explicit state in an accept, and stands beside it in a drop")
  func limitAndState() throws {
    func states(_ line: String) throws -> Int {
      try bind(filter(line)).allStages.flatMap(\.root.rules).flatMap(\.conditions).filter {
        if case .range(.state, _) = $0.test { true } else { false }
      }.count
    }
    #expect(try states("accept out tcp connlimit-above=2 state=NEW") == 0)
    #expect(try states("drop out tcp connlimit-above=2 state=NEW") == 2)
  }

  @Test("srcmacaddr is in no reversed rule; a rule of which nothing else is left is not made")
  func sourceMAC() throws {
    let program = try bind(filter("drop out tcp srcmacaddr=$MAC"))
    #expect(program.outcome("tcp 10.9.9.9 > 10.0.0.1", .toMachine) == .undecided)
    #expect(program.outcome("tcp 10.0.0.1 > 10.9.9.9", .fromMachine) == .dropped)
    let more = try bind(filter("drop out tcp srcmacaddr=$MAC dstportstart=22"))
    #expect(more.outcome("tcp 10.9.9.9:22 > 10.0.0.1:9", .toMachine) == .dropped)
  }

  @Test("Sets are asked with swapped ends in reversed rules, and not on other protocols than all")
  func sets() throws {
    let program = try bind(filter("drop out all ipset=bad ipsetflags=dst"))
    let bad = SetLookup(name: "bad", directions: [.destination])
    #expect(program.outcome("tcp 10.0.0.1 > 10.9.9.9", .fromMachine) { $0.memberships = [bad] } == .dropped)
    #expect(program.outcome("tcp 10.0.0.1 > 10.9.9.9", .fromMachine) == .accepted)
    let swapped = SetLookup(name: "bad", directions: [.source])
    #expect(program.outcome("tcp 10.9.9.9 > 10.0.0.1", .toMachine) { $0.memberships = [swapped] } == .dropped)
    #expect(program.outcome("tcp 10.9.9.9 > 10.0.0.1", .toMachine) { $0.memberships = [bad] } == .undecided)
  }

  // MARK: Headers

  @Test("Negated ports, ranges, masks; the sign of a destination port is that of the source port")
  func negation() throws {
    let ports = try bind(filter("drop out tcp !srcportstart=10 srcportend=20"))
    #expect(ports.outcome("tcp 10.0.0.1:15 > 10.9.9.9:1", .fromMachine) == .accepted)
    #expect(ports.outcome("tcp 10.0.0.1:25 > 10.9.9.9:1", .fromMachine) == .dropped)
    let lost = try bind(filter("drop out tcp !dstportstart=22"))
    #expect(lost.outcome("tcp 10.0.0.1:1 > 10.9.9.9:22", .fromMachine) == .dropped)
    let range = try bind(filter("drop out udp !dstipfrom=10.9.0.0 dstipto=10.9.255.255"))
    #expect(range.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) == .accepted)
    #expect(range.outcome("udp 10.0.0.1 > 10.8.9.9", .fromMachine) == .dropped)
    let mask = try bind(filter("drop out udp dstipaddr=10.9.3.3 dstipmask=16"))
    #expect(mask.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) == .dropped)
    let reversed = try bind(filter("drop out all srcipfrom=10.0.0.9 srcipto=10.0.0.1"))
    #expect(reversed.outcome("udp 10.0.0.5 > 10.9.9.9", .fromMachine) == .accepted)
  }

  @Test("What the tools refuse, and the reversed range of ports that only UDP takes, and that holds none")
  func refusals() throws {
    let line = "drop out udp srcportstart=9 srcportend=$LAST"
    let reversed = try bind(filter(line), parameters: ["LAST": ["5"]])
    #expect(reversed.outcome("udp 10.0.0.1:7 > 10.9.9.9:1", .fromMachine) == .accepted)
    let tcp = failure(filter(line.replacing("udp", with: "tcp")), parameters: ["LAST": ["5"]])
    #expect(tcp?.code == .cannotBind)
    #expect(failure(filter("drop out udp !srcipaddr=10.0.0.1 srcipmask=0"))?.code == .cannotBind)
    #expect(
      failure(filter("drop out mac srcmacaddr=52:54:00:00:00:01 srcmacmask=00:00:00:00:00:00"))?.code == .cannotBind)
  }

  @Test("A range of IPv6 destinations exists through a variable only")
  func ranges() throws {
    let program = try bind(
      filter("drop out udp-ipv6 dstipfrom=2001:db8::1 dstipto=$LAST"), parameters: ["LAST": ["2001:db8::9"]])
    #expect(program.outcome("udp [2001:db9::1] > [2001:db8::5]", .fromMachine) == .dropped)
    #expect(program.outcome("udp [2001:db9::1] > [2001:db8::15]", .fromMachine) == .accepted)
  }

  @Test("Flags, options and DSCP")
  func headers() throws {
    let flags = try bind(filter("drop out tcp flags=SYN,ACK/SYN"))
    #expect(flags.outcome("tcp 10.0.0.1 > 10.9.9.9", .fromMachine) { $0.tcpFlags = .syn } == .dropped)
    #expect(flags.outcome("tcp 10.0.0.1 > 10.9.9.9", .fromMachine) { $0.tcpFlags = [.syn, .ack] } == .accepted)
    let option = try bind(filter("drop out tcp option=4"))
    #expect(option.outcome("tcp 10.0.0.1 > 10.9.9.9", .fromMachine) { $0.tcpOptions = [2, 4] } == .dropped)
    #expect(option.outcome("tcp 10.0.0.1 > 10.9.9.9", .fromMachine) { $0.tcpOptions = [2] } == .accepted)
    let dscp = try bind(filter("drop out all dscp=10"))
    #expect(dscp.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) { $0.typeOfService = 43 } == .dropped)
    #expect(failure(filter("drop out tcp option=0"))?.code == .cannotBind)
  }

  @Test("Later fragments have a protocol, and no ports")
  func fragments() throws {
    let ports = try bind(filter("drop out tcp !srcportstart=1"))
    #expect(ports.outcome("tcp 10.0.0.1 > 10.9.9.9", .fromMachine) { $0.isLaterFragment = true } == .accepted)
    let whole = try bind(filter("drop out tcp"))
    #expect(whole.outcome("tcp 10.0.0.1 > 10.9.9.9", .fromMachine) { $0.isLaterFragment = true } == .dropped)
  }

  @Test("Each protocol finds its number; families keep apart", arguments: FilterProtocol.allCases)
  func protocols(name: FilterProtocol) throws {
    guard name.layer != .ethernet else { return }
    let numbers: [String: UInt8] = [
      "tcp": 6, "udp": 17, "udplite": 136, "sctp": 132, "icmp": 1, "icmpv6": 58, "igmp": 2, "esp": 50, "ah": 51,
    ]
    let program = try bind(filter("drop out \(name.name)"))
    let number = numbers[name.name.replacing("-ipv6", with: "")]
    for candidate: UInt8 in [1, 2, 6, 17, 47, 50, 51, 58, 132, 136] {
      let ends = ["10.0.0.1 > 10.9.9.9", "[::1] > [::2]"]
      let outcomes = ends.map { program.outcome("\(candidate) \($0)", .fromMachine) }
      let matches = number == nil || number == candidate
      #expect(outcomes[0] == (name.layer == .ipv4 ? (matches ? .dropped : .accepted) : .undecided))
      #expect(outcomes[1] == (name.layer == .ipv6 ? (matches ? .dropped : .accepted) : .undecided))
    }
  }

  @Test("continue cannot be bound at layer 3")
  func continues() {
    #expect(failure(filter("continue out tcp"))?.code == .cannotBind)
  }
}
