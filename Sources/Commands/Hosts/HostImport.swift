// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import Planning
import PolicyLanguage

/// A host as a policy that changes nothing on it.
struct HostImport {
  private(set) var warnings: [Diagnostic] = []
  private(set) var text = ""

  /// What became of each filter that VMs use; nil where nobody asked for groups.
  private(set) var outcomes: [ImportDocument.Outcome]?

  var document: ImportDocument { ImportDocument(policy: text, groups: outcomes) }

  /// - Parameter acceptsSameFlows: whether a group may decide packets otherwise that begin no connection.
  /// - Throws: `import-differs` for filters that the text does not say as they are.
  init(
    _ observed: ObservedHost, as form: ImportForm = .native, acceptsSameFlows: Bool = false
  ) throws(DiagnosticError) {
    let own = observed.filters.filter { !FilterName.stock.contains($0.name) && !Self.isMarker($0) }
    var filters = own.compactMap { seen -> Filter? in
      if let project = observed.filters.project(owning: seen) {
        warnings.append(
          Diagnostic(
            "not-imported", "filter \(seen.name) belongs to the nwfleet project \(project)", severity: .warning,
            hint: "a filter is managed by one project; its policy is in that project's repository"))
        return nil
      }
      if let filter = seen.filter { return filter }
      warnings.append(
        Diagnostic(
          "not-imported", "filter \(seen.name) says something that a policy cannot say; it stays on the host as it is",
          severity: .warning, hint: "see 'virsh nwfilter-dumpxml \(seen.name)'"))
      return nil
    }
    let known = Set(filters.map(\.name)).union(FilterName.stock)
    var groups = groups(observed, known)
    nameOtherPorts(observed)
    if form == .groups {
      translate(&groups, observed, acceptsSameFlows)
      let needed = neededFilters(groups, observed)
      filters = filters.filter { needed.contains($0.name) }
    }
    text = "# Imported from \(observed.name).\n"
    let section = PolicyWriter.filters(filters, adopted: Set(filters.map(\.name)))
    try Self.check(section, filters)
    text += section
    if !groups.isEmpty {
      let machines = groups.flatMap(\.machines).map { InventoryMachine(name: $0, origin: Self.nowhere) }
      text += "\n" + PolicyWriter.machines(machines) + "\n" + PolicyWriter.groups(groups)
    }
  }

  /// Reads a section of filters back.
  ///
  /// - Throws: `import-differs` for each filter that is not what it was made from.
  static func check(_ section: String, _ filters: [Filter]) throws(DiagnosticError) {
    let read = PolicyWriter.readBack(section)
    let byName = Dictionary(read.filters.map { ($0.name, $0) }) { first, _ in first }
    let different = filters.filter { byName[$0.name]?.hasSameContent(as: $0) != true }
    guard different.isEmpty, read.filters.count == filters.count else {
      let errors = read.diagnostics.filter { $0.severity == .error }
      throw DiagnosticError(
        different.map {
          Diagnostic(
            "import-differs", "filter \($0.name) would not be the same in a policy file: nothing was written",
            hint: "see 'virsh nwfilter-dumpxml \($0.name)', and report what it has")
        } + errors)
    }
  }

