// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Testing

/// Each rule that libvirt widens, drops or cannot bind is found; each of these was seen on libvirt 9.0.0.
@Suite struct RuleCheckTests {
  private func match(
    _ filterProtocol: FilterProtocol, _ attributes: [(String, String, Bool)]
  ) throws -> Match {
    var match = Match(filterProtocol)
    for (name, text, isNegated) in attributes {
      let index = try #require(filterProtocol.attributes.firstIndex { $0.name == name }, "\(name)")
      match.set(index, try filterProtocol.attributes[index].kind.parse(text), isNegated: isNegated)
    }
    return match
  }

  private func codes(
    _ filterProtocol: FilterProtocol, _ attributes: [(String, String)], negated: Bool = false,
    _ action: Action = .accept, _ direction: Direction = .in
  ) throws -> [String] {
    let match = try match(filterProtocol, attributes.map { ($0.0, $0.1, negated) })
    return Rule(action, direction, match: match).findings().map(\.code.rawValue)
  }

  @Test func ordinaryRules() throws {
    #expect(try codes(.tcp, [("dstportstart", "22")]).isEmpty)
    #expect(try codes(.ip, [("protocol", "udp"), ("srcportstart", "67"), ("srcportend", "68")]).isEmpty)
    #expect(try codes(.all, [("ipset", "office"), ("ipsetflags", "src,dst")]).isEmpty)
    #expect(try codes(.ip, [("dstipaddr", "$GATEWAYIP"), ("dstipmask", "24")], negated: true).isEmpty)
    #expect(Rule(.drop, .inout).findings().isEmpty)
  }

  @Test func setsThatLibvirtDrops() throws {
    #expect(try codes(.tcp, [("ipset", "a"), ("ipsetflags", "src")]).contains("not-kept-by-libvirt"))
    #expect(try codes(.udpIPv6, [("ipset", "a")]).contains("not-kept-by-libvirt"))
    #expect(try codes(.all, [("ipset", "a")]) == ["missing-base"])
  }

  @Test func lostNegation() throws {
    #expect(try codes(.tcp, [("dstportstart", "22")], negated: true) == ["negation-lost"])
    #expect(try codes(.tcp, [("srcportstart", "22"), ("dstportstart", "22")], negated: true).isEmpty)
    #expect(try codes(.ip, [("protocol", "tcp"), ("dstportstart", "22")], negated: true).isEmpty)
    let mixed = try match(.icmp, [("type", "8", false), ("code", "0", true)])
    #expect(Rule(.accept, .in, match: mixed).findings().map(\.code.rawValue) == ["negation-lost"])
  }

  @Test func attributesWithoutTheirBase() throws {
    for (name, value) in [("dstportend", "80"), ("srcipmask", "24"), ("srcipto", "10.0.0.9")] {
      #expect(try codes(.tcp, [(name, value)]).contains("missing-base"), "\(name)")
    }
    #expect(try codes(.ip, [("dstportstart", "80")]) == ["ports-without-protocol"])
    #expect(try codes(.ip, [("protocol", "$P"), ("dstportstart", "80")]) == ["ports-without-protocol"])
    #expect(try codes(.ipv6, [("type", "135")]) == ["type-without-protocol"])
  }

  @Test func whatIPv6Lacks() throws {
    #expect(try codes(.tcpIPv6, [("flags", "SYN/ALL")]) == ["not-kept-by-libvirt"])
    #expect(try codes(.allIPv6, [("dstipfrom", "::1"), ("dstipto", "::2")]) == ["not-kept-by-libvirt"])
    #expect(try codes(.allIPv6, [("dstipfrom", "$A"), ("dstipto", "$B")]).isEmpty)
  }

  @Test func whatCannotBeBound() throws {
    #expect(try codes(.tcp, [], .continue) == ["continue-at-layer-3"])
    #expect(try codes(.mac, [], .continue).isEmpty)
    #expect(try codes(.stp, [("srcmacaddr", "1:2:3:4:5:6")], .accept, .inout) == ["stp-inout-address"])
    #expect(try codes(.tcp, [("dstportstart", "90"), ("dstportend", "80")]) == ["inverted-range"])
    #expect(try codes(.all, [("srcipfrom", "10.0.0.9"), ("srcipto", "10.0.0.1")]) == ["inverted-range"])
  }

