// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Planning
import Testing

/// Interfaces with a filter of their own over profiles over leaves.
@Suite struct ProfilePlanTests {
  private static let mac = MACAddress(bits: 0x5254_0000_0001)
  private static let nic = "acme.nic.525400000001"

  private func drop(_ filterProtocol: FilterProtocol, _ direction: Direction = .inout) -> Filter.Entry {
    .rule(Rule(.drop, direction, priority: 900, match: Match(filterProtocol)))
  }

  private var guardRule: Filter.Entry {
    var match = Match(.mac)
    match.set(0, .variable(VariableReference("MAC")), isNegated: true)
    return .rule(Rule(.drop, .out, priority: -900, match: match))
  }

  private func leaf(_ name: String = "acme.guard.aaaaaaaaaaaa") -> (String, [Filter.Entry]) { (name, [guardRule]) }

  private func profile(_ name: String, port: UInt32 = 80, leaf: String? = "acme.guard.aaaaaaaaaaaa")
    -> (String, [Filter.Entry])
  {
    (
      "acme.profile.\(name)",
      (leaf.map { [include($0)] } ?? []) + [rule(port: port), drop(.all), drop(.allIPv6)]
    )
  }

  private func own(_ profile: String, _ name: String = nic) -> (String, [Filter.Entry]) {
    (name, [include("acme.profile.\(profile)")])
  }

  private func interface(_ machine: String, _ groups: [String] = ["web"], oneWay: [String] = []) -> DesiredInterface {
    DesiredInterface(
      machine: machine, mac: Self.mac, reference: FilterReference(Self.nic), groups: groups, origin: nowhere,
      oneWay: oneWay)
  }

  private func state(
    _ filters: [(String, [Filter.Entry])], _ interfaces: [DesiredInterface] = [],
    _ attachments: [DesiredAttachment] = [],
    ports: [DesiredPort] = []
  ) -> DesiredState {
    var state = desired(filters.map { wanted($0.0, $0.1) }, attachments, ports: ports)
    state.interfaces = interfaces
    return state
  }

  private func host(_ filters: [(String, [Filter.Entry])], _ machines: [ObservedMachine] = []) -> ObservedHost {
    var bindings: [ObservedBinding] = []
    for machine in machines {
      for interface in machine.interfaces {
        guard case .present(let reference?) = interface.live, let device = interface.device else { continue }
        bindings.append(
          ObservedBinding(
            device: device, ownerName: machine.name, ownerUUID: machine.uuid, mac: interface.mac, reference: reference))
      }
    }
    return observed(filters.map { present($0.0, $0.1) }, machines, bindings)
  }

  private var web: [(String, [Filter.Entry])] { [leaf(), profile("web"), own("web")] }
  private let running = machine("web-1", live: FilterReference(nic), config: FilterReference(nic))