  static let nowhere = SourceRange(
    file: "", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 1))

  /// Another project's record of what it applied is no policy.
  private static func isMarker(_ seen: ObservedFilter) -> Bool { seen.filter.flatMap(Marker.init) != nil }

  /// A group for each distinct filter with parameters; VMs whose interfaces differ are named and left out.
  private mutating func groups(_ observed: ObservedHost, _ known: Set<String>) -> [PolicyWriter.Group] {
    var members: [FilterReference: [String]] = [:]
    for machine in observed.machines {
      let references = Set(
        machine.interfaces.filter(\.carriesFilters).flatMap { interface in
          [interface.live, interface.config].compactMap { presence -> FilterReference?? in
            if case .present(let reference) = presence { .some(reference) } else { nil }
          }
        })
      guard let reference = references.first else { continue }
      guard references.count == 1 else {
        leaveOut(
          machine.name,
          references.contains(nil)
            ? "some of its interfaces, or its running and its stored configuration, have a filter and others have none"
            : "its interfaces have different filters")
        continue
      }
      guard let reference else { continue }
      guard known.contains(reference.filter) else {
        leaveOut(machine.name, "its filter \(reference.filter) was not imported")
        continue
      }
      members[reference, default: []].append(machine.name)
    }
    var taken: Set<String> = []
    return members.sorted { $0.key.summary < $1.key.summary }.map { reference, machines in
      PolicyWriter.Group(name: Self.name(reference.filter, &taken), machines: machines, content: .native(reference))
    }
  }

  // MARK: Groups with rules

  /// Puts rules in the place of filters where they are proved to do the same.
  private mutating func translate(
    _ groups: inout [PolicyWriter.Group], _ observed: ObservedHost, _ acceptsSameFlows: Bool
  ) {
    let filters = Dictionary(observed.filters.compactMap(\.filter).map { ($0.name, $0) }) { first, _ in first }
    let proof = GroupProof(filters: filters, acceptsSameFlows: acceptsSameFlows)
    let interfaces = Dictionary(observed.machines.map { ($0.name, $0.interfaces) }) { first, _ in first }
    var outcomes: [ImportDocument.Outcome] = []
    for index in groups.indices {
      guard case .native(let reference) = groups[index].content else { continue }
      let ports = groups[index].machines.flatMap { machine in
        (interfaces[machine] ?? []).filter(\.carriesFilters).map { GroupProof.Port(machine: machine, mac: $0.mac) }
      }
      if ports.isEmpty { continue }
      let name = groups[index].name
      switch proof.examine(reference, name: name, ports: ports) {
      case .same(let proposal, let remarks):
        groups[index].content = .rules(proposal)
        groups[index].remarks = [
          "In place of filter \(reference.summary)\(remarks.isEmpty ? ": every packet is decided as before." : ":")"
        ]
        groups[index].remarks += remarks
        outcomes.append(
          ImportDocument.Outcome(group: name, filter: reference.filter, becomes: .rules, remarks: remarks))
      case .different(let reason, let differences):
        groups[index].remarks = ["Stays a filter: \(reason)."] + differences.map { "  \($0)" }
        outcomes.append(
          ImportDocument.Outcome(
            group: name, filter: reference.filter, becomes: .filter, reason: reason, remarks: differences))
        warnings.append(
          Diagnostic(
            "stays-native", "filter \(reference.filter) of group \(name) stays as it is: \(reason)",
            severity: .warning, notes: differences.map { Diagnostic.Note($0) }))
      }
    }
    self.outcomes = outcomes
    warnAboutInterfaces(outcomes)
  }

  private mutating func warnAboutInterfaces(_ outcomes: [ImportDocument.Outcome]) {
    let moved = outcomes.filter { $0.becomes == .rules }.map(\.group)
    if moved.isEmpty { return }
    warnings.append(
      Diagnostic(
        "filter-still-there",
        "the VMs of \(moved.count == 1 ? "group" : "groups") \(moved.joined(separator: ", ")) still have their filters",
        severity: .warning,
        hint: "nwfleet does not replace what was put there by hand: take it off first, with 'virsh update-device'"))
  }

  /// Filters that are used otherwise than by the interfaces of groups that have rules now.
  private func neededFilters(_ groups: [PolicyWriter.Group], _ observed: ObservedHost) -> Set<String> {
    let references = Dictionary(observed.filters.compactMap(\.filter).map { ($0.name, $0.references.map(\.filter)) }) {
      first, _ in first
    }
    func closure(_ roots: some Sequence<String>) -> Set<String> {
      var result: Set<String> = []
      var left = Array(roots)
      while let name = left.popLast() {
        if result.insert(name).inserted { left += references[name] ?? [] }
      }
      return result
    }
    let moved = Set(
      groups.flatMap { group -> [String] in if case .rules = group.content { group.machines } else { [] } })
    func filters(_ machines: some Sequence<ObservedMachine>) -> [String] {
      machines.flatMap(\.interfaces).flatMap { [$0.live, $0.config] }.compactMap { presence in
        if case .present(let reference?) = presence { reference.filter } else { nil }
      }
    }
    let devices = Set(observed.machines.flatMap(\.interfaces).compactMap(\.device))
    let others = observed.bindings.filter { !devices.contains($0.device) }.map(\.reference.filter)
    let replaced = closure(filters(observed.machines.filter { moved.contains($0.name) }))
    let used = filters(observed.machines.filter { !moved.contains($0.name) }) + others
    return closure(used + references.keys.filter { !replaced.contains($0) })
  }

  /// Bindings that are nobody's interface in libvirt: a group reaches them only if the inventory names their ports.
  private mutating func nameOtherPorts(_ observed: ObservedHost) {
    let interfaces = Set(observed.machines.flatMap(\.interfaces).compactMap(\.device))
    for binding in observed.bindings where !interfaces.contains(binding.device) {
      warnings.append(
        Diagnostic(
          "not-imported",
          "port \(binding.device) (\(binding.ownerName), \(binding.mac)) has filter \(binding.reference.filter), and libvirt "
            + "does not run it", severity: .warning,
          hint:
            "it stays as it is; to manage it, name it under vms: nics: {\"\(binding.mac)\": {port: \(binding.device)}}")
      )
    }
  }

  private mutating func leaveOut(_ machine: String, _ reason: String) {
    warnings.append(
      Diagnostic("not-imported", "VM \(machine) is in no group: \(reason)", severity: .warning))
  }

  /// A group's name from a filter's: lower case, others than letters and digits as hyphens, numbered where it is taken.
  private static func name(_ filter: String, _ taken: inout Set<String>) -> String {
    var base = String(filter.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.prefix(36))
    if base.first?.isLetter != true { base = "g" + base }
    var name = base
    var number = 2
    while !taken.insert(name).inserted {
      name = "\(base)-\(number)"
      number += 1
    }
    return name
  }
}
