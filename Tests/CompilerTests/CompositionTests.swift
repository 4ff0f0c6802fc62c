// SPDX-License-Identifier: Apache-2.0

@testable import Compiler
import Diagnostics
import FilterModel
import PacketPath
import Testing

/// What groups say together: design, section 4.
struct CompositionTests {
  private static let vm = machine("web-1", ["10.0.0.11"], macs: [1])

  private func explain(_ groups: [Group], _ change: (inout Policy) -> Void = { _ in }) throws -> NICExplanation {
    try #require(explained(policy(groups, vms: [Self.vm], change), "web-1"))
  }

  private let ssh = [Traffic.service("ssh")]

  // MARK: Order

  @Test func listedOrderFirstMatchWinsDefaultLast() throws {
    let nic = try explain([
      group(
        "web",
        in: [
          rule(.drop, ssh, from: [.ip("10.9.0.0/16")]), rule(.allow, ssh, from: [.ip("10.0.0.0/8")]),
        ])
    ])
    #expect(nic.verdict(.in, tcp(22, "10.9.0.1")) == .drop)
    #expect(nic.verdict(.in, tcp(22, "10.8.0.1")) == .allow)
    #expect(nic.verdict(.in, tcp(22, "192.0.2.1")) == .drop)
    #expect(nic.decider(.in, tcp(22, "192.0.2.1")) == nil)
    #expect(nic.verdict(.out, tcp(22)) == .allow)
  }

  @Test func adminsGoBeforeAllTiers() throws {
    let nic = try explain([group("web", vms: "*", in: [rule(.drop, [.any])], tier: .emergency)]) {
      $0.admins = Admins(from: located([.ip("192.0.2.0/24")]), allow: located([.service("ssh")]), origin: somewhere)
    }
    #expect(nic.verdict(.in, tcp(22, "192.0.2.1")) == .allow)
    #expect(nic.decider(.in, tcp(22, "192.0.2.1")) == "admins/allow")
    #expect(nic.verdict(.in, tcp(80, "192.0.2.1")) == .drop)
  }

  @Test func tiersThenOrderThenName() throws {
    func one(_ name: String, _ verdict: Verdict, _ tier: Tier, _ order: Int) -> Group {
      group(name, vms: "*", in: [rule(verdict, ssh)], tier: tier, order: order)
    }
    let nic = try explain([
      one("a", .allow, .baseline, 0), one("b", .drop, .application, 5), one("c", .reject, .application, -5),
      one("d", .reject, .application, -5),
    ])
    #expect(nic.groups.map(\.name) == ["c", "d", "b", "a"])
    #expect(nic.verdict(.in, tcp(22)) == .reject)
    #expect(nic.decider(.in, tcp(22))?.hasPrefix("c/") == true)
    #expect(Tier.allCases == [.emergency, .platform, .security, .application, .baseline])
  }

  @Test func passLeavesTheDecisionToTheNextTier() throws {
    let nic = try explain([
      group(
        "gate", vms: "*",
        in: [rule(.pass, ssh, from: [.ip("10.0.0.0/8")]), rule(.drop, [.any])], tier: .security),
      group("web", in: [rule(.allow, ssh, from: [.ip("10.1.0.0/16")]), rule(.allow, [.service("https")])]),
    ])
    #expect(nic.verdict(.in, tcp(22, "10.1.0.1")) == .allow)
    #expect(nic.verdict(.in, tcp(22, "10.2.0.1")) == .drop)
    #expect(nic.verdict(.in, tcp(22, "192.0.2.1")) == .drop)
    #expect(nic.verdict(.in, tcp(443, "10.1.0.1")) == .drop)
    #expect(!nic.inbound.contains { $0.verdict == .pass })
  }

  @Test func passAtTheLastTierLeavesItToTheDefault() throws {
    let rules = [rule(.pass, ssh), rule(.allow, [.any])]
    let nic = try explain([group("web", in: rules, defaults: (.reject, nil))])
    #expect(nic.verdict(.in, tcp(22)) == .reject)
    #expect(nic.verdict(.in, tcp(80)) == .allow)
    #expect(nic.decider(.in, tcp(22)) == "web/default")
  }

