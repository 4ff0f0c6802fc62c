// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Foundation
import GoldenSupport
import Planning
import Reconcile
import Testing

@testable import Commands

/// How a plan speaks of generated filters: by the rules of the policy.
@Suite struct PlanTextTests {
  private static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden").path
  private static let identity = Identity(project: "acme")

  private static func place(_ line: Int) -> SourceRange {
    SourceRange(
      file: "policies/web.yaml", start: SourcePosition(line: line, column: 1),
      end: SourcePosition(line: line, column: 9))
  }

  private static func rule(_ port: UInt32, _ comment: String) -> Filter.Entry {
    let attributes = FilterProtocol.tcp.attributes
    var match = Match(.tcp)
    for (index, attribute) in attributes.enumerated() {
      if attribute.name == "dstportstart" { match.set(index, .number(port)) }
      if attribute.name == "comment" { match.set(index, .text(comment)) }
    }
    return .rule(Rule(.accept, .in, priority: 200, match: match))
  }

  private static func filter(_ name: String, _ entries: [Filter.Entry]) -> Filter {
    Filter(name: name, uuid: identity.uuid(ofFilter: name), entries: entries)
  }

  private static func change(
    _ name: String, _ before: [Filter.Entry]?, _ after: [Filter.Entry]?, _ sources: [[RuleSource]] = []
  ) -> Step {
    .filter(
      FilterChange(
        name: name, uuid: identity.uuid(ofFilter: name),
        before: before.map { FilterChange.State(filter: filter(name, $0)) },
        after: after.map { FilterChange.State(filter: filter(name, $0)) }, origin: place(2), sources: sources))
  }

  private static var plan: Plan {
    let leaf = Filter.Entry.reference(FilterReference("acme.guard.aaaaaaaaaaaa"))
    let end = Filter.Entry.rule(Rule(.drop, .inout, priority: 900, match: Match(.all)))
    func source(_ id: String, _ line: Int?) -> RuleSource { RuleSource(id: id, range: line.map(place)) }
    let old = [leaf, rule(80, "web/http"), rule(22, "web/ssh web/sftp"), rule(8000, "web/legacy"), end]
    let new = [leaf, rule(80, "web/http"), rule(2222, "web/ssh web/sftp"), rule(443, "web/https"), end]
    let mac = MACAddress(bits: 0x5254_0000_0001)
    var plan = Plan(
      host: "kvm1", uri: "qemu:///system", project: "acme",
      steps: [
        change(
          "acme.guard.aaaaaaaaaaaa", nil, [end, end],
          [[source("system/mac", nil)], [source("system/dhcp", nil), source("system/nd", nil)]]),
        change(
          "acme.profile.web", old, new,
          [
            [], [source("web/http", 5)], [source("web/ssh", 7), source("web/sftp", 8)], [source("web/https", 6)],
            [source("web/default", 10)],
          ]),
        change(
          "acme.nic.525400000001", [.reference(FilterReference("acme.profile.db"))],
          [.reference(FilterReference("acme.profile.web"))], [[]]),
        change("acme.nic.525400000002", [.reference(FilterReference("acme.profile.db"))], nil),
      ])
    let names = ["web-1", "web-2"].map { InterfaceName(machine: $0, mac: mac, device: nil) }
    plan.exposures = names.map { OneWayExposure(interface: $0, traffic: ["udp from any", "icmp from any"]) }
    plan.weakened = [WeakenedInterface(interface: names[0], lost: ["default of in"])]
    plan.unprotected = [names[0]]
    return plan
  }

  @Test func generatedFilters() {
    for (isVerbose, file) in [(false, "plan.txt"), (true, "plan-verbose.txt")] {
      let text = PlanText(Self.plan, traffic: TrafficReport(), style: .plain, isVerbose: isVerbose).text
      expectGolden(text, "\(Self.golden)/\(file)")
    }
  }

  @Test func generatedFiltersForMachines() throws {
    let text = JSONFile.text(PlanDocument(Self.plan, traffic: TrafficReport()))
    let schema = try #require(try JSONSerialization.jsonObject(with: Data(OutputSchema.plan.utf8)) as? [String: Any])
    #expect(SchemaCheck(schema).problems(try JSONSerialization.jsonObject(with: Data(text.utf8))) == [])
    #expect(text.contains("\"id\" : \"web\\/https\"") || text.contains("\"id\" : \"web/https\""))
  }
}
