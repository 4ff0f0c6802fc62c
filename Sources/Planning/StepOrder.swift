// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// The order of steps in which libvirt can bind every port at every moment.
///
/// New filters first, which cost nothing; then changed ones (see `ChangeOrder`); then interfaces and ports; deletions last. A
/// port whose present parameters would not do for a changed filter is given its new ones before the change, or, where those do
/// not do for the old filter either, both at once: parameters that no rule uses are harmless.
struct StepOrder {
  private(set) var steps: [Step] = []
  private(set) var problems: [Diagnostic] = []

  private let before: FilterCatalogue
  private let after: FilterCatalogue
  private let host: String
  private let changed: Set<String>

  init(_ filters: FilterPlanner, attachments: [Step], deletions: [Step], observed: ObservedHost, after: FilterCatalogue)
  {
    let created = filters.creations.compactMap { step -> Filter? in
      if case .filter(let change) = step { change.after?.filter } else { nil }
    }
    before = FilterCatalogue(observed.filters.compactMap(\.filter) + created)
    self.after = after
    host = observed.name
    changed = Set(filters.changes.map(\.name))
    var early: [Step] = []
    var late: [Step] = []
    for step in attachments {
      if filters.changes.isEmpty { late.append(step) } else { place(step, &early, &late) }
    }
    let changes = ChangeOrder(filters.changes, before: before, after: after).changes.map(Step.filter)
    steps = filters.creations + early + changes + late + deletions
  }

  private mutating func place(_ step: Step, _ early: inout [Step], _ late: inout [Step]) {
    guard let (old, new) = references(step) else {
      late.append(step)
      return
    }
    if works(old, after) {
      // What leaves a filter before it changes is not rebuilt for the change.
      let leaves = uses(old, before) && !(new.map { uses($0, after) } ?? false)
      if leaves, new.map({ works($0, before) }) ?? true { early.append(step) } else { late.append(step) }
      return
    }
    guard let new else {
      early.append(step)
      return
    }
    if works(new, before) {
      early.append(step)
      return
    }
    let both = FilterReference(old.filter, parameters: old.parameters.merging(new.parameters) { _, new in new })
    guard old.filter == new.filter, works(both, before), works(both, after) else {
      problems.append(
        Diagnostic(
          "no-order",
          "\(host): no order of steps keeps \(name(of: step)) filtered: its old parameters do not do for the new "
            + "filter, nor the new ones for the old filter",
          hint: "apply in two parts: let the filter accept both first"))
      return
    }
    early.append(through(step, both).first)
    late += through(step, both).rest
  }

  private func uses(_ reference: FilterReference, _ catalogue: FilterCatalogue) -> Bool {
    !catalogue.graph.closure(of: reference.filter).isDisjoint(with: changed)
  }

  private func works(_ reference: FilterReference, _ catalogue: FilterCatalogue) -> Bool {
    catalogue.missing(from: reference.filter).isEmpty && catalogue.variableProblems(of: reference).isEmpty
  }

  /// What a live interface or a port is bound to before a step and after it; nil for steps that rebind nothing.
  private func references(_ step: Step) -> (old: FilterReference, new: FilterReference?)? {
    switch step {
    case .filter: nil
    case .interface(let change):
      change.isLive ? change.before.reference.map { ($0, change.after.reference) } : nil
    case .port(let change): change.before.map { ($0.reference, change.after?.reference) }
    }
  }

  /// A step in two, by way of a reference that does for both filters.
  private func through(_ step: Step, _ both: FilterReference) -> (first: Step, rest: [Step]) {
    switch step {
    case .filter: return (step, [])
    case .interface(let change):
      var first = change
      (first.after, first.isConfig) = (.init(both), false)
      var second = change
      (second.before, second.isConfig) = (.init(both), false)
      var config = change
      config.isLive = false
      return (.interface(first), [.interface(second)] + (change.isConfig ? [.interface(config)] : []))
    case .port(let change):
      var first = change
      first.after?.reference = both
      var second = change
      second.before = first.after
      return (.port(first), [.port(second)])
    }
  }

  private func name(of step: Step) -> String {
    switch step {
    case .filter(let change): "filter \(change.name)"
    case .interface(let change):
      InterfaceName(machine: change.machine, mac: change.mac, device: change.device).description
    case .port(let change): "\(change.machine) (\(change.device))"
    }
  }
}
