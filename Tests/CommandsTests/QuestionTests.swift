// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import Foundation
import GoldenSupport
import PacketPath
import Planning
import PolicyLanguage
import Reconcile
import Testing
import Verification

@testable import Commands

/// What test, trace, who-can and reach print, beside recorded files.
@Suite struct QuestionTests {
  private static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/questions").path

  private static let main = """
    project: acme
    id: 6f1c0d2e
    networks:
      default: {subnets: [192.168.122.0/24], gateway: [192.168.122.1], host: [192.168.122.1]}
    vms:
      web-1: {nics: {"52:54:00:00:00:11": {addresses: [192.168.122.11, "2001:db8:122::11"]}}}
      db-1: {nics: {"52:54:00:00:00:21": {addresses: [192.168.122.21]}}}
      free-1: {nics: {"52:54:00:00:00:31": {addresses: [192.168.122.31]}}}
    """

  private static let policies = """
    sets:
      office: [192.0.2.0/24, "2001:db8:1::/48"]
    groups:
      web:
        vms: {name: "web-*"}
        in:
          - allow http, https
          - {rule: allow ssh from @office, name: ssh}
        tests:
          - allow in http, https
          - drop in udp
          - {test: drop in tcp/20-25, name: no-logins, comment: nobody logs in here}
          - allow in https from 2001:db8::7
      db:
        vms: {name: "db-*"}
        in:
          - allow postgres from group:web
        tests:
          - allow in postgres from 2001:db8::7
    tests:
      shop:
        - web-1 -> db-1 postgres
        - drop db-1 -> web-1 tcp/22-80
    never:
      - free-1 -> db-1 any
      - any -> group:db "postgres"
    """.replacing("\"postgres\"", with: "postgres")

  private struct Fixture {
    var bench: Workbench
    var verifier: Verifier { Verifier(bench.library) }
    let inventory: Inventory
  }

