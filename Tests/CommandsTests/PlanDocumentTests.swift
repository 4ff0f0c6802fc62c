// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Foundation
import Planning
import Reconcile
import Testing

@testable import Commands

/// The published schema holds for every kind of plan: no field that it does not name, none missing that it requires.
@Suite struct PlanDocumentTests {
  private static let place = SourceRange(
    file: "policies/a.yaml", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 5))

  private static var fullPlan: Plan {
    let uuid = ObjectUUID(high: 1, low: 2)
    let filter = Filter(name: "a", uuid: uuid, entries: [.rule(Rule(.accept, .in))])
    let binding = ObservedBinding(
      device: "tap0", ownerName: "vm", ownerUUID: uuid, mac: MACAddress(bits: 1),
      reference: FilterReference("a", parameters: ["IP": ["1.2.3.4"]]))
    let interface = InterfaceName(machine: "vm", mac: MACAddress(bits: 1), device: "tap0")
    var plan = Plan(
      host: "kvm1", uri: "qemu:///system", project: "acme",
      steps: [
        .filter(FilterChange(name: "a", uuid: uuid, before: nil, after: .init(filter: filter), origin: place)),
        .filter(FilterChange(name: "a", uuid: uuid, before: .init(filter: filter), after: nil)),
        .interface(
          InterfaceChange(
            machine: "vm", uuid: uuid, mac: MACAddress(bits: 1), device: nil, isLive: true, isConfig: false,
            before: .init(nil), after: .init(FilterReference("a")), group: "g")),
        .port(PortChange(machine: "vm", device: "tap0", before: binding, after: nil, group: nil)),
      ])
    plan.problems = [Diagnostic("x", "y", at: place, expected: "e", hint: "h", notes: [.init("n", at: place)])]
    plan.warnings = [Diagnostic("x", "y", severity: .warning)]
    plan.unprotected = [interface]
    plan.notEnforced = [EnforcementGap(interface: interface, state: .off, sysctls: ["s"])]
    return plan
  }

  @Test func schemaHoldsForPlans() throws {
    let schema = try #require(
      try JSONSerialization.jsonObject(with: Data(OutputSchema.plan.utf8)) as? [String: Any])
    for plan in [Self.fullPlan, Plan(host: "h", uri: "u", project: "p")] {
      let document = try JSONSerialization.jsonObject(
        with: Data(JSONFile.text(PlanDocument(plan, traffic: TrafficReport())).utf8))
      #expect(SchemaCheck(schema).problems(document) == [])
    }
  }

  private func check(_ document: some Encodable, _ text: String) throws -> [String] {
    let schema = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    return SchemaCheck(schema).problems(try JSONSerialization.jsonObject(with: Data(JSONFile.text(document).utf8)))
  }

  @Test func schemaHoldsForOutcomes() throws {
    let steps = Self.fullPlan.steps
    var document = ApplyDocument(Self.fullPlan)
    document.add([
      StepOutcome(steps[0], .done), StepOutcome(steps[1], .undone), StepOutcome(steps[2], .skipped("why")),
      StepOutcome(steps[3], .failed(HostError(.refused, "m", hint: "h"))),
    ])
    document.problems = Self.fullPlan.problems.map(DiagnosticRecord.init)
    #expect(try check(document, OutputSchema.apply) == [])
  }

  @Test func schemaHoldsForStatusAndDiagnostics() async throws {
    let identity = Identity(project: "acme")
    let marker = Marker(repositoryID: "6f1c", commit: "c", digest: "d")
    let filter = marker.filter(for: identity)
    let observed = ObservedHost(
      name: "h", uri: "u:///", libvirtVersion: "9.0.0",
      filters: [
        ObservedFilter(name: filter.name, uuid: identity.uuid(ofFilter: filter.name), xml: "", filter: filter)
      ],
      machines: [
        ObservedMachine(
          name: "vm", uuid: ObjectUUID(high: 1, low: 1), isRunning: true, isPersistent: true,
          interfaces: [
            ObservedInterface(
              mac: MACAddress(bits: 1), type: "bridge", carriesFilters: true, device: "vnet0",
              live: .present(FilterReference("x")), config: .present(nil))
          ])
      ])
    let host = try SnapshotHost(SnapshotDocument(observed, takenAt: 0))
    let session = try await PlanSession(
      host: host, desired: DesiredState(identity: identity, repositoryID: "6f1c"))
    #expect(try check(StatusDocument(session), OutputSchema.status) == [])
    #expect(try check(DiagnosticsDocument(Self.fullPlan.problems), OutputSchema.diagnostics) == [])
  }

  @Test func checkItselfFindsProblems() throws {
    let schema = try #require(
      try JSONSerialization.jsonObject(with: Data(OutputSchema.plan.utf8)) as? [String: Any])
    var document = try #require(
      try JSONSerialization.jsonObject(
        with: Data(JSONFile.text(PlanDocument(Self.fullPlan, traffic: TrafficReport())).utf8)) as? [String: Any])
    document["extra"] = 1
    document["host"] = nil
    document["uri"] = 7
    #expect(SchemaCheck(schema).problems(document).count == 3)
  }

  @Test func timeSpans() throws {
    #expect(try TimeSpan(parsing: "2m").seconds == 120)
    #expect(try TimeSpan(parsing: "90s").seconds == 90)
    for bad in ["", "s", "2", "-1s", "0s", "1.5m", "2 m", "1d"] {
      #expect(throws: (any Error).self, "\(bad)") { try TimeSpan(parsing: bad) }
    }
  }
}

/// As much of JSON Schema as the plan's schema uses.
struct SchemaCheck {
  private let root: [String: Any]

  init(_ root: [String: Any]) { self.root = root }

  func problems(_ value: Any) -> [String] { problems(value, root, "") }

  private func problems(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    if let reference = schema["$ref"] as? String {
      let name = reference.replacingOccurrences(of: "#/definitions/", with: "")
      let definitions = root["definitions"] as? [String: [String: Any]]
      guard let target = definitions?[name] else { return ["\(path): no definition \(name)"] }
      return problems(value, target, path)
    }
    if let allowed = schema["enum"] as? [String] {
      return allowed.contains(value as? String ?? "") ? [] : ["\(path): not one of \(allowed)"]
    }
    if let constant = schema["const"] as? Int { return value as? Int == constant ? [] : ["\(path): not \(constant)"] }
    switch schema["type"] as? String {
    case "object": return object(value, schema, path)
    case "array":
      guard let items = value as? [Any], let schema = schema["items"] as? [String: Any] else {
        return ["\(path): no array"]
      }
      return items.enumerated().flatMap { problems($1, schema, "\(path)[\($0)]") }
    case "string": return value is String ? [] : ["\(path): no string"]
    case "integer": return value is Int ? [] : ["\(path): no integer"]
    case "number": return value is NSNumber ? [] : ["\(path): no number"]
    case "boolean": return value is Bool ? [] : ["\(path): no boolean"]
    case let type: return ["\(path): the schema has type \(type ?? "none")"]
    }
  }

  private func object(_ value: Any, _ schema: [String: Any], _ path: String) -> [String] {
    guard let object = value as? [String: Any] else { return ["\(path): no object"] }
    let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
    var found = (schema["required"] as? [String] ?? []).filter { object[$0] == nil }.map { "\(path): \($0) is missing" }
    for (key, value) in object {
      if let property = properties[key] ?? schema["additionalProperties"] as? [String: Any] {
        found += problems(value, property, "\(path).\(key)")
      } else {
        found.append("\(path): \(key) is not in the schema")
      }
    }
    return found
  }
}
