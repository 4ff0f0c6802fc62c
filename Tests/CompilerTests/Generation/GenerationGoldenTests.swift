// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import GoldenSupport
import PacketPath
import Testing

@testable import Compiler

/// What nwfilter rules come out, for each trap of nwfilter and each setting of a guard.
@Suite struct GenerationGoldenTests {
  @Test("Rules of profiles", arguments: Example.all)
  func profiles(_ example: Example) {
    expectGolden(Self.text(example.decisions), Self.path(example.name))
  }

  @Test("Rules of guards", arguments: GuardExample.all)
  func guards(_ example: GuardExample) {
    var decisions = Decisions()
    decisions.guardPolicy = example.policy
    let generated = ModelCase.generate(decisions)
    expectGolden(
      generated.leaves.map(Self.text).joined(separator: "\n"), Self.path("guard-\(example.name)"))
    for leaf in generated.leaves { #expect(Self.findings(leaf) == []) }
  }

  private static func path(_ name: String) -> String {
    "\(#filePath)".replacingLast("Generation/GenerationGoldenTests.swift", "Golden/generation/\(name).txt")
  }

  /// The profile and those of its leaves that follow from its rules.
  static func text(_ decisions: Decisions) -> String {
    let generated = ModelCase.generate(decisions)
    let filters = [generated.profile] + generated.leaves.filter { $0.filter.chain.hasSuffix("-peers") }
    return filters.map(text).joined(separator: "\n")
      + generated.oneWay.map { "one way: \($0)\n" }.joined()
      + generated.diagnostics.map { "\($0.severity) \($0.code.rawValue): \($0.message)\n" }.joined()
  }

  private static func text(_ desired: DesiredFilter) -> String {
    let filter = desired.filter
    return "\(filter.name) \(filter.chain) \(filter.priority)\n"
      + filter.entries.map { "  \($0.summary)\n" }.joined()
  }

  static func findings(_ desired: DesiredFilter) -> [String] {
    (desired.filter.findings() + desired.filter.rules.flatMap { $0.findings() }).map(\.message)
  }
}

extension String {
  fileprivate func replacingLast(_ suffix: String, _ other: String) -> String {
    hasSuffix(suffix) ? dropLast(suffix.count) + other : self
  }
}

/// A policy with a name for its file.
struct Example: Sendable, CustomTestStringConvertible {
  var name: String
  var decisions: Decisions
  var testDescription: String { name }

  private init(
    _ name: String, in inbound: [ResolvedRule] = [], out outbound: [ResolvedRule] = [], inDefault: Verdict = .drop,
    outDefault: Verdict = .allow
  ) {
    self.name = name
    decisions = Decisions()
    decisions.inboundDefault = inDefault
    decisions.outboundDefault = outDefault
    func numbered(_ rules: [ResolvedRule], _ direction: String) -> [ResolvedRule] {
      rules.enumerated().map { index, rule in
        var rule = rule
        rule.source = RuleSource(id: "web/\(direction)-\(index + 1)", range: RandomPolicy.origin)
        return rule
      }
    }
    decisions.inbound = numbered(inbound, "in")
    decisions.outbound = numbered(outbound, "out")
  }

  static let all = [
    Example("nothing-said"),
    Example("everything", inDefault: .allow),
    Example("nothing", outDefault: .drop),
    Example(
      "rejects", in: [rule(.drop, tcp(25))], out: [rule(.allow, tcp(443))], inDefault: .reject, outDefault: .reject),
    Example(
      "web-server",
      in: [rule(.allow, tcp(80) + tcp(443)), rule(.allow, tcp(22), from: ["192.0.2.0/24", "2001:db8:1::/48"])]),
    Example(
      "merged",
      in: [
        rule(.allow, tcp(80)), rule(.allow, tcp(81)), rule(.allow, tcp(82), from: ["192.0.2.0/25", "192.0.2.128/25"]),
        rule(.allow, tcp(82), from: ["192.0.3.0/24", "2001:db8:0::/48", "2001:db8:1::/48"]),
        rule(.drop, udp(53)), rule(.allow, tcp(80), from: ["192.0.2.7"]),
      ]),
    Example(
      "ranges",
      in: [rule(.allow, tcp(22), from: ["192.0.2.5-192.0.2.9", "2001:db8::5-2001:db8::9"])],
      out: [rule(.allow, tcp(22), to: ["192.0.2.5-192.0.2.9", "2001:db8::5-2001:db8::9"])], outDefault: .drop),
    Example(
      "denial-before-allow",
      in: [rule(.drop, any, from: ["198.51.100.0/24"]), rule(.allow, tcp(80))],
      out: [rule(.drop, any, to: ["169.254.169.254"]), rule(.drop, tcp(25))]),
    Example(
      "denial-apart",
      in: [rule(.allow, tcp(80)), rule(.drop, tcp(22), from: ["198.51.100.0/24"]), rule(.allow, tcp(443))],
      out: [rule(.drop, any, to: ["169.254.169.254"])]),
    Example(
      "reject-before-allow", in: [rule(.reject, tcp(113), from: ["198.51.100.0/24"]), rule(.allow, tcp(113))],
      out: [rule(.reject, tcp(25))]),
    Example("ping", in: [rule(.allow, icmp(8, 128))], out: [rule(.drop, icmp(8, 128), to: ["198.51.100.1"])]),
    Example("ping-denied", in: [rule(.drop, icmp(8, 128), from: ["198.51.100.1"])], inDefault: .allow),
    Example("icmp-errors-and-codes", in: [rule(.allow, icmp(5, 137)), rule(.allow, icmp(3, 1, code: 4))]),
    Example("stateless", in: [rule(.allow, udp(514), stateless: true)], out: [rule(.allow, udp(514), stateless: true)]),
    Example("limit", in: [rule(.allow, tcp(22), limit: 20), rule(.allow, tcp(80) + tcp(443) + udp(443), limit: 9)]),
    Example("gre", in: [rule(.allow, gre, from: ["192.0.2.1"])], out: [rule(.drop, any, to: ["198.51.100.0/24"])]),
    Example(
      "authentication-header", in: [rule(.allow, ah, from: ["192.0.2.1", "2001:db8::1"]), rule(.allow, tcp(22))],
      outDefault: .drop),
    Example(
      "authentication-header-beside-gre",
      in: [rule(.allow, ah, from: ["2001:db8::1"]), rule(.allow, gre, from: ["2001:db8::2"]), rule(.allow, tcp(22))],
      outDefault: .drop),
    Example("no-next-header", in: [rule(.drop, noNextHeader)], inDefault: .allow),
    Example(
      "gateway-only",
      in: [rule(.allow, any, from: ["192.0.2.1"])], out: [rule(.allow, any, to: ["192.0.2.1"])], outDefault: .drop),
    Example(
      "protocols-only", in: [rule(.allow, tcp(443))], out: [rule(.allow, udp(53), to: scattered)], outDefault: .drop),
  ]

