// SPDX-License-Identifier: Apache-2.0

import FilterModel

extension Cost {
  /// What the steps make libvirt do, from the bindings that there are.
  init(steps: [Step], observed: ObservedHost, catalogue: FilterCatalogue) {
    self.init()
    for step in steps {
      switch step {
      case .filter(let change): add(change, observed, catalogue)
      case .interface(let change) where change.isLive:
        add(removed: change.before.reference, added: change.after.reference, catalogue)
      case .interface: break
      case .port(let change):
        add(removed: change.before?.reference, added: change.after?.reference, catalogue)
      }
    }
  }

  /// Only a change of a filter that ports use rebuilds anything: new filters and unused ones cost a millisecond.
  private mutating func add(_ change: FilterChange, _ observed: ObservedHost, _ catalogue: FilterCatalogue) {
    guard change.kind == .change else { return }
    for binding in observed.bindings
    where catalogue.graph.closure(of: binding.reference.filter).contains(change.name) {
      let counts = catalogue.ruleCounts(of: binding.reference.filter)
      rebuilds += 1
      processes += counts.processes
      exposures += counts.hasLayer3 ? 1 : 0
    }
  }

  private mutating func add(removed: FilterReference?, added: FilterReference?, _ catalogue: FilterCatalogue) {
    if removed != nil { processes += RuleCounts.removalProcesses }
    if let added {
      let counts = catalogue.ruleCounts(of: added.filter)
      rebuilds += 1
      processes += counts.processes
      exposures += counts.hasLayer3 ? 1 : 0
    }
  }
}
