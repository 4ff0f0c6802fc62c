// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// Filters by name, and what follows from including one in another.
struct FilterCatalogue {
  let filters: [String: Filter]
  let graph: ReferenceGraph
  /// Of each filter alone. Many interfaces share large filters, which are looked through but once.
  private let ownCounts: [String: RuleCounts]
  /// Of each filter alone, the rules with variables.
  private let variableRules: [String: [Rule]]

  init(_ filters: some Sequence<Filter>) {
    let byName = Dictionary(filters.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
    self.filters = byName
    graph = ReferenceGraph(byName.values)
    ownCounts = byName.mapValues { RuleCounts(of: $0) }
    variableRules = byName.mapValues { $0.rules.filter { !Self.variables(of: $0).isEmpty } }
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

  /// Goes through the rules with variables of a tree, each with the values that it gets there.
  private func visit(
    _ name: String, _ values: [String: [String]], path: Set<String>,
    _ body: (Rule, [String: [String]]) -> Void
  ) {
    guard !path.contains(name), let filter = filters[name] else { return }
    for rule in variableRules[name] ?? [] { body(rule, values) }
    for inner in filter.references {
      visit(inner.filter, inner.parameters.merging(values) { _, outer in outer }, path: path.union([name]), body)
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
  func ruleCounts(of name: String) -> RuleCounts { ruleCounts(of: name, path: []) }

  private func ruleCounts(of name: String, path: Set<String>) -> RuleCounts {
    guard !path.contains(name), var counts = ownCounts[name], let filter = filters[name] else { return RuleCounts() }
    let path = path.union([name])
    for inner in filter.references { counts.add(ruleCounts(of: inner.filter, path: path)) }
    return counts
  }
}

/// Rules by the layer that enforces them.
struct RuleCounts {
  var ethernet = 0
  var ipv4 = 0
  var ipv6 = 0

  init() {}

  /// Those of a filter itself, without what it includes.
  init(of filter: Filter) {
    for case .rule(let rule) in filter.entries {
      switch rule.match?.filterProtocol.layer ?? .ethernet {
      case .ethernet: ethernet += 1
      case .ipv4: ipv4 += 1
      case .ipv6: ipv6 += 1
      }
    }
  }

  mutating func add(_ other: RuleCounts) {
    ethernet += other.ethernet
    ipv4 += other.ipv4
    ipv6 += other.ipv6
  }

  var hasLayer3: Bool { ipv4 + ipv6 > 0 }
  /// Programs that libvirt starts to put the rules on a port (performance measurements on libvirt 9.0.0).
  var processes: Int { hasLayer3 ? 76 + 3 * (ipv4 + ipv6) + ethernet : 48 + ethernet }
  /// Programs that libvirt starts to take them off again.
  static let removalProcesses = 58
}
