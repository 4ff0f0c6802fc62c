// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// The filters of a host, each name once.
struct FilterCollection {
  private var filters: [String: DesiredFilter]
  private var owners: [String: Roster.Machine] = [:]

  init(_ native: [DesiredFilter]) {
    filters = Dictionary(native.map { ($0.filter.name, $0) }) { first, _ in first }
  }

  /// Leaves are shared: their names follow from their content. A problem where two of one name differ after all.
  mutating func add(_ filter: DesiredFilter) -> Diagnostic? {
    let name = filter.filter.name
    guard let known = filters[name] else {
      filters[name] = filter
      return nil
    }
    guard known.filter == filter.filter else {
      return Diagnostic(
        "name-collision", "two different filters would both be called '\(name)'", at: filter.origin,
        hint: "rename a group, or change a rule a little",
        notes: [Diagnostic.Note("the other one", at: known.origin)])
    }
    // Of two origins the first, whichever profile was looked at first.
    if filter.origin < known.origin { filters[name] = filter }
    return nil
  }

  /// Adds the filter of a NIC; a problem where another VM has its MAC address and other rules.
  mutating func add(_ filter: DesiredFilter, of nic: NIC, _ machine: Roster.Machine) -> Diagnostic? {
    let name = filter.filter.name
    guard let known = filters[name], let owner = owners[name] else {
      filters[name] = filter
      owners[name] = machine
      return nil
    }
    guard known.filter != filter.filter else { return nil }
    return Diagnostic(
      "duplicate-mac",
      "VMs '\(owner.name)' and '\(machine.name)' have NICs with the address \(nic.mac), and different rules",
      at: machine.inventory?.origin, hint: "give one of them another address, or say on which host each VM is",
      notes: owner.inventory.map { [Diagnostic.Note("VM '\(owner.name)'", at: $0.origin)] } ?? [])
  }

  var sorted: [DesiredFilter] { filters.values.sorted { $0.filter.name < $1.filter.name } }
}