  @Test func attachesAfterAllFilters() {
    let host = host([], [machine("web-1")])
    let result = plan(state(web, [interface("web-1", oneWay: ["udp from any"])]), host)
    #expect(
      words(result) == [
        "create acme.guard.aaaaaaaaaaaa", "create acme.profile.web", "create \(Self.nic)",
        "web-1: none -> \(Self.nic) live config",
      ])
    #expect(result.exposures.map(\.traffic) == [["udp from any"]])
    let after = applying(result.steps, to: host)
    #expect(plan(state(web, [interface("web-1")]), after).isEmpty)
  }

  @Test func theFilterIsThereBeforeTheMachine() {
    let result = plan(state(web, [interface("web-1")]), host([]))
    #expect(words(result).count == 3)
    #expect(plan(state(web, [interface("web-1")]), applying(result.steps, to: host([]))).isEmpty)
  }

  @Test func aPolicyChangeIsOneDefine() {
    let result = plan(
      state([leaf(), profile("web", port: 81), own("web")], [interface("web-1")]), host(web, [running]))
    #expect(words(result) == ["change acme.profile.web"])
    #expect(result.cost.rebuilds == 1)
  }

  @Test func theReferenceOfTheInterfaceStays() {
    let filters = [leaf(), profile("db"), profile("web")]
    let before = host(filters + [own("web")], [running])
    let result = plan(state(filters + [own("db")], [interface("web-1", ["db"])]), before)
    #expect(words(result) == ["change \(Self.nic)"])
    #expect(result.cost.rebuilds == 1)
    #expect(result.unprotected.isEmpty)
  }

  /// From a profile that changes to one that changes: to the new one after its change, and before that of the old one.
  @Test func aMoveRebuildsOnce() {
    let before = host([leaf(), profile("db"), profile("web"), own("web")], [running])
    let after = state(
      [leaf(), profile("db", port: 5432), profile("web", port: 443), own("db")], [interface("web-1", ["db"])])
    let result = plan(after, before)
    #expect(words(result) == ["change acme.profile.db", "change \(Self.nic)", "change acme.profile.web"])
    #expect(result.cost.rebuilds == 1)
    let reverse = plan(
      state([leaf(), profile("db"), profile("web"), own("web")], [interface("web-1")]),
      applying(result.steps, to: before))
    #expect(words(reverse) == ["change acme.profile.web", "change \(Self.nic)", "change acme.profile.db"])
    #expect(reverse.cost.rebuilds == 1)
  }

  /// Two that change places between two changed profiles: no order spares both a second rebuild.
  @Test func aSwapStillEnds() {
    let other = "acme.nic.525400000002"
    let before = host(
      [leaf(), profile("db"), profile("web"), own("web"), own("db", other)], [running])
    let after = state(
      [leaf(), profile("db", port: 1), profile("web", port: 2), own("db"), own("web", other)], [interface("web-1")])
    let result = plan(after, before)
    #expect(result.steps.count == 4 && result.problems.isEmpty)
    #expect(plan(after, applying(result.steps, to: before)).isEmpty)
  }

  private func checking(_ name: String) -> (String, [Filter.Entry]) {
    ("acme.guard.\(name)", [guardRule, variableRule("ADDRESS4")])
  }

  private func own(_ profile: String, addresses: [String]) -> (String, [Filter.Entry]) {
    (Self.nic, [include("acme.profile.\(profile)", ["ADDRESS4": addresses])])
  }

  /// libvirt refuses a change after which a port has a variable without a value.
  @Test func valuesComeBeforeTheRulesThatNeedThem() {
    let strict = [
      checking("bbbbbbbbbbbb"), profile("web", leaf: "acme.guard.bbbbbbbbbbbb"), own("web", addresses: ["10.0.0.1"]),
    ]
    let result = plan(state(strict, [interface("web-1")]), host(web, [running]))
    #expect(
      words(result) == [
        "create acme.guard.bbbbbbbbbbbb", "change \(Self.nic)", "change acme.profile.web",
        "delete acme.guard.aaaaaaaaaaaa",
      ])
    let back = plan(state(web, [interface("web-1")]), applying(result.steps, to: host(web, [running])))
    #expect(
      words(back) == [
        "create acme.guard.aaaaaaaaaaaa", "change acme.profile.web", "change \(Self.nic)",
        "delete acme.guard.bbbbbbbbbbbb",
      ])
  }

  @Test func leavesAndFiltersOfGoneMachinesAreNotCounted() {
    let many = (0..<20).flatMap { number -> [(String, [Filter.Entry])] in
      let digits = String(100_000_000_000 + number)
      return [leaf("acme.guard.\(digits)"), own("web", "acme.nic.\(digits)")]
    }
    let result = plan(state([leaf(), profile("web")]), host([leaf(), profile("web")] + many))
    #expect(result.count(.delete) == 40 && result.deletedFilters == 0)
    #expect(result.findings(beyond: Limits()).isEmpty)
  }

  @Test func aFilterStaysWhileAStoredMachineRefersToIt() {
    let off = machine("web-1", live: nil, config: FilterReference(Self.nic), carriesFilters: false)
    let result = plan(state([leaf(), profile("web")]), host(web, [off]))
    #expect(words(result).isEmpty)
    #expect(codes(result.warnings) == ["still-in-use"])
  }

  @Test func leavingAllGroupsIsUnprotected() {
    let result = plan(state([leaf(), profile("web")]), host(web, [running]))
    #expect(words(result) == ["web-1: \(Self.nic) -> none live config", "delete \(Self.nic)"])
    #expect(result.unprotected.map(\.machine) == ["web-1"])
    #expect(codes(result.findings(beyond: Limits())) == ["unprotected"])
  }

  @Test func aWeakerDefaultOrGuardIsUnprotected() {
    let allowAll = (
      "acme.profile.web",
      [include("acme.guard.aaaaaaaaaaaa"), .rule(Rule(.accept, .in, match: Match(.all))), drop(.all), drop(.allIPv6)]
    )
    let opened = plan(state([leaf(), allowAll, own("web")], [interface("web-1")]), host(web, [running]))
    #expect(opened.weakened.map(\.lost) == [["default of in"]])
    #expect(opened.unprotected.map(\.machine) == ["web-1"])
    let unguarded = plan(
      state([profile("web", leaf: nil), own("web")], [interface("web-1")]), host(web, [running]))
    #expect(unguarded.weakened.map(\.lost) == [["guard (foreign MAC addresses)"]])
    #expect(codes(unguarded.findings(beyond: Limits())) == ["unprotected"])
    // A default that is denied protocol by protocol has not gone.
    let one: [FilterProtocol] = [
      .tcp, .udp, .udplite, .sctp, .icmp, .igmp, .esp, .ah, .tcpIPv6, .udpIPv6, .udpliteIPv6, .sctpIPv6, .icmpv6,
      .espIPv6, .ahIPv6,
    ]
    let enumerated = ("acme.profile.web", [include("acme.guard.aaaaaaaaaaaa")] + one.map { drop($0) })
    let result = plan(state([leaf(), enumerated, own("web")], [interface("web-1")]), host(web, [running]))
    #expect(result.weakened.isEmpty)
  }

  /// `strict` lets out what has a declared address, `standard` everything: no rule that denies has gone.
  @Test func aWiderGuardIsUnprotected() {
    func ip(_ address: Bool) -> Filter.Entry {
      address
        ? variableRule("MAC", protocol: .arp, attribute: "arpsrcmacaddr")
        : .rule(Rule(.accept, .inout, match: Match(.ip)))
    }
    let rest = Filter.Entry.rule(Rule(.drop, .inout, priority: 1000, match: Match(.mac)))
    let strict = ("acme.guard.bbbbbbbbbbbb", [guardRule, ip(true), rest])
    let standard = ("acme.guard.cccccccccccc", [guardRule, ip(true), ip(false), rest])
    let result = plan(
      state([standard, profile("web", leaf: standard.0), own("web")], [interface("web-1")]),
      host([strict, profile("web", leaf: strict.0), own("web")], [running]))
    #expect(result.weakened.map(\.lost) == [["guard (sources of ip)"]])
  }

  /// What layer 3 has no element for is let through behind the denials of all that it has.
  @Test func anAcceptBehindTheDenialsIsNoDefault() {
    let behind = Filter.Entry.rule(Rule(.accept, .inout, priority: 901, matchesState: false, match: Match(.all)))
    let open = (
      "acme.profile.web", [include("acme.guard.aaaaaaaaaaaa"), rule(port: 80), drop(.all), drop(.allIPv6), behind]
    )
    #expect(plan(state([leaf(), open, own("web")], [interface("web-1")]), host(web, [running])).unprotected.isEmpty)
  }

  @Test func aRuleThatAllowsMoreIsNotWeaker() {
    let open = ("acme.profile.web", [include("acme.guard.aaaaaaaaaaaa"), rule(), drop(.all), drop(.allIPv6)])
    #expect(plan(state([leaf(), open, own("web")], [interface("web-1")]), host(web, [running])).unprotected.isEmpty)
  }

  @Test func nativeAndRulesConflict() {
    let native = group("lab", ["web-*"], FilterReference("acme.profile.web"))
    let result = plan(state(web, [interface("web-1")], [native]), host(web, [running]))
    #expect(codes(result.problems) == ["group-conflict"])
  }

  @Test func aLostBindingIsRepaired() {
    var broken = host(web, [running])
    broken.bindings = []
    let result = plan(state(web, [interface("web-1")]), broken)
    #expect(words(result) == ["vnet-web-1: none -> \(Self.nic)"])
  }

  @Test func portsGetTheirOwnFilter() {
    let port = DesiredPort(machine: "box", device: "tap0", mac: Self.mac, host: "kvm1")
    let result = plan(state(web, [interface("box")], ports: [port]), host(web))
    #expect(words(result) == ["tap0: none -> \(Self.nic)"])
    #expect(plan(state(web, [interface("box")], ports: [port]), applying(result.steps, to: host(web))).isEmpty)
  }

  @Test func rulesOfNestedFiltersNeedTheKernel() {
    var off = host(web, [running])
    off.enforcement = Enforcement(ipv4: .off, ipv6: .on)
    #expect(
      plan(state(web, [interface("web-1")]), off).notEnforced.map(\.sysctls) == [["net.bridge.bridge-nf-call-iptables"]]
    )
  }

  @Test func expiredRulesAreOnRecord() throws {
    let ids = Set((0..<30).map { "some-group/rule-number-\($0)" })
    let marker = Marker(repositoryID: "6f1c", commit: nil, digest: "d", expired: ids)
    let filter = marker.filter(for: identity)
    #expect(Marker(filter) == marker)
    for rule in filter.rules {
      guard case .text(let comment)? = rule.match?["comment"]?.value else { continue }
      #expect(comment.utf8.count <= 200)
    }
  }

  @Test func generatedNames() {
    #expect(identity.kind(ofFilter: Self.nic) == .nic)
    #expect(identity.nicFilterName(Self.mac) == Self.nic)
    #expect(identity.kind(ofFilter: "other.nic.525400000001") == nil)
    #expect(identity.kind(ofFilter: "acme.what.x") == nil)
    #expect(identity.kind(ofFilter: "acme") == nil)
  }
}
