// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import FilterXML
import Planning

/// A plan as JSON; `nwfleet schema plan` prints the schema of it.
struct PlanDocument: Encodable {
  /// The version of this format; it changes when a field changes its meaning or goes away.
  static let format = 1

  struct Change: Encodable {
    /// filter, interface or port.
    var object: String
    /// create, change or delete.
    var action: String
    var filter: FilterRecord?
    var interface: InterfaceRecord?
    var port: PortRecord?
    var group: String?
  }

  struct FilterRecord: Encodable {
    var name: String
    var uuid: String
    /// native, nic, profile, guard, mac, peers or host.
    var kind: String
    var file: String?
    var line: Int?
    var xml: String?
    var removed: [String]
    var added: [String]
    /// The same by the rules of the policy; absent for filters that were not generated.
    var rules: [RuleRecord]?
  }

  struct RuleRecord: Encodable {
    var sources: [SourceRecord]
    var removed: [String]
    var added: [String]
  }

  struct SourceRecord: Encodable {
    /// `GROUP/RULE`.
    var id: String
    var file: String?
    var line: Int?

    init(_ source: RuleSource) {
      id = source.id
      file = source.range?.file
      line = source.range?.start.line
    }
  }

  struct InterfaceRecord: Encodable {
    var machine: String
    var mac: String
    var device: String?
    var isLive: Bool
    var isConfig: Bool
    var before: Reference?
    var after: Reference?
  }

  struct PortRecord: Encodable {
    var machine: String
    var device: String
    var before: Reference?
    var after: Reference?
  }

  struct Reference: Encodable {
    var filter: String
    var parameters: [String: [String]]

    init(_ reference: FilterReference) {
      filter = reference.filter
      parameters = reference.parameters
    }
  }

  struct Interface: Encodable {
    var machine: String
    var mac: String
    var device: String?

    init(_ name: InterfaceName) {
      machine = name.machine
      mac = name.mac.description
      device = name.device
    }
  }

  struct Gap: Encodable {
    var interface: Interface
    var state: String
    var sysctls: [String]
  }

  struct NotFiltered: Encodable {
    var interface: Interface
    var reason: String
  }

  struct Weakened: Encodable {
    var interface: Interface
    var lost: [String]
  }

  struct OneWay: Encodable {
    var interface: Interface
    var traffic: [String]
  }

  struct Summary: Encodable {
    var create: Int
    var change: Int
    var delete: Int
  }

  struct CostRecord: Encodable {
    var rebuilds: Int
    var processes: Int
    var seconds: Double
    var exposureMilliseconds: Int
  }

  var format: Int
  var nwfleet: String
  var host: String
  var uri: String
  var project: String
  var changes: [Change]
  var summary: Summary
  var cost: CostRecord
  var traffic: TrafficDocument
  var unprotected: [Interface]
  var weakened: [Weakened]
  var oneWay: [OneWay]
  var notFiltered: [NotFiltered]
  var notEnforced: [Gap]
  var problems: [DiagnosticRecord]
  var warnings: [DiagnosticRecord]

  init(_ plan: Plan, traffic: TrafficReport) {
    self.traffic = TrafficDocument(traffic)
    format = Self.format
    nwfleet = nwfleetVersion
    host = plan.host
    uri = plan.uri
    project = plan.project
    changes = plan.steps.map { Self.change($0, project: plan.project) }
    summary = Summary(create: plan.count(.create), change: plan.count(.change), delete: plan.count(.delete))
    cost = CostRecord(
      rebuilds: plan.cost.rebuilds, processes: plan.cost.processes, seconds: plan.cost.seconds,
      exposureMilliseconds: plan.cost.exposureMilliseconds)
    unprotected = plan.unprotected.map(Interface.init)
    weakened = plan.weakened.map { Weakened(interface: Interface($0.interface), lost: $0.lost) }
    oneWay = plan.exposures.map { OneWay(interface: Interface($0.interface), traffic: $0.traffic) }
    notFiltered = plan.notFiltered.map { NotFiltered(interface: Interface($0.interface), reason: $0.reason) }
    notEnforced = plan.notEnforced.map {
      Gap(interface: Interface($0.interface), state: $0.state.rawValue, sysctls: $0.sysctls)
    }
    problems = plan.problems.map(DiagnosticRecord.init)
    warnings = plan.warnings.map(DiagnosticRecord.init)
  }

  static func change(_ step: Step, project: String) -> Change {
    switch step {
    case .filter(let change): Change(object: "filter", action: change.kind.rawValue, filter: filter(change, project))
    case .interface(let change):
      Change(
        object: "interface", action: change.kind.rawValue,
        interface: InterfaceRecord(
          machine: change.machine, mac: change.mac.description, device: change.device, isLive: change.isLive,
          isConfig: change.isConfig, before: change.before.reference.map(Reference.init),
          after: change.after.reference.map(Reference.init)), group: change.group)
    case .port(let change):
      Change(
        object: "port", action: change.kind.rawValue,
        port: PortRecord(
          machine: change.machine, device: change.device, before: change.before.map { Reference($0.reference) },
          after: change.after.map { Reference($0.reference) }), group: change.group)
    }
  }

  private static func filter(_ change: FilterChange, _ project: String) -> FilterRecord {
    var removed: [String] = []
    var added: [String] = []
    for entry in EntryDiff.between(change.before?.filter?.entries ?? [], change.after?.filter?.entries ?? []) {
      switch entry {
      case .kept: break
      case .removed(let entry): removed.append(entry.summary)
      case .added(let entry): added.append(entry.summary)
      }
    }
    return FilterRecord(
      name: change.name, uuid: change.uuid.description,
      kind: Identity(project: project).kind(ofFilter: change.name)?.rawValue ?? "native", file: change.origin?.file,
      line: change.origin?.start.line, xml: change.after?.filter.map { FilterXML.write($0) }, removed: removed,
      added: added, rules: change.sources.isEmpty ? nil : rules(change))
  }

  private static func rules(_ change: FilterChange) -> [RuleRecord] {
    RuleChanges(change).items.map { item in
      RuleRecord(
        sources: item.sources.map(SourceRecord.init), removed: item.removed.map(\.summary),
        added: item.added.map(\.summary))
    }
  }
}