  private func fixture() throws -> Fixture {
    let loaded = PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: Self.main), PolicyFile(path: "policies/all.yaml", text: Self.policies),
    ])
    #expect(loaded.diagnostics == [])
    let policy = try #require(loaded.policy)
    let day = try #require(Day("2026-11-22"))
    return Fixture(bench: try Workbench(HostPolicy(policy, today: day)), inventory: policy.inventory)
  }

  @Test func tests() throws {
    var fixture = try fixture()
    var verifier = fixture.verifier
    var results: [TestResult] = []
    for planned in fixture.bench.planner.plans() { results.append(verifier.check(planned)) }
    let document = TestDocument(results, fixture.bench.library)
    #expect(!document.isPassed)
    expectGolden(document.text(.plain, isVerbose: false), "\(Self.golden)/tests.txt")
    expectGolden(document.text(.plain, isVerbose: true), "\(Self.golden)/tests-verbose.txt")
    expectGolden(JSONFile.text(document), "\(Self.golden)/tests.json")
    let report = JUnitDocument(document).text
    expectGolden(report, "\(Self.golden)/tests.xml")
    #expect(report.contains("tests=\"9\""))
    let schema = try #require(
      try JSONSerialization.jsonObject(with: Data(OutputSchema.test.utf8)) as? [String: Any])
    let json = try JSONSerialization.jsonObject(with: Data(JSONFile.text(document).utf8))
    #expect(SchemaCheck(schema).problems(json) == [])
  }

  @Test(arguments: [
    ("web-1", "in tcp/443 from 198.51.100.7"), ("web-1", "in ssh"), ("db-1", "in udp/53 via routed"),
    ("web-1", "out any to host"), ("free-1", "out https to 198.51.100.7"),
  ])
  func trace(machine: String, question: String) throws {
    var fixture = try fixture()
    var verifier = fixture.verifier
    let test = try PolicyQuestion.aboutNICs(question)
    var answers: [Answer] = []
    for nic in try fixture.bench.nics(of: machine, fixture.inventory) {
      answers += try verifier.answers(fixture.bench.planner.plan(test, suite: machine, nics: [nic]))
    }
    let document = TraceDocument(machine, test, answers, fixture.bench.library)
    let name = "trace-\(machine)-\(question.replacing(" ", with: "-").replacing("/", with: "-"))"
    expectGolden(document.text(.plain), "\(Self.golden)/\(name).txt")
    if machine == "db-1" { expectGolden(JSONFile.text(document), "\(Self.golden)/\(name).json") }
    let schema = try #require(
      try JSONSerialization.jsonObject(with: Data(OutputSchema.trace.utf8)) as? [String: Any])
    let json = try JSONSerialization.jsonObject(with: Data(JSONFile.text(document).utf8))
    #expect(SchemaCheck(schema).problems(json) == [])
  }

  @Test func traceOfAHost() throws {
    let fixture = try fixture()
    // As nwfleet has made it, but somebody has changed one rule.
    var filters = fixture.bench.planner.desired.filters.map(\.filter)
    let place = try #require(filters.firstIndex { $0.name == "acme.profile.web" })
    filters[place].entries.removeAll { $0.summary.contains("dstportstart 443") }
    let uuid = ObjectUUID(high: 1, low: 2)
    let mac = try #require(MACAddress("52:54:00:00:00:11"))
    let observed = ObservedHost(
      name: "kvm1", uri: "qemu:///system",
      filters: filters.map { ObservedFilter(name: $0.name, uuid: uuid, xml: "", filter: $0) },
      machines: [
        ObservedMachine(
          name: "web-1", uuid: uuid, isRunning: true, isPersistent: true,
          interfaces: [
            ObservedInterface(
              mac: mac, type: "network", carriesFilters: true, device: "vnet0",
              live: .present(FilterReference("acme.nic.525400000011")), config: .absent)
          ])
      ])
    let loaded = PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: Self.main), PolicyFile(path: "policies/all.yaml", text: Self.policies),
    ])
    let day = try #require(Day("2026-11-22"))
    var bench = try Workbench(HostPolicy(try #require(loaded.policy), today: day), on: observed)
    let nics = try LiveNICs(observed, bench).nics(of: "web-1")
    #expect(nics.map(\.reference?.filter) == ["acme.nic.525400000011"])
    var verifier = Verifier(bench.library)
    for (question, outcome) in [("in https", FlowOutcome.dropped), ("in http", .allowed)] {
      let planned = bench.planner.plan(try PolicyQuestion.aboutNICs(question), suite: "", nics: nics)
      let answers = try verifier.answers(planned)
      #expect(answers.map(\.outcome) == [outcome])
    }
    #expect(throws: DiagnosticError.self) { try LiveNICs(observed, bench).nics(of: "db-1") }
  }

  @Test(arguments: ["ssh", "any", "udp/53 via routed"])
  func whoCan(question: String) throws {
    var fixture = try fixture()
    var verifier = fixture.verifier
    let test = try PolicyQuestion.aboutNICs("in \(question)")
    let planned = fixture.bench.planner.plan(
      test, suite: "", nics: try fixture.bench.subjects("web-1", fixture.inventory))
    let document = ReachabilityDocument(
      question: "\(question) to web-1", try verifier.sources(planned), whole: question)
    expectGolden(
      document.text(.plain),
      "\(Self.golden)/who-can-\(question.replacing(" ", with: "-").replacing("/", with: "-")).txt")
  }

  @Test(arguments: ["group:web -> group:db", "group:db -> group:web", "free-1 -> any", "@office -> group:web"])
  func reach(ends: String) throws {
    var fixture = try fixture()
    var verifier = fixture.verifier
    let planned = fixture.bench.planner.plan(try PolicyQuestion.betweenEnds("\(ends) any"), suite: "", nics: [])
    let document = ReachabilityDocument(question: ends, try verifier.traffic(planned), whole: "any")
    let name = ends.replacing(" -> ", with: "-").replacing(":", with: "-").replacing("@", with: "")
    expectGolden(document.text(.plain), "\(Self.golden)/reach-\(name).txt")
    let schema = try #require(
      try JSONSerialization.jsonObject(with: Data(OutputSchema.reach.utf8)) as? [String: Any])
    let json = try JSONSerialization.jsonObject(with: Data(JSONFile.text(document).utf8))
    #expect(SchemaCheck(schema).problems(json) == [])
  }

  @Test func unknownNamesAreExplained() throws {
    let fixture = try fixture()
    for name in ["web-11", "group:wbe"] {
      #expect(throws: DiagnosticError.self) { try fixture.bench.subjects(name, fixture.inventory) }
    }
  }
}