  @Test func passInEveryTierIsWrittenOut() throws {
    func gate(_ name: String, _ tier: Tier, _ address: String) -> Group {
      group(name, vms: "*", in: [rule(.pass, ssh, from: [.ip(address)]), rule(.drop, [.any])], tier: tier)
    }
    let nic = try explain([
      gate("a", .emergency, "10.0.0.0/8"), gate("b", .platform, "10.0.0.0/16"), gate("c", .security, "10.0.0.0/24"),
      group("web", in: [rule(.allow, ssh)]),
    ])
    #expect(
      ["10.0.0.9", "10.0.1.9", "10.1.0.9", "11.0.0.1"].map { nic.verdict(.in, tcp(22, $0)) } == [
        .allow, .drop, .drop, .drop,
      ])
  }

  @Test func passWithoutMeasureIsRefused() {
    func gate(_ name: String, _ tier: Tier) -> Group {
      let rules = (1...20).map { rule(.pass, [.ports(.tcp, [$0...($0 + 100)])], name: "p\($0)") }
      return group(name, vms: "*", in: rules + [rule(.drop, [.any])], tier: tier)
    }
    let groups = [gate("a", .emergency), gate("b", .platform), gate("web", .application)]
    #expect(codes(policy(groups, vms: [Self.vm])).contains("too-many-decisions"))
  }

  // MARK: Conflicts

  @Test func equalTierAndOrderThatDecideOnePacketDifferentlyAreAnError() throws {
    let groups = [
      group("a", vms: "*", in: [rule(.allow, ssh, from: [.ip("10.0.0.0/8")])]),
      group("b", vms: "*", in: [rule(.drop, [.any], from: [.ip("10.9.0.0/16")])]),
    ]
    let problem = try #require(compile(policy(groups, vms: [Self.vm])).diagnostics.first)
    #expect(problem.code == "group-conflict-rules")
    #expect(problem.message.contains("'a' and 'b'"))
    #expect(problem.notes.last?.message == "for example tcp from 10.9.0.0 port 0 to 0.0.0.0 port 22")
    // No NIC is in both.
    #expect(codes(policy(groups, vms: [])) == [])
  }

  @Test func groupsThatAgreeOrNeverMeetAreNoConflict() {
    func conflicts(_ first: [PolicyRule], _ second: [PolicyRule], earlier: [PolicyRule] = [], order: Int = 0) -> Bool {
      let groups = [
        group("a", vms: "*", in: first), group("b", vms: "*", in: second, order: order),
        group("z", vms: "*", in: earlier, tier: .security),
      ]
      return codes(policy(groups, vms: [Self.vm])).contains("group-conflict-rules")
    }
    let allow = rule(.allow, ssh, from: [.ip("10.0.0.0/8")])
    let drop = rule(.drop, [.any], from: [.ip("10.9.0.0/16")])
    #expect(conflicts([allow], [drop]))
    #expect(!conflicts([allow], [drop], order: 1))
    #expect(!conflicts([allow], [allow]))
    #expect(!conflicts([allow], [rule(.drop, [.any], from: [.ip("192.0.2.0/24")])]))
    // The first rule of each group decides the packets of both alike.
    #expect(!conflicts([rule(.drop, ssh, from: [.ip("10.9.0.0/16")]), allow], [drop]))
    #expect(!conflicts([allow], [drop], earlier: [rule(.drop, ssh, from: [.ip("10.9.0.0/16")])]))
    #expect(conflicts([allow], [drop], earlier: [rule(.pass, [.any]), rule(.drop, [.any])]))
  }

  // MARK: Defaults and guard

  @Test(
    arguments: [
      ([(nil, nil), (nil, nil)], Verdict.drop, Verdict.allow, [String]()),
      ([(.allow, nil), (nil, nil)], .allow, .allow, ["a"]),
      ([(.allow, nil), (.reject, .drop)], .reject, .drop, ["b"]),
      ([(.drop, .reject), (.reject, .drop)], .drop, .drop, ["a"]),
      ([(.reject, .allow), (.reject, nil)], .reject, .allow, ["a", "b"]),
    ] as [([(Verdict?, Verdict?)], Verdict, Verdict, [String])])
  func theStrictestDefaultThatIsSaid(
    said: [(Verdict?, Verdict?)], inbound: Verdict, outbound: Verdict, by: [String]
  ) throws {
    let nic = try explain(zip(["a", "b"], said).map { group($0, vms: "*", defaults: $1) })
    #expect(nic.inboundDefault.verdict == inbound)
    #expect(nic.inboundDefault.decidedBy == by)
    #expect(nic.outboundDefault.verdict == outbound)
  }

  @Test func theStrictestGuardKeyByKey() throws {
    var first = GuardPolicy.standard
    first.dhcp = .server
    first.mac = .only(declared: true, others: [mac(7), mac(8)])
    first.ip = .only(declared: true, others: [range("10.8.0.0/16")])
    first.vlans = [5, 7]
    var second = GuardPolicy.off
    second.mac = .only(declared: true, others: [mac(8), mac(9)])
    second.ip = .only(declared: true, others: [range("10.8.3.0/24"), range("192.0.2.0/24")])
    second.ra = .client
    second.multicast = false
    (first.systemRules, second.systemRules) = (.nothing, .icmpErrors)
    second.vlans = [7, 9]
    let nic = try explain([
      group("a", vms: "*", guard: first), group("b", vms: "*", guard: second), group("c", vms: "*"),
    ])
    let merged = nic.guardPolicy
    #expect(merged.mac == .only(declared: true, others: [mac(8)]))
    #expect(merged.ip == .only(declared: true, others: [range("10.8.3.0/24")]))
    #expect(merged.checksARP)
    #expect(merged.dhcp == .server)
    #expect(merged.ra == .client)
    #expect(!merged.multicast && merged.broadcast && merged.nd && !merged.otherEthertypes)
    // The second one lets all frames pass.
    #expect(merged.vlans == [5, 7])
    #expect(merged.systemRules == .icmpErrors)
    #expect(nic.guardDecidedBy == ["a", "b"])
  }

  @Test func guardIsStandardWhereNobodySaysAnything() throws {
    let nic = try explain([group("web")])
    #expect(nic.guardPolicy == .standard)
    #expect(nic.guardDecidedBy == [])
    #expect(try explain([group("a", vms: "*", guard: .off)]).guardPolicy == .off)
    #expect(
      try explain([group("a", vms: "*", guard: .off), group("b", vms: "*", guard: .strict)]).guardPolicy == .strict)
  }

  @Test func guardsThatLeaveNothingAreAnError() {
    var first = GuardPolicy.standard
    first.ip = .only(declared: false, others: [range("192.0.2.0/24")])
    let groups = [group("a", vms: "*", guard: first), group("b", vms: "*", guard: .strict)]
    #expect(codes(policy(groups, vms: [Self.vm])) == ["guard-conflict"])
    var second = GuardPolicy.standard
    second.ip = .only(declared: false, others: [range("10.0.0.0/8")])
    let presets = [ruleSet("p", guard: first), ruleSet("q", guard: second)]
    let one = policy([group("web", uses: ["p", "q"])], vms: [Self.vm]) { $0.presets = presets }
    #expect(codes(one) == ["guard-conflict"])
  }

  /// A list of one group, and the declared addresses of another one: what is in both.
  @Test func declaredAddressesInAList() throws {
    var list = GuardPolicy.standard
    list.ip = .only(declared: false, others: [range("10.0.0.0/8"), range("2001:db8::/32")])
    let vm = machine("web-1", ["10.0.0.11", "192.0.2.11", "2001:db8::11"], macs: [1])
    let policy = policy([group("a", vms: "*", guard: list), group("b", vms: "*", guard: .strict)], vms: [vm])
    let desired = try #require(compile(policy).desired)
    let nic = try #require(desired.filters.first { $0.filter.name == "acme.nic.525400000001" })
    #expect(nic.filter.references.first?.parameters == ["ADDRESS4": ["10.0.0.11"], "ADDRESS6": ["2001:db8::11"]])
    var both = list
    both.ip = .only(declared: true, others: [range("10.8.0.0/16"), range("192.0.2.0/24")])
    let merged = list.merged(with: both)
    #expect(merged.ip == .only(declared: true, others: [range("10.8.0.0/16")]))
    #expect(merged.declaredWithin?.contains(range("2001:db8::/32")) == true)
    #expect(merged == both.merged(with: list))
    #expect(GuardPolicy.strict.merged(with: both).ip == .only(declared: true, others: []))
    #expect(GuardPolicy.strict.merged(with: both).declaredWithin == nil)
  }

  /// `off` says nothing of VLANs but that all pass; the word of the other group is the stricter one.
  @Test func offBesideAMapping() throws {
    var tagged = GuardPolicy.standard
    tagged.vlans = [5]
    let nic = try explain([group("a", vms: "*", guard: .off), group("b", vms: "*", guard: tagged)])
    #expect(nic.guardPolicy == tagged)
    #expect(nic.guardDecidedBy == ["b"])
    // What is standard as a whole only because each says a part of it comes from both.
    var (first, second) = (GuardPolicy.standard, GuardPolicy.standard)
    first.mac = .any
    second.checksARP = false
    let both = try explain([group("a", vms: "*", guard: first), group("b", vms: "*", guard: second)])
    #expect(both.guardPolicy == .standard)
    #expect(both.guardDecidedBy == ["a", "b"])
  }

  @Test func strictNeedsADeclaredAddressAndPrintsWhatToWrite() throws {
    let groups = [group("web", guard: .strict)]
    let one = compile(policy(groups, vms: [machine("web-1", macs: [1])])).diagnostics
    #expect(one.map(\.code) == ["guard-needs-address"])
    #expect(one.map(\.hint) == ["run 'nwfleet lock', or write vms: {web-1: {addresses: [ADDRESS]}}"])
    let two = compile(policy(groups, vms: [machine("web-1", macs: [1, 2])])).diagnostics
    #expect(
      two.map(\.hint)
        == (1...2).map {
          "run 'nwfleet lock', or write vms: {web-1: {nics: {\"52:54:00:00:00:0\($0)\": {addresses: [ADDRESS]}}}}"
        })
    #expect(codes(policy(groups, vms: [Self.vm])) == [])
  }

  @Test func bareAddressesAreForAVMWithOneNIC() {
    let vm = machine("web-1", ["10.0.0.11"], macs: [1, 2])
    let compilation = compile(policy([group("web")], vms: [vm]))
    #expect(compilation.diagnostics.map(\.code) == ["addresses-of-several-nics"])
    #expect(compilation.desired != nil)
    #expect(codes(policy([group("web", guard: .strict)], vms: [vm])) == ["guard-needs-address", "guard-needs-address"])
  }

  // MARK: Presets

  @Test func ownRulesGoBeforeThoseOfPresets() throws {
    let nic = try explain([group("web", in: [rule(.drop, ssh)], uses: ["b", "a"])]) {
      $0.presets = [
        ruleSet("a", in: [rule(.reject, [.any])]), ruleSet("b", in: [rule(.allow, [.any])], uses: ["c"]),
        ruleSet("c", in: [rule(.drop, [.any])]),
      ]
    }
    #expect(nic.inbound.map(\.verdict) == [.drop, .allow, .drop, .reject])
    #expect(
      nic.inbound.map(\.source.id) == [
        "web/in-drop-ssh", "web/in-allow-any", "web/in-drop-any", "web/in-reject-any",
      ])
  }

  @Test func ownDefaultAndGuardOverrideThoseOfPresets() throws {
    let presets = [
      ruleSet("a", defaults: (.allow, .drop), guard: .strict), ruleSet("b", defaults: (.reject, .reject)),
    ]
    let own = try explain([group("web", uses: ["a"], defaults: (.reject, nil), guard: .off)]) { $0.presets = presets }
    #expect(own.inboundDefault.verdict == .reject)
    #expect(own.outboundDefault.verdict == .drop)
    #expect(own.guardPolicy == .off)
    let inherited = try explain([group("web", uses: ["a", "b"])]) { $0.presets = presets }
    #expect(inherited.inboundDefault.verdict == .reject)
    #expect(inherited.outboundDefault.verdict == .drop)
    #expect(inherited.guardPolicy == .strict)
  }

  /// Each preset speaks of what it names; of what both name, the stricter word holds.
  @Test func guardsOfTwoPresets() throws {
    var (router, server) = (ruleSet("router", guard: .standard), ruleSet("server", guard: .standard))
    router.guardPolicy?.value.ra = .server
    router.guardPolicy?.value.vlans = [5]
    router.guardParts = [.ra, .vlan]
    server.guardPolicy?.value.dhcp = .server
    server.guardParts = [.dhcp]
    for uses in [["router", "server"], ["server", "router"]] {
      let merged = try explain([group("web", uses: uses)]) { $0.presets = [router, server] }.guardPolicy
      #expect(merged.ra == .server && merged.dhcp == .server && merged.vlans == [5])
      #expect(merged.mac == GuardPolicy.standard.mac && merged.checksARP)
    }
    router.guardParts.insert(.dhcp)
    let stricter = try explain([group("web", uses: ["router", "server"])]) { $0.presets = [router, server] }
    #expect(stricter.guardPolicy.dhcp == .client && stricter.guardPolicy.ra == .server)
    let strict = try explain([group("web", uses: ["strict", "server"])]) {
      $0.presets = [ruleSet("strict", guard: .strict), server]
    }
    #expect(strict.guardPolicy == .strict)
  }

  // MARK: Ends

  @Test(arguments: [("2026-11-21", Verdict.drop), ("2026-11-22", .allow), ("2026-11-23", .allow)])
  func untilIsInclusive(day: String, verdict: Verdict) throws {
    let nic = try explain([group("web", in: [rule(.allow, ssh) { $0.until = Day(day) }])])
    #expect(nic.verdict(.in, tcp(22)) == verdict)
  }

  @Test func anExpiredRuleIsLeftOutWithAWarning() {
    let policy = policy([group("web", in: [rule(.allow, ssh, name: "legacy") { $0.until = Day("2026-01-01") }])])
    let compilation = compile(policy)
    #expect(compilation.desired != nil)
    #expect(compilation.diagnostics.map(\.message) == ["rule 'web/legacy' ended on 2026-01-01: it is left out"])
  }

  @Test func onceSeenExpiredAlwaysExpired() throws {
    let rules = [rule(.allow, ssh, name: "legacy") { $0.until = Day("2030-01-01") }, rule(.allow, [.service("https")])]
    let policy = policy([group("web", in: rules)], vms: [Self.vm])
    let later = PolicyCompiler(policy, host: nil, today: Day("2030-01-02")!).compile([])
    #expect(later.expired == ["web/legacy@2030-01-01"])
    let nic = try #require(explained(policy, "web-1", expired: Set(later.expired)))
    #expect(nic.verdict(.in, tcp(22)) == .drop)
    #expect(nic.verdict(.in, tcp(443)) == .allow)
    #expect(compile(policy, expired: Set(later.expired)).expired == later.expired)
    // A later day is somebody's decision.
    var longer = policy
    longer.groups[0].rules.inbound[0].until = Day("2031-01-01")
    #expect(
      try #require(explained(longer, "web-1", expired: Set(later.expired))).verdict(.in, tcp(22)) == .allow)
  }

  @Test func aDenialEndsOnlyWhereThatIsSaid() throws {
    func verdict(_ expiresOpen: Bool) throws -> Verdict {
      let drop = rule(.drop, ssh) {
        $0.until = Day("2026-01-01")
        $0.expiresOpen = expiresOpen
      }
      return try explain([group("web", in: [drop, rule(.allow, [.any])])]).verdict(.in, tcp(22))
    }
    #expect(try verdict(false) == .drop)
    #expect(try verdict(true) == .allow)
  }

  @Test func disabledRulesAndGroupsAreLeftOut() throws {
    let off = group("off", vms: "*", in: [rule(.drop, [.any])], tier: .emergency) { $0.isEnabled = false }
    let nic = try explain([off, group("web", in: [rule(.drop, ssh) { $0.isEnabled = false }, rule(.allow, ssh)])])
    #expect(nic.groups.map(\.name) == ["web"])
    #expect(nic.verdict(.in, tcp(22)) == .allow)
  }
}