  // MARK: Words for rules

  private static let any = PacketSet.all.regions
  private static let gre = AddressFamily.allCases.map { PacketRegion(family: $0, protocols: IntervalSet(47...47)) }
  private static let ah = AddressFamily.allCases.map { PacketRegion(family: $0, protocols: IntervalSet(51...51)) }
  private static let noNextHeader = AddressFamily.allCases.map {
    PacketRegion(family: $0, protocols: IntervalSet(59...59))
  }
  private static let scattered = (0..<20).map { "192.0.2.\($0 * 3)" }

  private static func tcp(_ port: UInt16) -> [PacketRegion] { ports(6, port) }
  private static func udp(_ port: UInt16) -> [PacketRegion] { ports(17, port) }

  private static func ports(_ number: UInt8, _ port: UInt16) -> [PacketRegion] {
    AddressFamily.allCases.map {
      PacketRegion(family: $0, protocols: IntervalSet(number...number), destinationPorts: IntervalSet(port...port))
    }
  }

  private static func icmp(_ ipv4: UInt8, _ ipv6: UInt8, code: UInt8? = nil) -> [PacketRegion] {
    func messages(_ type: UInt8) -> IntervalSet<UInt16> {
      code.map { IntervalSet(UInt16(type) << 8 | UInt16($0)...UInt16(type) << 8 | UInt16($0)) }
        ?? IntervalSet(PacketRegion.messages(type))
    }
    return [
      PacketRegion(family: .ipv4, protocols: IntervalSet(1...1), destinationPorts: messages(ipv4)),
      PacketRegion(family: .ipv6, protocols: IntervalSet(58...58), destinationPorts: messages(ipv6)),
    ]
  }

  private static func rule(
    _ verdict: Verdict, _ traffic: [PacketRegion], from: [String]? = nil, to: [String]? = nil, limit: Int? = nil,
    stateless: Bool = false
  ) -> ResolvedRule {
    func set(_ texts: [String], _ family: AddressFamily) -> AddressSet {
      AddressSet(texts.map { try! AddressRange(parsing: $0) }.filter { $0.family == family }.map(\.range))
    }
    let packets = traffic.map { region in
      var region = region
      if let from { region.source = set(from, region.family) }
      if let to { region.destination = set(to, region.family) }
      return region
    }
    return ResolvedRule(
      verdict: verdict, packets: PacketSet(packets), connectionLimit: limit, isStateless: stateless, group: "web",
      source: RuleSource(id: "web", range: nil))
  }
}

/// A guard with a name for its file.
struct GuardExample: Sendable, CustomTestStringConvertible {
  var name: String
  var policy: GuardPolicy
  var testDescription: String { name }

  private init(_ name: String, _ policy: GuardPolicy = .standard, _ change: (inout GuardPolicy) -> Void = { _ in }) {
    self.name = name
    self.policy = policy
    change(&self.policy)
  }

  static let all = [
    GuardExample("standard"), GuardExample("strict", .strict), GuardExample("off", .off),
    GuardExample("router") {
      $0.ip = .only(declared: true, others: [try! AddressRange(parsing: "10.8.0.0/16")])
      $0.ra = .server
    },
    GuardExample("vrrp") { $0.mac = .only(declared: true, others: [MACAddress("00:00:5e:00:01:0a")!]) },
    GuardExample("any-mac") { $0.mac = .any },
    GuardExample("no-arp-check", .strict) { $0.checksARP = false },
    GuardExample("dhcp-server") { $0.dhcp = .server },
    GuardExample("no-dhcp") { $0.dhcp = .off },
    GuardExample("no-nd") { $0.nd = false },
    GuardExample("no-ra") { $0.ra = .off },
    GuardExample("no-multicast", .strict) { $0.multicast = false },
    GuardExample("no-broadcast", .strict) { $0.broadcast = false },
    GuardExample("vlan") { $0.vlans = [7, 5] },
    GuardExample("other-ethertypes", .strict) { $0.otherEthertypes = true },
  ]
}
