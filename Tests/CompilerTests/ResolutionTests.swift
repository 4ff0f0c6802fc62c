// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath
import Testing

/// What names stand for: design, section 4.
struct ResolutionTests {
  private static let web = machine("web-1", ["10.0.0.11", "2001:db8::11"], macs: [1])

  private func explain(in rule: PolicyRule, _ change: (inout Policy) -> Void = { _ in }) throws -> NICExplanation {
    try #require(explained(policy([group("web", in: [rule])], vms: [Self.web], change), "web-1"))
  }

  // MARK: Families

  @Test func oneRuleMeansBothFamilies() throws {
    let nic = try explain(in: rule(.allow, [.service("https")]))
    #expect(nic.verdict(.in, tcp(443)) == .allow)
    #expect(nic.verdict(.in, tcp(443, "2001:db8:9::1", to: "2001:db8::11")) == .allow)
    #expect(nic.verdict(.in, tcp(80)) == .drop)
  }

  @Test func fromAllOfIPv6TouchesIPv6Alone() throws {
    let nic = try explain(in: rule(.allow, [.service("https")], from: [.ip("::/0")]))
    #expect(nic.verdict(.in, tcp(443)) == .drop)
    #expect(nic.verdict(.in, tcp(443, "2001:db8:9::1", to: "2001:db8::11")) == .allow)
  }

  @Test(arguments: [
    rule(.allow, [.service("ssh")], from: [.ip("10.0.0.0/8")], to: [.ip("2001:db8::11")]),
    rule(.allow, [.icmpNumbered(.ipv6, type: 128, code: nil)], from: [.ip("10.0.0.0/8")]),
    rule(.drop, [.ports(.udp, [53...53])], from: [.ip("2001:db8::/32")], to: [.ip("224.0.0.0/4")]),
  ])
  func familiesThatDoNotMeetAreAnError(rule: PolicyRule) {
    #expect(codes(policy([group("web", in: [rule])])) == ["families-do-not-meet"])
  }

  @Test func anICMPNameMeansBothFamiliesWhereBothKnowIt() throws {
    let nic = try explain(in: rule(.allow, [.icmp("echo-request"), .icmp("packet-too-big")]))
    let step = try #require(nic.inbound.first)
    let messages = Set(
      step.packets.regions.flatMap { region in
        region.destinationPorts.ranges.map { "\(region.family) \($0.lowerBound >> 8)-\($0.upperBound >> 8)" }
      })
    #expect(messages == ["ipv4 8-8", "ipv6 2-2", "ipv6 128-128"])
  }