  @Test func whatDoesLessThanItSeems() throws {
    #expect(try codes(.icmp, [("type", "8")], .accept, .inout) == ["icmp-type-inout"])
    #expect(try codes(.ip, [("dscp", "10")]) == ["ip-dscp-unshifted"])
    #expect(
      try codes(.arp, [("arpsrcipaddr", "10.0.0.1"), ("arpsrcipmask", "24"), ("arpdstipaddr", "10.0.0.2")])
        == ["arp-mask-borrowed"])
  }

  @Test func priorities() {
    #expect(Rule(.drop, .in, priority: 5000).findings().map(\.code.rawValue) == ["bad-priority"])
    #expect(Filter(name: "a", chain: "ipv4", priority: 0).findings().map(\.code.rawValue) == ["priority-lost"])
    #expect(Filter(name: "a", chain: "stp", priority: 0).findings().isEmpty)
    #expect(Filter(name: "a", chain: "ipv4").priority == -700)
  }

  @Test func chains() {
    for good in ["root", "ipv4", "ipv4-web", "mac.x", "arp_1", "stp:9"] {
      #expect(Filter(name: "a", chain: good).findings().isEmpty, "\(good)")
    }
    for bad in ["rootx", "", "IPV4", "ipv4-far-too-long", "ipv4 x", "tcp"] {
      #expect(Filter(name: "a", chain: bad, priority: 1).findings().map(\.code.rawValue) == ["bad-chain"], "\(bad)")
    }
  }

  @Test func references() {
    #expect(FilterReference("a", parameters: ["IP": ["10.0.0.1", "::1"]]).findings().isEmpty)
    let codes = FilterReference("../x", parameters: ["a-b": ["1"], "N": ["10.0.0.0/8"], "E": []]).findings()
      .map(\.code.rawValue)
    #expect(Set(codes) == ["bad-filter-name", "bad-parameter-name", "bad-parameter-value", "empty-parameter"])
  }

  // MARK: Values

  @Test(arguments: [
    (ValueKind.number(0...65535), "016", 16), (.number(0...65535), "0x16", 22),
    (.number(0x600...0xffff, names: .etherTypes), "ARP", 0x806),
    (.number(0...255, names: .ipProtocols), "tcp", 6),
  ])
  func numbers(kind: ValueKind, text: String, value: UInt32) throws {
    #expect(try kind.parse(text) == .number(value))
  }

  @Test(arguments: [
    (ValueKind.number(0...65535), "fff"), (.number(0...65535), "65536"), (.number(0...65535), "-1"),
    (.number(0...65535), " 1"), (.decimal(0...65535), "0x5"), (.ipv4Mask, "255.0.255.0"), (.ipv6Mask, "129"),
    (.macMask, "ff:00:ff:00:00:00"), (.truth, "false"), (.connectionStates, ""), (.connectionStates, "$S"),
    (.tcpFlags, "SYN"), (.tcpFlags, "$F"), (.comment, "$x"), (.comment, "a\nb"), (.setName, "a/b"),
    (.setDirections, "src,"), (.number(0...9), "$"), (.number(0...9), "$A[@1001]"),
  ])
  func refused(kind: ValueKind, text: String) {
    #expect(throws: ValueProblem.self) { try kind.parse(text) }
  }

  @Test func canonicalText() throws {
    for (kind, text, canonical) in [
      (ValueKind.ipv4Mask, "255.255.255.0", "24"), (.connectionStates, "related,NEW", "NEW,RELATED"),
      (.connectionStates, "NEW,NONE", "NONE"), (.tcpFlags, "syn/ack,fin,SYN,RST,PSH,URG", "SYN/ALL"),
      (.tcpFlags, "RST/", "RST/NONE"), (.setDirections, "SRC,dst", "src,dst"),
      (.number(0...65535, names: .arpOperations), "1", "Request"), (.macAddress, "1:2:3:4:5:F", "01:02:03:04:05:0f"),
      (.number(0...9), "$V[@0]", "$V"), (.number(0...9), "$V[ @ 2 ]", "$V[@2]"), (.number(0...9), "$V[ 3 ]", "$V[3]"),
    ] {
      #expect(kind.text(try kind.parse(text)) == canonical)
    }
  }

  @Test func patterns() {
    #expect(NamePattern("web-*").matches("web-1"))
    #expect(NamePattern("*").matches(""))
    #expect(NamePattern("a?c*e").matches("abcde") && !NamePattern("a?c*e").matches("abcd"))
    #expect(!NamePattern("web").matches("web-1"))
    #expect(NamePattern(String(repeating: "*a", count: 50)).matches(String(repeating: "a", count: 5000)))
  }

  @Test func graph() {
    let filters = [
      Filter(name: "a", entries: [.reference(FilterReference("b"))]),
      Filter(name: "b", entries: [.reference(FilterReference("c"))]), Filter(name: "c"),
    ]
    let graph = ReferenceGraph(filters)
    #expect(graph.leavesFirst() == ["c", "b", "a"])
    #expect(graph.closure(of: "b") == ["b", "c"])
    #expect(graph.cycle() == nil)
    let loop = ReferenceGraph(filters + [Filter(name: "c", entries: [.reference(FilterReference("a"))])])
    #expect(loop.cycle()?.count == 4)
    let deep = (0..<100_000).map { Filter(name: "f\($0)", entries: [.reference(FilterReference("f\($0 + 1)"))]) }
    #expect(ReferenceGraph(deep).leavesFirst().count == 100_000)
  }
}
