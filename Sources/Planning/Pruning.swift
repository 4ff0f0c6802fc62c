// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// Which filters of the project are deleted: those that the policy no longer has and nothing on the host refers to.
struct Pruning {
  private(set) var steps: [Step] = []
  private(set) var warnings: [Diagnostic] = []

  init(_ request: PlanRequest, _ filters: FilterPlanner, _ interfaces: InterfacePlanner) {
    let identity = request.desired.identity
    let observed = request.observed
    let isPolicyEmpty = request.desired.isEmpty
    let leftovers = observed.filters.filter { seen in
      identity.owns(filter: seen.name, uuid: seen.uuid) && !filters.desiredNames.contains(seen.name)
        && (seen.name != identity.markerName || isPolicyEmpty)
    }
    guard !leftovers.isEmpty else { return }
    let names = Set(leftovers.map(\.name))
    let graph = ReferenceGraph(filters.finalFilters)
    var users: [String: String] = [:]
    for name in interfaces.finalReferences.sorted() {
      for used in graph.closure(of: name) where names.contains(used) { users[used] = "an interface" }
    }
    for seen in observed.filters where !names.contains(seen.name) && !filters.desiredNames.contains(seen.name) {
      for used in Self.references(of: seen, among: names, graph) { users[used] = "filter \(seen.name)" }
    }
    for name in graph.leavesFirst().reversed() + names.subtracting(filters.finalFilters.map(\.name)).sorted()
    where names.contains(name) {
      guard let seen = leftovers.first(where: { $0.name == name }) else { continue }
      if let user = users[name] {
        warnings.append(
          Diagnostic(
            "still-in-use", "filter \(name) is no longer in the policy but stays on \(observed.name): \(user) uses it",
            severity: .warning, hint: "it goes away with the first apply after nothing refers to it any more"))
        continue
      }
      steps.append(
        .filter(
          FilterChange(
            name: name, uuid: seen.uuid, before: FilterChange.State(filter: seen.filter, xml: seen.xml), after: nil)))
    }
  }

  /// What a filter that stays refers to; one whose text is not understood is searched for the names.
  private static func references(
    of seen: ObservedFilter, among names: Set<String>, _ graph: ReferenceGraph
  ) -> [String] {
    if seen.filter != nil { return graph.closure(of: seen.name).filter(names.contains) }
    return names.filter { seen.xml.contains("filter='\($0)'") || seen.xml.contains("filter=\"\($0)\"") }
  }
}
