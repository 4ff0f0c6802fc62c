// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import FilterModel
import Planning
import Reconcile

struct StatusCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show what a host has: the applied revision, filters, and the filter of every interface.")

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var hosts: ReadableHostOptions
  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let repository = try repository.load(&output)
    let host = try await hosts.open(repository.inventory, output)
    let session = try await PlanSession(host: host, desired: repository.desired, commit: nil, takesOver: false)
    let document = StatusDocument(session)
    if output.isJSON {
      output.result(document)
    } else {
      output.result(document.text(output.style))
    }
    return .done
  }
}

/// The state of a host, as JSON and as text.
struct StatusDocument: Encodable {
  struct Interface: Encodable {
    var machine: String
    var mac: String
    var device: String?
    var filter: String?
    var group: String?
    /// in-sync, drifted, not-enforced, enforcement-unknown, foreign or unfiltered.
    var state: String
  }

  struct Filters: Encodable {
    var inPolicy: Int
    var inSync: Int
    var drifted: [String]
    var leftOver: [String]
  }

  var format = PlanDocument.format
  var host: String
  var uri: String
  var libvirt: String
  var project: String
  var appliedCommit: String?
  var appliedDigest: String?
  var isInSync: Bool
  var filters: Filters
  var interfaces: [Interface]
  var problems: [DiagnosticRecord]

  init(_ session: PlanSession) {
    let plan = session.plan
    let observed = session.request.observed
    host = observed.name
    uri = observed.uri
    libvirt = observed.libvirtVersion
    project = plan.project
    let marker = session.appliedMarker
    appliedCommit = marker?.commit
    appliedDigest = marker?.digest
    isInSync = plan.isEmpty
    problems = plan.problems.map(DiagnosticRecord.init)
    var drifted: [String] = []
    var leftOver: [String] = []
    for case .filter(let change) in plan.steps {
      if change.kind == .delete { leftOver.append(change.name) } else { drifted.append(change.name) }
    }
    let wanted = session.request.desired.filters.count
    filters = Filters(
      inPolicy: wanted, inSync: wanted - drifted.count, drifted: drifted.sorted(), leftOver: leftOver.sorted())
    interfaces = Self.interfaces(session)
  }

  private static func interfaces(_ session: PlanSession) -> [Interface] {
    let desired = session.request.desired
    let observed = session.request.observed
    func group(_ machine: String) -> String? { desired.attachments.first { $0.selects(machine: machine) }?.group }
    func state(_ name: InterfaceName, _ reference: FilterReference?) -> String {
      let isPlanned = session.plan.steps.contains { step in
        switch step {
        case .interface(let change): change.machine == name.machine && change.mac == name.mac
        case .port(let change): change.machine == name.machine && change.device == name.device
        case .filter: false
        }
      }
      if isPlanned { return "drifted" }
      if reference == nil { return "unfiltered" }
      if group(name.machine) == nil { return "foreign" }
      switch session.plan.notEnforced.first(where: { $0.interface == name })?.state {
      case .off: return "not-enforced"
      case .unknown: return "enforcement-unknown"
      default: return "in-sync"
      }
    }
    var result: [Interface] = []
    for machine in observed.machines {
      for interface in machine.interfaces {
        var reference: FilterReference?
        if case .present(let found) = machine.isRunning ? interface.live : interface.config { reference = found }
        let name = InterfaceName(machine: machine.name, mac: interface.mac, device: interface.device)
        result.append(
          Interface(
            machine: machine.name, mac: interface.mac.description, device: interface.device,
            filter: reference?.filter, group: group(machine.name), state: state(name, reference)))
      }
    }
    for port in desired.ports where port.host == nil || port.host == observed.name {
      let reference = observed.bindings.first { $0.device == port.device }?.reference
      let name = InterfaceName(machine: port.machine, mac: port.mac, device: port.device)
      result.append(
        Interface(
          machine: port.machine, mac: port.mac.description, device: port.device, filter: reference?.filter,
          group: group(port.machine), state: state(name, reference)))
    }
    return result
  }

  func text(_ style: Style) -> String {
    var text = style.bold("\(host)") + "  \(uri)  libvirt \(libvirt)\n"
    text += "project \(project): "
    if let appliedDigest {
      text +=
        "applied \(appliedCommit.map { "commit \($0)" } ?? "without a commit"), digest \(appliedDigest.prefix(12))\n"
    } else {
      text += "nothing applied yet\n"
    }
    text += "filters: \(filters.inSync) of \(filters.inPolicy) as in the policy"
    if !filters.drifted.isEmpty { text += "; \(style.red("drifted")): \(filters.drifted.joined(separator: ", "))" }
    if !filters.leftOver.isEmpty { text += "; left over: \(filters.leftOver.joined(separator: ", "))" }
    text += "\n"
    let rows = interfaces.map { [$0.machine, $0.mac, $0.device ?? "-", $0.filter ?? "-", $0.group ?? "-", $0.state] }
    if !rows.isEmpty { text += Table(["VM", "MAC", "DEVICE", "FILTER", "GROUP", "STATE"], rows).text }
    return text
  }
}

/// Columns as wide as they need to be.
struct Table {
  var text: String

  init(_ titles: [String], _ rows: [[String]]) {
    let all = [titles] + rows
    let widths = titles.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    text = ""
    for row in all {
      var line = ""
      for (column, cell) in row.enumerated() {
        line += cell + String(repeating: " ", count: widths[column] - cell.count + 2)
      }
      text += String(line.reversed().drop { $0 == " " }.reversed()) + "\n"
    }
  }
}
