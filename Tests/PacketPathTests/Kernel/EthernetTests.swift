// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath
import Testing

/// Chains and matches of ebtables (nwfilter_ebiptables_driver.c; Linux, net/bridge/netfilter).
@Suite struct EthernetTests {
  private let address = IPv4Address("10.0.0.1")!
  private let target = IPv4Address("10.0.0.2")!

  private func outcome(_ program: KernelProgram, _ frame: Frame, _ way: Way = .fromMachine) -> Outcome {
    program.outcome(frame, way, .bridged, .first)
  }

  // MARK: Chains

  @Test("The end of a chain accepts, and the rules behind the jump are never met")
  func chainEnd() throws {
    let open = try bind(
      filter(named: "top", "@sub", "drop out 900"), filter(named: "sub", chain: "ipv4", "drop out ip protocol=tcp"))
    #expect(open.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) == .undecided)
    let closed = try bind(
      filter(named: "top", "@sub", "drop out 900"),
      filter(named: "sub", chain: "ipv4", "drop out ip protocol=tcp", "return out 900"))
    #expect(closed.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) == .dropped)
  }

  @Test("A chain stands before root rules of its own priority, and behind those of lower ones")
  func jumpOrder() throws {
    func outcome(_ priority: Int) throws -> Outcome {
      try bind(
        filter(named: "top", "@sub", "accept out \(priority) ip"), filter(named: "sub", chain: "ipv4", "drop out ip")
      ).outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine)
    }
    #expect(try outcome(-701) == .undecided)
    #expect(try outcome(-700) == .dropped)
    #expect(try outcome(500) == .dropped)
  }

  @Test("A chain whose rules have one direction is not there on the other side")
  func oneSided() throws {
    let program = try bind(
      filter(named: "top", "@sub", "drop inout 900"), filter(named: "sub", chain: "ipv4", "accept in ip"))
    #expect(program.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) == .dropped)
    #expect(program.outcome("udp 10.0.0.1 > 10.9.9.9", .toMachine) == .undecided)
  }

  @Test("A side without rules passes everything")
  func noSide() throws {
    let program = try bind(filter("drop out"))
    #expect(outcome(program, frame("udp 10.0.0.1 > 10.9.9.9", .toMachine), .toMachine) == .undecided)
    #expect(
      outcome(program, .tagged(vlan: 1, content: 0x800, sourceMAC: other, destinationMAC: own), .toMachine) == .accepted
    )
  }

  @Test("Chains see the frames that their names say")
  func chainGuards() throws {
    let frames: [String: Frame] = [
      "ipv4": frame("udp 10.0.0.1 > 10.9.9.9", .fromMachine), "ipv6": frame("udp [::1] > [::2]", .fromMachine),
      "arp": .arp(senderMAC: own, sender: address, target: target),
      "rarp": .arp(senderMAC: own, sender: address, target: target, isReverse: true),
      "vlan": .tagged(vlan: 5, content: 0x800, sourceMAC: own, destinationMAC: other),
      "stp": .spanningTree(Frame.SpanningTree(), sourceMAC: own),
      "other": Frame(etherType: 0x88cc, sourceMAC: own, destinationMAC: other),
    ]
    for chain in ["mac", "ipv4", "ipv6", "arp", "rarp", "vlan", "stp"] {
      let program = try bind(filter(named: "top", "@sub"), filter(named: "sub", chain: "\(chain)-x", "drop out"))
      for (name, frame) in frames {
        #expect((outcome(program, frame) == .dropped) == (chain == "mac" || chain == name), "\(chain) \(name)")
      }
    }
  }

  @Test("Where filters give one chain several priorities the last counts; too late for earlier rules, nothing binds")
  func chainPriorities() throws {
    let low = filter(named: "low", chain: "ipv4", priority: -900, "accept out -900 ip")
    let high = filter(named: "high", chain: "ipv4", priority: 700, "accept out 800 ip")
    #expect(failure(filter(named: "top", "@low", "@high"), low, high)?.code == .cannotBind)
    let lifted = filter(named: "low", chain: "ipv4", priority: -900, "drop out 750 ip")
    let program = try bind(filter(named: "top", "@low", "@high", "accept out 600"), lifted, high)
    #expect(program.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) == .undecided)
  }

  @Test("Chains of one priority have no order; that is said where they see the same frames")
  func unordered() throws {
    func ties(_ first: String, _ second: String) throws -> [[String]] {
      try bind(
        filter(named: "top", "@a", "@b"), filter(named: "a", chain: first, priority: 5, "drop inout"),
        filter(named: "b", chain: second, priority: 5, "accept inout")
      ).unorderedChains
    }
    #expect(try ties("ipv4-a", "ipv4-b") == [["ipv4-a", "ipv4-b"]])
    #expect(try ties("ipv4-a", "mac-b") == [["ipv4-a", "mac-b"]])
    #expect(try ties("ipv4-a", "arp-b") == [])
    #expect(try ties("ipv4-a", "ipv4-a") == [])
  }

  @Test("A port's own address is filled in as libvirt does; what libvirt leaves open is no prediction")
  func reference() throws {
    func bind(_ filters: Filter...) throws(KernelProgramError) -> KernelProgram {
      try KernelProgram(
        FilterReference("top"), mac: MACAddress(bits: 0x5254_0000_0001), addresses: [.ipv4(IPv4Address("10.0.0.1")!)],
        filters: Dictionary(uniqueKeysWithValues: filters.map { ($0.name, $0) }))
    }
    let program = try bind(filter(named: "top", "accept out 100 ip srcmacaddr=$MAC srcipaddr=$IP", "drop out 200"))
    #expect(program.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) == .undecided)
    #expect(program.outcome("udp 10.0.0.2 > 10.9.9.9", .fromMachine) == .dropped)
    let error = #expect(throws: KernelProgramError.self) {
      try bind(
        filter(named: "top", "@a", "@b"), filter(named: "a", chain: "ipv4-a", priority: 5, "drop inout"),
        filter(named: "b", chain: "ipv4-b", priority: 5, "accept inout"))
    }
    #expect(error?.code == .chainOrder)
  }

  @Test("continue goes on, return leaves the chain, and leaves the root with accept; reject drops")
  func actions() throws {
    let program = try bind(
      filter("continue out ip", "return out ip protocol=udp", "reject out ip protocol=tcp", "drop out ip"))
    #expect(program.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) == .undecided)
    #expect(program.outcome("tcp 10.0.0.1 > 10.9.9.9", .fromMachine) == .dropped)
    #expect(program.outcome("47 10.0.0.1 > 10.9.9.9", .fromMachine) == .dropped)
  }

  // MARK: Matches

  @Test("inout is written for frames to the VM: source means the other end")
  func mirrored() throws {
    let program = try bind(filter("drop inout ip srcipaddr=10.9.9.9 protocol=udp dstportstart=53"))
    #expect(program.outcome("udp 10.9.9.9:1 > 10.0.0.1:53", .toMachine) == .dropped)
    #expect(program.outcome("udp 10.0.0.1:53 > 10.9.9.9:1", .fromMachine) == .dropped)
    #expect(program.outcome("udp 10.0.0.1:1 > 10.9.9.9:53", .fromMachine) == .undecided)
  }

  @Test("A rule without a protocol meets every frame; tagged frames are no IP")
  func tags() throws {
    let tagged = Frame.tagged(vlan: 5, content: 0x800, sourceMAC: own, destinationMAC: other)
    #expect(outcome(try bind(filter("drop out ip", "drop out all")), tagged) == .accepted)
    #expect(outcome(try bind(filter("drop out")), tagged) == .dropped)
    #expect(outcome(try bind(filter("drop out mac protocolid=vlan")), tagged) == .dropped)
    #expect(outcome(try bind(filter("drop out vlan vlanid=5")), tagged) == .dropped)
    #expect(outcome(try bind(filter("drop out vlan !vlanid=5")), tagged) == .accepted)
  }

  @Test("encap-protocol is printed in decimal and read in hexadecimal")
  func encapsulated() throws {
    func frame(_ type: UInt16) -> Frame { .tagged(vlan: 5, content: type, sourceMAC: own, destinationMAC: other) }
    let program = try bind(filter("drop out vlan encap-protocol=arp"))
    #expect(outcome(program, frame(0x806)) == .accepted)
    #expect(outcome(program, frame(0x2054)) == .dropped)
    #expect(outcome(try bind(filter("drop out vlan encap-protocol=65535")), frame(0x5535)) == .dropped)
  }

  @Test("MAC addresses with masks, own variable, negation")
  func macs() throws {
    let spoof = try bind(filter("drop out mac !srcmacaddr=$MAC"))
    #expect(outcome(spoof, Frame(etherType: 0x88cc, sourceMAC: own, destinationMAC: other)) == .accepted)
    #expect(outcome(spoof, Frame(etherType: 0x88cc, sourceMAC: other, destinationMAC: own)) == .dropped)
    let masked = try bind(filter("drop out mac dstmacaddr=01:00:5e:11:22:33 dstmacmask=ff:ff:ff:00:00:00"))
    let group = MACAddress("01:00:5e:7f:00:01")!
    #expect(outcome(masked, Frame(etherType: 0x88cc, sourceMAC: own, destinationMAC: group)) == .dropped)
    let untyped = try bind(filter("drop out mac !protocolid=ipv4"))
    #expect(outcome(untyped, .spanningTree(Frame.SpanningTree(), sourceMAC: own)) == .dropped)
  }

  @Test("ARP: a destination without a mask takes the source's")
  func arp() throws {
    let borrowed = try bind(
      filter("drop out arp arpsrcipaddr=10.0.0.0 arpsrcipmask=24 arpdstipaddr=10.1.1.7"))
    func request(_ target: String) -> Frame {
      .arp(senderMAC: own, sender: address, target: IPv4Address(target)!)
    }
    #expect(outcome(borrowed, request("10.1.1.99")) == .dropped)
    #expect(outcome(borrowed, request("10.1.2.7")) == .accepted)
    let single = try bind(filter("drop out arp arpdstipaddr=10.1.1.7"))
    #expect(outcome(single, request("10.1.1.99")) == .accepted)
    let operations = try bind(filter("drop out arp opcode=Reply", "drop out arp !arpsrcmacaddr=$MAC"))
    #expect(outcome(operations, request("10.1.1.99")) == .accepted)
    #expect(outcome(operations, .arp(operation: 2, senderMAC: own, sender: address, target: target)) == .dropped)
    #expect(outcome(operations, .arp(senderMAC: other, sender: address, target: target)) == .dropped)
    // Of a message about something else than IPv4 on Ethernet no address is looked at.
    let negated = try bind(filter("drop out arp !arpsrcipaddr=10.9.9.9", "drop out arp !arpsrcmacaddr=$MAC"))
    var message = Frame.arp(senderMAC: own, sender: address, target: target)
    #expect(outcome(negated, message) == .dropped)
    message.arp.protocolType = EtherType.ipv6
    #expect(outcome(negated, message) == .accepted)
    message.arp.senderMAC = other
    #expect(outcome(negated, message) == .dropped)
    message.arp.hardwareType = 6
    #expect(outcome(negated, message) == .accepted)
    let gratuitous = try bind(filter("drop out arp gratuitous=true"))
    #expect(outcome(gratuitous, request("10.0.0.1")) == .dropped)
    #expect(outcome(gratuitous, request("10.0.0.2")) == .accepted)
    let reversed = try bind(filter("drop inout arp arpsrcipaddr=10.0.0.2"))
    #expect(outcome(reversed, request("10.0.0.2")) == .dropped)
  }

  @Test("dscp of ip is compared with the whole TOS byte")
  func typeOfService() throws {
    let program = try bind(filter("drop out ip dscp=10"))
    #expect(program.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) { $0.typeOfService = 10 } == .dropped)
    #expect(program.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) { $0.typeOfService = 40 } == .undecided)
  }

  @Test("Ports match no later fragment; an IPv6 one has protocol 44 here, and AH is seen through")
  func fragments() throws {
    let ports = try bind(filter("drop out ip protocol=udp dstportstart=53"))
    #expect(ports.outcome("udp 10.0.0.1 > 10.9.9.9:53", .fromMachine) { $0.isLaterFragment = true } == .undecided)
    let whole = try bind(filter("drop out ip protocol=udp"))
    #expect(whole.outcome("udp 10.0.0.1 > 10.9.9.9", .fromMachine) { $0.isLaterFragment = true } == .dropped)
    let ipv6 = try bind(filter("drop out ipv6 protocol=udp"))
    #expect(ipv6.outcome("udp [::1] > [::2]", .fromMachine) == .dropped)
    #expect(ipv6.outcome("udp [::1] > [::2]", .fromMachine) { $0.isLaterFragment = true } == .undecided)
    let header = try bind(filter("drop out ipv6 protocol=ah"))
    #expect(header.outcome("ah [::1] > [::2]", .fromMachine) == .undecided)
    let negated = try bind(filter("drop out ipv6 !protocol=udp"))
    #expect(negated.outcome("udp [::1] > [::2]", .fromMachine) { $0.isLaterFragment = true } == .dropped)
    #expect(negated.outcome("59 [::1] > [::2]", .fromMachine) == .undecided)
  }

  @Test("ICMPv6 types and codes: ranges, any code, one negation for both")
  func messages() throws {
    func outcome(_ attributes: String, _ message: String) throws -> Outcome {
      try bind(filter("drop out ipv6 protocol=icmpv6 \(attributes)"))
        .outcome("icmpv6 [::1] > [::2]:\(message)", .fromMachine)
    }
    #expect(try outcome("type=1", "1.4") == .dropped)
    #expect(try outcome("type=1 typeend=3 code=2 codeend=4", "2.4") == .dropped)
    #expect(try outcome("type=1 typeend=3 code=2 codeend=4", "2.5") == .undecided)
    #expect(try outcome("!type=1 typeend=3 code=2 codeend=4", "2.5") == .dropped)
    #expect(try outcome("!type=1 typeend=3 code=2 codeend=4", "3.2") == .undecided)
    #expect(try outcome("code=2", "77.2") == .dropped)
    #expect(failure(filter("drop out ipv6 !protocol=icmpv6 type=1"))?.code == .cannotBind)
    #expect(failure(filter("drop out ip !protocol=tcp dstportstart=1"))?.code == .cannotBind)
  }

  @Test("Spanning tree: the kernel reads every field one byte early")
  func spanningTree() throws {
    var message = Frame.SpanningTree()
    // Flags 1 and the upper byte of 0x0500, for what should be 0x0500.
    let program = try bind(filter("drop out stp root-priority=261 root-priority-hi=270"))
    message.rootPriority = 0x0500
    #expect(outcome(program, .spanningTree(message, sourceMAC: own)) == .accepted)
    message.flags = 1
    #expect(outcome(program, .spanningTree(message, sourceMAC: own)) == .dropped)
    // The type stands where the flags are looked for, and the version where the type is.
    message.type = 128
    #expect(outcome(try bind(filter("drop out stp flags=128")), .spanningTree(message, sourceMAC: own)) == .dropped)
    #expect(outcome(try bind(filter("drop out stp type=128")), .spanningTree(message, sourceMAC: own)) == .accepted)
    #expect(outcome(try bind(filter("drop out stp type=0")), .spanningTree(message, sourceMAC: own)) == .dropped)
    message.port = 0x1234
    message.senderBridge = MACAddress(bits: 0x0102_0304_0506)
    let port = try bind(filter("drop out stp port=\(0x0612) sender-address=00:01:02:03:04:05"))
    #expect(outcome(port, .spanningTree(message, sourceMAC: own)) == .dropped)
    let bare = Frame(etherType: 0, sourceMAC: own, destinationMAC: .bridgeGroup)
    #expect(outcome(program, bare) == .accepted)
    #expect(outcome(try bind(filter("drop out stp")), bare) == .dropped)
    #expect(
      failure(filter("drop inout stp srcmacaddr=$MAC"), parameters: ["MAC": [own.description]])?.code == .cannotBind)
  }
}
