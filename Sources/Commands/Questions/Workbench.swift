// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import Planning
import PolicyLanguage
import Verification

/// A policy as tests and questions look at it: its NICs and filters, without a host.
struct Workbench {
  var planner: TestPlanner
  var library: FilterLibrary

  /// - Throws: all that is wrong with the policy.
  init(_ policy: HostPolicy) throws(DiagnosticError) {
    let (planner, diagnostics) = policy.planner()
    guard let planner else { throw DiagnosticError(diagnostics) }
    self.planner = planner
    library = FilterLibrary(planner.desired.filters, stock: StockFilters.filters())
  }

  /// What a host has now, beside what the policy makes of it.
  ///
  /// - Throws: all that is wrong with the policy.
  init(_ policy: HostPolicy, on observed: ObservedHost) throws(DiagnosticError) {
    let machines = observed.machines.map { HostMachine(name: $0.name, interfaces: $0.interfaces.map(\.mac)) }
    let (planner, diagnostics) = policy.planner(for: observed.name, machines)
    guard let planner else { throw DiagnosticError(diagnostics) }
    self.planner = planner
    library = FilterLibrary(
      host: observed.filters.compactMap(\.filter), desired: planner.desired.filters, stock: StockFilters.filters())
  }

  /// The NICs of a VM, or of `group:NAME`.
  ///
  /// - Throws: `DiagnosticError` for what the repository does not know.
  func subjects(_ name: String, _ inventory: Inventory) throws(DiagnosticError) -> [FilteredNIC] {
    guard name.hasPrefix("group:") else { return try nics(of: name, inventory) }
    let found = planner.subjects(of: String(name.dropFirst(6)))
    if !found.isEmpty { return found }
    throw DiagnosticError(Diagnostic("unknown-group", "there is no \(name)", expected: "a name of groups:"))
  }

  /// The NICs of a VM that somebody names.
  ///
  /// - Throws: `DiagnosticError` for one that the repository does not know.
  func nics(of machine: String, _ inventory: Inventory) throws(DiagnosticError) -> [FilteredNIC] {
    let found = planner.nics(of: machine)
    if !found.isEmpty { return found }
    let known = inventory.machines.map(\.name)
    guard known.contains(machine) else {
      throw DiagnosticError(
        Diagnostic(
          "unknown-machine", "the repository knows no VM '\(machine)'",
          hint: Suggestion.hint(for: machine, in: known) ?? "name it under vms: in nwfleet.yaml"))
    }
    throw DiagnosticError(
      Diagnostic(
        "machine-without-nic", "the repository knows neither NIC nor address of VM '\(machine)'",
        at: inventory.machines.first { $0.name == machine }?.origin,
        hint: "run 'nwfleet lock', or write \(machine): {addresses: [ADDRESS]}"))
  }
}
