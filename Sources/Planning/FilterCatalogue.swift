// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// Filters by name, and what follows from including one in another.
struct FilterCatalogue {
  private(set) var filters: [String: Filter]
  let graph: ReferenceGraph

  init(_ filters: some Sequence<Filter>) {
    self.filters = Dictionary(filters.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
    graph = ReferenceGraph(self.filters.values)
  }

  /// The filters that an interface meets, itself included; names that are missing here are left out.
  func tree(of name: String) -> [Filter] { graph.closure(of: name).sorted().compactMap { filters[$0] } }

  /// Names that a filter's tree refers to and that are not here.
  func missing(from name: String) -> [String] { graph.closure(of: name).filter { filters[$0] == nil }.sorted() }

  /// What stops libvirt from binding a reference: variables without a value, lists of unequal length side by side, values
  /// that the firewall refuses.
  ///
  /// Values come from the reference, then from the inner references on the way to a rule (outer ones win:
  /// nwfilter_gentech_driver.c, virNWFilterCreateVarsFrom); `MAC` is always there, `IP` is learned unless
  /// `CTRL_IP_LEARNING` says none.
  func variableProblems(of reference: FilterReference) -> [String] {
    var problems: Set<String> = []
    visit(reference.filter, reference.parameters, path: []) { rule, values in
      problems.formUnion(Self.problems(of: rule, values) + VariableValues.problems(of: rule, values))
    }
    return problems.sorted()
  }

  /// Whether a tree uses the VM's address without being told it, so that libvirt has to learn it from the VM's packets.
  func learnsAddress(_ reference: FilterReference) -> Bool {
    var learns = false
    visit(reference.filter, reference.parameters, path: []) { rule, values in
      if values["IP"] == nil, Self.variables(of: rule).contains(where: { $0.name == "IP" }) { learns = true }
    }
    return learns
  }

  private func visit(
    _ name: String, _ values: [String: [String]], path: Set<String>,
    _ body: (Rule, [String: [String]]) -> Void
  ) {
    guard !path.contains(name), let filter = filters[name] else { return }
    for entry in filter.entries {
      switch entry {
      case .rule(let rule): body(rule, values)
      case .reference(let inner):
        visit(
          inner.filter, inner.parameters.merging(values) { _, outer in outer }, path: path.union([name]), body)
      }
    }
  }

  private static func variables(of rule: Rule) -> [VariableReference] {
    (rule.match?.attributes ?? []).compactMap {
      if case .variable(let variable) = $0.value { variable } else { nil }
    }
  }

  private static func problems(of rule: Rule, _ values: [String: [String]]) -> [String] {
    var problems: [String] = []
    var lengths: [Int: (name: String, count: Int)] = [:]
    let learns = values["CTRL_IP_LEARNING"]?.first?.lowercased() != "none"
    for variable in variables(of: rule) {
      // libvirt gives one value for MAC, and one for an IP that it learns.
      let isBuiltIn = variable.name == "MAC" || variable.name == "IP" && learns
      guard let count = values[variable.name]?.count ?? (isBuiltIn ? 1 : nil) else {
        problems.append("variable \(variable.name) has no value")
        continue
      }
      switch variable.access {
      case .element(let index) where index >= count:
        problems.append("\(variable) is beyond the \(count) values of \(variable.name)")
      case .element: break
      case .iterator(let iterator):
        if let other = lengths[iterator], other.count != count {
          problems.append(
            "\(other.name) has \(other.count) values and \(variable.name) has \(count), but one rule steps through both"
          )
        } else {
          lengths[iterator] = (variable.name, count)
        }
      }
    }
    return problems
  }

  /// How many rules of a tree are at layer 2, IPv4 and IPv6; a filter included twice counts twice.
  func ruleCounts(of name: String) -> RuleCounts {
    var counts = RuleCounts()
    visit(name, [:], path: []) { rule, _ in
      switch rule.match?.filterProtocol.layer ?? .ethernet {
      case .ethernet: counts.ethernet += 1
      case .ipv4: counts.ipv4 += 1
      case .ipv6: counts.ipv6 += 1
      }
    }
    return counts
  }
}

/// Rules by the layer that enforces them.
struct RuleCounts {
  var ethernet = 0
  var ipv4 = 0
  var ipv6 = 0

  var hasLayer3: Bool { ipv4 + ipv6 > 0 }
  /// Programs that libvirt starts to put the rules on a port (performance measurements on libvirt 9.0.0).
  var processes: Int { hasLayer3 ? 76 + 3 * (ipv4 + ipv6) + ethernet : 48 + ethernet }
  /// Programs that libvirt starts to take them off again.
  static let removalProcesses = 58
}
