// SPDX-License-Identifier: Apache-2.0

import FilterModel

extension Cost {
  /// What steps make libvirt do, one after the other, from the filters and bindings that there are.
  init(steps: [Step], observed: ObservedHost) {
    self.init()
    var state = CostState(observed.filters.compactMap(\.filter), observed.bindings)
    for step in steps { add(state.perform(step)) }
  }

  mutating func add(_ other: Cost) {
    rebuilds += other.rebuilds
    processes += other.processes
    exposures += other.exposures
  }

  /// What putting a filter's rules on a port costs.
  fileprivate mutating func add(_ counts: RuleCounts) {
    rebuilds += 1
    processes += counts.processes
    exposures += counts.hasLayer3 ? 1 : 0
  }
}

/// Which filters there are and which ports use them, in the course of a plan.
struct CostState {
  private var filters: [String: Filter]
  private var counts: [String: RuleCounts]
  /// By port, the filter that it is bound to.
  private var roots: [String: String] = [:]
  /// By filter, the ports whose tree it is in.
  private var users: [String: Set<String>] = [:]

  init(_ filters: [Filter], _ bindings: [ObservedBinding]) {
    self.filters = Dictionary(filters.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
    counts = self.filters.mapValues { RuleCounts(of: $0) }
    for binding in bindings { bind(binding.device, to: binding.reference.filter) }
  }

  /// What a step costs in this state, which it then changes.
  mutating func perform(_ step: Step) -> Cost {
    let cost = cost(of: step)
    switch step {
    case .filter(let change):
      // An unknown text counts as a filter without rules.
      let filter = change.after.map { $0.filter ?? Filter(name: change.name) }
      let affected = users[change.name] ?? []
      for device in affected { unbind(device, keepsRoot: true) }
      filters[change.name] = filter
      counts[change.name] = filter.map { RuleCounts(of: $0) }
      for device in affected { if let root = roots[device] { bind(device, to: root) } }
    case .interface(let change):
      guard change.isLive, let device = change.device else { break }
      rebind(device, to: change.after.reference?.filter)
    case .port(let change): rebind(change.device, to: change.after?.reference.filter)
    }
    return cost
  }

  /// Only a change of a filter that ports use rebuilds anything: new filters and unused ones cost a millisecond.
  func cost(of step: Step) -> Cost {
    var cost = Cost()
    switch step {
    case .filter(let change):
      guard change.kind == .change else { break }
      let changed = change.after?.filter.map { (filter: $0, counts: RuleCounts(of: $0)) }
      for device in users[change.name] ?? [] { cost.add(ruleCounts(of: roots[device] ?? "", with: changed)) }
    case .interface(let change) where change.isLive:
      add(removed: change.before.reference, added: change.after.reference, to: &cost)
    case .interface: break
    case .port(let change):
      add(removed: change.before?.reference, added: change.after?.reference, to: &cost)
    }
    return cost
  }

  private func add(removed: FilterReference?, added: FilterReference?, to cost: inout Cost) {
    if removed != nil { cost.processes += RuleCounts.removalProcesses }
    if let added { cost.add(ruleCounts(of: added.filter, with: nil)) }
  }

  /// - Parameter changed: stands in for the filter of its name.
  private func ruleCounts(
    of name: String, with changed: (filter: Filter, counts: RuleCounts)?, path: Set<String> = []
  ) -> RuleCounts {
    let isChanged = name == changed?.filter.name
    guard !path.contains(name), let filter = isChanged ? changed?.filter : filters[name],
      var total = isChanged ? changed?.counts : counts[name]
    else { return RuleCounts() }
    let path = path.union([name])
    for inner in filter.references { total.add(ruleCounts(of: inner.filter, with: changed, path: path)) }
    return total
  }

  // MARK: Who uses what

  private mutating func rebind(_ device: String, to filter: String?) {
    unbind(device, keepsRoot: false)
    if let filter { bind(device, to: filter) }
  }

  private mutating func bind(_ device: String, to filter: String) {
    roots[device] = filter
    for name in tree(of: filter) { users[name, default: []].insert(device) }
  }

  private mutating func unbind(_ device: String, keepsRoot: Bool) {
    guard let root = roots[device] else { return }
    for name in tree(of: root) { users[name]?.remove(device) }
    if !keepsRoot { roots[device] = nil }
  }

  private func tree(of root: String) -> Set<String> {
    var seen: Set<String> = [root]
    var left = [root]
    while let name = left.popLast() {
      left += (filters[name]?.references ?? []).map(\.filter).filter { seen.insert($0).inserted }
    }
    return seen
  }
}
