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
    let session = try await PlanSession.read(repository, hosts, &output)
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
    /// in-sync, missing (not applied yet), drifted, not-enforced, enforcement-unknown, foreign, unfiltered or cannot-filter.
    var state: String
    /// What reaches it one way although the policy denies it; absent for nothing.
    var oneWay: [String]?
  }

  struct Filters: Encodable {
    var inPolicy: Int
    var inSync: Int
    /// Not on the host yet.
    var missing: [String]
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
  private let exposures: [OneWayExposure]
  var problems: [DiagnosticRecord]

  private enum CodingKeys: CodingKey {
    case format, host, uri, libvirt, project, appliedCommit, appliedDigest, isInSync, filters, interfaces, problems
  }

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
    filters = Self.filters(session)
    interfaces = Self.interfaces(session)
    exposures = plan.exposures
  }

  private static func filters(_ session: PlanSession) -> Filters {
    var changes: [ChangeKind: Set<String>] = [:]
    for case .filter(let change) in session.plan.steps { changes[change.kind, default: []].insert(change.name) }
    let (missing, drifted) = (changes[.create] ?? [], changes[.change] ?? [])
    let desired = session.request.desired
    let uuids = Dictionary(
      session.request.observed.filters.map { ($0.name, $0.uuid) }, uniquingKeysWith: { first, _ in first })
    let inSync = desired.filters.count { wanted in
      let name = wanted.filter.name
      return !missing.contains(name) && !drifted.contains(name)
        && (wanted.adopts || uuids[name] == desired.identity.uuid(ofFilter: name))
    }
    return Filters(
      inPolicy: desired.filters.count, inSync: inSync, missing: missing.sorted(), drifted: drifted.sorted(),
      leftOver: (changes[.delete] ?? []).sorted())
  }

  private static func interfaces(_ session: PlanSession) -> [Interface] {
    let states = InterfaceStates(session)
    let observed = session.request.observed
    var result: [Interface] = []
    for machine in observed.machines {
      for interface in machine.interfaces {
        let wish = states.wish(machine.name, interface.mac)
        var reference: FilterReference?
        if case .present(let found) = machine.isRunning ? interface.live : interface.config { reference = found }
        result.append(
          Interface(
            machine: machine.name, mac: interface.mac.description, device: interface.device,
            filter: reference?.filter, group: wish?.groupText, state: states.state(of: interface, in: machine),
            oneWay: wish.map(\.oneWay).flatMap { $0.isEmpty ? nil : $0 }))
      }
    }
    for port in session.request.desired.ports where port.host == nil || port.host == observed.name {
      let binding = observed.bindings.first { $0.device == port.device }
      let wish = states.wish(port.machine, port.mac)
      result.append(
        Interface(
          machine: port.machine, mac: port.mac.description, device: port.device, filter: binding?.reference.filter,
          group: wish?.groupText, state: states.state(of: port, binding),
          oneWay: wish.map(\.oneWay).flatMap { $0.isEmpty ? nil : $0 }))
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
    for (names, title) in [
      (filters.missing, style.red("missing")), (filters.drifted, style.red("drifted")), (filters.leftOver, "left over"),
    ] where !names.isEmpty {
      text += "; \(title): \(names.shortened(to: 5))"
    }
    text += "\n"
    let rows = interfaces.map { [$0.machine, $0.mac, $0.device ?? "-", $0.filter ?? "-", $0.group ?? "-", $0.state] }
    if !problems.isEmpty {
      text +=
        style.red("The policy cannot be applied here") + ": \(problems.count.counted("problem")), see 'nwfleet plan'\n"
    }
    if !rows.isEmpty { text += Table(["VM", "MAC", "DEVICE", "FILTER", "GROUP", "STATE"], rows).text }
    return text + ExposureText.text(exposures)
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