  @Test func anIPProtocolIsOfBothFamiliesUnlessItBelongsToOne() throws {
    let nic = try explain(in: rule(.allow, [.ipProtocol(112), .ipProtocol(2)]))
    let regions = try #require(nic.inbound.first).packets.regions
    #expect(
      Set(regions.flatMap { r in r.protocols.ranges.map { "\(r.family) \($0)" } }) == [
        "ipv4 2...2", "ipv4 112...112", "ipv6 112...112",
      ])
  }

  @Test func portsThatPacketsComeFrom() throws {
    let nic = try explain(in: rule(.allow, [.ports(.tcp, [22...22])]) { $0.fromPorts = [40_000...40_000] })
    #expect(nic.verdict(.in, tcp(22)) == .allow)
    var other = tcp(22)
    other.sourcePort = 40_001
    #expect(nic.verdict(.in, other) == .drop)
    let wrong = rule(.allow, [.service("ping")]) { $0.fromPorts = [1...2] }
    #expect(codes(policy([group("web", in: [wrong])])) == ["ports-not-possible"])
  }

  // MARK: Sets and services

  @Test func setsNestAndExceptTakesOut() throws {
    let nic = try explain(in: rule(.allow, [.any], from: [.set("office")])) {
      $0.sets = [
        set("office", [.set("sites"), .ip("192.0.2.1")], except: [.set("guests"), .ip("10.1.0.0-10.1.0.9")]),
        set("sites", [.ip("10.0.0.0/8")]), set("guests", [.ip("10.9.0.0/16")]),
      ]
    }
    for (address, verdict) in [
      ("10.2.0.1", Verdict.allow), ("192.0.2.1", .allow), ("10.9.1.1", .drop), ("10.1.0.9", .drop),
      ("10.1.0.10", .allow),
    ] {
      #expect(nic.verdict(.in, tcp(1, address)) == verdict, "\(address)")
    }
  }

  @Test func loopsAreErrorsWithTheirPath() {
    let sets = policy { $0.sets = [set("a", [.set("b")]), set("b", [.set("c")]), set("c", [.set("a")])] }
    let services = policy { $0.services = [service("x", [.service("y")]), service("y", [.service("x")])] }
    let presets = policy { $0.presets = [ruleSet("p", uses: ["q"]), ruleSet("q", uses: ["p"])] }
    #expect(compile(sets).diagnostics.map(\.message) == ["sets include each other in a loop: a → b → c → a"])
    #expect(compile(services).diagnostics.map(\.message) == ["services include each other in a loop: x → y → x"])
    #expect(compile(presets).diagnostics.map(\.message) == ["presets include each other in a loop: p → q → p"])
  }

  @Test func aVeryDeepNestIsNoProblem() throws {
    let sets = (0..<20_000).map { set("s\($0)", $0 == 0 ? [.ip("10.0.0.1")] : [.set("s\($0 - 1)")]) }
    let nic = try explain(in: rule(.allow, [.any], from: [.set("s19999")])) { $0.sets = sets }
    #expect(nic.verdict(.in, tcp(1, "10.0.0.1")) == .allow)
    #expect(nic.verdict(.in, tcp(1, "10.0.0.2")) == .drop)
  }

  @Test func servicesNest() throws {
    let nic = try explain(in: rule(.allow, [.service("app")])) {
      $0.services = [
        service("app", [.service("api"), .service("ssh")]), service("api", [.ports(.tcp, [8080...8089])]),
      ]
    }
    #expect([22, 8080, 8089, 8090].map { nic.verdict(.in, tcp($0)) } == [.allow, .allow, .allow, .drop])
  }

  @Test func ownServicesGoBeforeTheCatalogue() throws {
    let nic = try explain(in: rule(.allow, [.service("ssh")])) {
      $0.services = [service("ssh", [.ports(.tcp, [2222...2222])])]
    }
    #expect([22, 2222].map { nic.verdict(.in, tcp($0)) } == [.drop, .allow])
  }

  // MARK: Peers

  @Test func groupsAndVMsAreTheirDeclaredAddresses() throws {
    let nic = try explain(in: rule(.allow, [.any], from: [.group("db"), .machine("mail")])) {
      $0.groups.append(group("db", vms: "db-*"))
      $0.inventory.machines += [
        machine("db-1", ["10.0.1.1"]), machine("db-2", ["2001:db8::2"]), machine("mail", ["10.0.2.1"]),
        machine("other", ["10.0.3.1"]),
      ]
    }
    #expect(nic.verdict(.in, tcp(1, "10.0.1.1")) == .allow)
    #expect(nic.verdict(.in, tcp(1, "2001:db8::2", to: "2001:db8::11")) == .allow)
    #expect(nic.verdict(.in, tcp(1, "10.0.2.1")) == .allow)
    #expect(nic.verdict(.in, tcp(1, "10.0.3.1")) == .drop)
  }

  @Test func membersComeOnlyFromTheRepository() {
    let policy = policy([
      group("web", in: [rule(.allow, [.any], from: [.group("db")])]),
      group("db", in: [rule(.allow, [.service("ssh")])]),
    ])
    let compilation = compile(policy, on: [HostMachine(name: "db-9", interfaces: [mac(9)])])
    // db-9 is a VM of the host alone: it gets the group's rules, but is nobody's peer.
    #expect(compilation.desired?.interfaces.map(\.machine) == ["db-9"])
    #expect(compilation.diagnostics.map(\.code).contains("empty-peer"))
  }

  @Test func aMemberWithoutAddressIsAnErrorThatNamesIt() throws {
    let policy = policy(
      [group("web", in: [rule(.allow, [.any], from: [.group("db")])]), group("db")],
      vms: [machine("db-1", ["10.0.1.1"]), machine("db-2")])
    let problem = try #require(compile(policy).diagnostics.first)
    #expect(problem.code == "member-without-address")
    #expect(problem.message.contains("'db-2'"))
    #expect(problem.hint?.contains("nwfleet lock") == true)
  }

  @Test func aNICOfAMemberWithoutAddressIsAnErrorToo() {
    var fw = machine("fw-1", macs: [1, 2])
    fw.interfaces[0].addresses = [IPAddress("10.0.0.1")!]
    let rules = [rule(.allow, [.any], from: [.machine("fw-1")])]
    #expect(codes(policy([group("web", in: rules)], vms: [fw])) == ["member-without-address"])
  }

  @Test func aGroupThatSelectsByMACHasTheAddressesOfTheseNICs() throws {
    var fw = machine("fw-1", macs: [1, 2])
    fw.interfaces[0].addresses = [IPAddress("203.0.113.7")!]
    fw.interfaces[1].addresses = [IPAddress("10.0.9.1")!]
    let nic = try explain(in: rule(.allow, [.any], from: [.group("outside")])) {
      $0.inventory.machines.append(fw)
      $0.groups.append(group("outside") { $0.selector = MachineSelector(macs: [mac(1)], range: somewhere) })
    }
    #expect(nic.verdict(.in, tcp(1, "203.0.113.7")) == .allow)
    #expect(nic.verdict(.in, tcp(1, "10.0.9.1")) == .drop)
  }

  @Test func networkWordsAreThoseOfTheNICsOwnNetwork() throws {
    let words = rule(.allow, [.any], from: [.network(.host), .network(.gateway), .network(.dns)])
    let nic = try explain(in: words) {
      $0.networks = [
        Network(
          name: "lan", subnets: [range("10.0.0.0/24")], gateway: [range("10.0.0.1")], host: [range("10.0.0.2")],
          origin: somewhere),
        Network(name: "other", gateway: [range("10.9.0.1")], origin: somewhere),
      ]
      $0.inventory.machines = [machine("web-1", macs: [1], network: "lan")]
    }
    // The resolver defaults to the gateway.
    #expect(
      [("10.0.0.1"), ("10.0.0.2"), ("10.0.0.3"), ("10.9.0.1")].map { nic.verdict(.in, tcp(1, $0)) } == [
        .allow, .allow, .drop, .drop,
      ])
    #expect(nic.profile == "acme.profile.web._lan")
  }

  @Test func theOnlyNetworkOfARepositoryIsThatOfEveryNIC() throws {
    let nic = try explain(in: rule(.allow, [.any], from: [.network(.gateway)])) {
      $0.networks = [Network(name: "default", gateway: [range("192.168.122.1")], origin: somewhere)]
    }
    #expect(nic.verdict(.in, tcp(1, "192.168.122.1")) == .allow)
  }

  @Test func aNetworkThatIsNotKnownIsAnError() {
    let gateway = [rule(.allow, [.any], from: [.network(.gateway)])]
    let unknown = policy([group("web", in: gateway)], vms: [Self.web])
    #expect(codes(unknown) == ["no-network"])
    #expect(compile(unknown).diagnostics[0].hint?.contains("nwfleet lock") == true)
    let misspelt = policy([group("web")], vms: [machine("web-1", macs: [1], network: "defualt")]) {
      $0.networks = [Network(name: "default", origin: somewhere)]
    }
    #expect(compile(misspelt).diagnostics.map(\.hint) == ["did you mean 'default'?"])
    let incomplete = policy([group("web", in: gateway)], vms: [Self.web]) {
      $0.networks = [Network(name: "default", subnets: [range("10.0.0.0/24")], origin: somewhere)]
    }
    #expect(codes(incomplete) == ["network-without-part"])
  }

  // MARK: Parameters

  @Test func aParameterIsTheVMsElseTheGroupsElseThePresets() throws {
    let preset = ruleSet(
      "kit", in: [rule(.allow, [.parameter("ports")], from: [.parameter("clients")])],
      parameters: [
        "ports": parameter(["ssh"], traffic: [.service("ssh")]),
        "clients": parameter(["10.0.0.0/8"], peers: [.ip("10.0.0.0/8")]),
      ])
    let policy = policy(
      [
        group(
          "web", uses: ["kit"], parameters: ["clients": parameter(["192.0.2.0/24"], peers: [.ip("192.0.2.0/24")])])
      ], vms: [Self.web, machine("web-2", macs: [2])]
    ) {
      $0.presets = [preset]
      $0.machineParameters = ["web-2": ["ports": parameter(["https"], traffic: [.service("https")])]]
    }
    let first = try #require(explained(policy, "web-1"))
    let second = try #require(explained(policy, "web-2"))
    #expect(first.verdict(.in, tcp(22, "192.0.2.1")) == .allow)
    #expect(first.verdict(.in, tcp(22, "10.0.0.1")) == .drop)
    #expect(second.verdict(.in, tcp(22, "192.0.2.1")) == .drop)
    #expect(second.verdict(.in, tcp(443, "192.0.2.1")) == .allow)
    #expect(first.profile == "acme.profile.web")
    #expect(second.profile.hasPrefix("acme.profile.web.__"))
  }

  @Test func twoPresetsKeepTheirOwnValues() throws {
    let presets = [("a", "ssh"), ("b", "https")].map { name, value in
      ruleSet(
        name, in: [rule(.allow, [.parameter("ports")])],
        parameters: ["ports": parameter([value], traffic: [.service(value)])])
    }
    let policy = policy([group("web", uses: ["a", "b"])], vms: [Self.web]) { $0.presets = presets }
    let nic = try #require(explained(policy, "web-1"))
    #expect([22, 443, 80].map { nic.verdict(.in, tcp($0)) } == [.allow, .allow, .drop])
  }

  @Test func parametersThatDoNotFitAreErrors() {
    func problems(_ used: Traffic, _ parameters: [String: Parameter]) -> [String] {
      codes(policy([group("web", in: [rule(.allow, [used])], parameters: parameters)]))
    }
    #expect(problems(.parameter("ports"), [:]) == ["unknown-parameter"])
    #expect(problems(.parameter("p"), ["p": parameter(["10.0.0.1"], peers: [.ip("10.0.0.1")])]) == ["bad-parameter"])
    let loop = ["p": parameter(["$q"], traffic: [.parameter("q")]), "q": parameter(["$p"], traffic: [.parameter("p")])]
    #expect(problems(.parameter("p"), loop) == ["parameter-loop"])
    let unknown = ["p": parameter(["htpps"], traffic: [.service("htpps")])]
    #expect(problems(.parameter("p"), unknown) == ["unknown-service"])
  }

  @Test func aPresetsMissingParameterIsTheGroupsProblem() throws {
    var places = Places()
    let (inPreset, inGroup) = (places.next(), places.next())
    let preset = ruleSet("kit", in: [rule(.allow, [.service("ssh")], from: [.parameter("CLIENTS")], at: inPreset)])
    let unused = policy { $0.presets = [preset] }
    #expect(codes(unused) == [])
    let used = policy([group("web", uses: ["kit"], at: inGroup)]) { $0.presets = [preset] }
    #expect(compile(used).diagnostics.map(\.range) == [inGroup])
  }

  // MARK: Nothing never means everybody

  @Test(arguments: [Peer.set("none"), .group("nobody"), .parameter("none")])
  func anEmptyPeerNeverWidens(peer: Peer) throws {
    func compiled(_ verdict: Verdict) -> Policy {
      policy(
        [
          group(
            "web", in: [rule(verdict, [.any], from: [peer])],
            parameters: ["none": parameter([], peers: [], traffic: [])]),
          group("nobody"),
        ], vms: [Self.web]
      ) { $0.sets = [set("none", [])] }
    }
    #expect(codes(compiled(.allow)) == [])
    #expect(codes(compiled(.allow), .warning).filter { $0 == "empty-peer" }.count == 1)
    let nic = try #require(explained(compiled(.allow), "web-1"))
    #expect(nic.inbound.isEmpty)
    for verdict in [Verdict.drop, .reject, .pass] { #expect(codes(compiled(verdict)) == ["empty-peer"]) }
  }

  @Test func aPartOfASetThatIsEmptyIsAnErrorInADrop() {
    func compiled(_ verdict: Verdict) -> Policy {
      policy([group("web", in: [rule(verdict, [.any], from: [.set("all")])])]) {
        $0.sets = [set("all", [.set("none"), .ip("10.0.0.1")]), set("none", [])]
      }
    }
    #expect(codes(compiled(.drop)) == ["empty-peer"])
    #expect(codes(compiled(.allow)) == [])
  }

  @Test func exceptNeverWidens() {
    let empty = policy { $0.sets = [set("most", [.ip("10.0.0.0/8")], except: [.set("none")]), set("none", [])] }
    #expect(codes(empty) == ["empty-except"])
    let unknown = policy { $0.sets = [set("most", [.ip("10.0.0.0/8")], except: [.set("bad")])] }
    #expect(codes(unknown) == ["unknown-set"])
  }

  // MARK: Unknown names

  @Test(arguments: [
    (Peer.set("ofice"), "unknown-set", "did you mean 'office'?"),
    (.set("db"), "unknown-set", "there is a group of this name: write group:db"),
    (.group("office"), "unknown-group", "there is a set of this name: write @office"),
    (.group("mail"), "unknown-group", "there is a VM of this name: write vm:mail"),
    (.machine("db"), "unknown-vm", "there is a group of this name: write group:db"),
    (.machine("mial"), "unknown-vm", "did you mean 'mail'?"),
    (.set("https"), "unknown-set", "there is a service of this name: it belongs before 'from' and 'to'"),
  ])
  func anUnknownPeerIsAnErrorWithAHint(peer: Peer, code: String, hint: String) throws {
    let policy = policy([group("web", in: [rule(.allow, [.any], from: [peer])]), group("db")], vms: [machine("mail")]) {
      $0.sets = [set("office", [.ip("192.0.2.0/24")])]
    }
    let problems = compile(policy).diagnostics
    #expect(problems.map(\.code.rawValue) == [code])
    #expect(problems.map(\.hint) == [hint])
  }

  @Test(arguments: [
    (Traffic.service("htpps"), "unknown-service", "did you mean 'https'?"),
    (
      .service("echo-request"), "unknown-service",
      "there is a kind of ICMP message of this name: write icmp/echo-request"
    ),
    (.service("office"), "unknown-service", "there is a set of this name: write it behind 'from' or 'to', as @office"),
    (.icmp("echo-requst"), "bad-icmp-type", "did you mean 'echo-request'?"),
  ])
  func anUnknownServiceIsAnErrorWithAHint(traffic: Traffic, code: String, hint: String) {
    let policy = policy([group("web", in: [rule(.allow, [traffic])])]) { $0.sets = [set("office", [.ip("192.0.2.1")])] }
    let problems = compile(policy).diagnostics
    #expect(problems.map(\.code.rawValue) == [code])
    #expect(problems.map(\.hint) == [hint])
  }

  @Test func anUnknownPresetIsAnError() {
    let policy = policy([group("web", uses: ["web-servre"])]) { $0.presets = [ruleSet("web-server")] }
    #expect(compile(policy).diagnostics.map(\.hint) == ["did you mean 'web-server'?"])
    #expect(codes(policy) == ["unknown-preset"])
  }
}
