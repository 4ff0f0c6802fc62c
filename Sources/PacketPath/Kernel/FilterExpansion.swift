// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// A rule with a value for each of its variables, the chain of its filter and its place in the order of all.
struct PlacedRule {
  var rule: Rule
  var chain: String
  var chainPriority: Int
  /// Raised to the chain's once the order is settled.
  var priority: Int
  var origin: Origin
  /// One for each combination of the lists' values.
  var combinations: [[VariableReference: String]]

  var isInRoot: Bool { chain == Chain.root }
  var isEthernet: Bool { rule.match.map { $0.filterProtocol.layer == .ethernet } ?? true }
}

/// The tree of filters as one list of rules (nwfilter_gentech_driver.c, virNWFilterDefToInst).
struct FilterExpansion {
  let filters: [String: Filter]
  private var rules: [PlacedRule] = []
  private var ruleCount = 0
  private var missing: [String] = []
  private var firstMissing: Origin?

  init(filters: [String: Filter]) { self.filters = filters }

  /// Adds a filter's rules, and those of the filters it refers to, in document order.
  mutating func visit(
    _ name: String, path: [String] = [], parameters: [String: [String]]
  ) throws(KernelProgramError) {
    guard let filter = filters[name] else {
      throw KernelProgramError(
        .missingFilter, filter: path.last ?? name, part: name, message: "filter \(name) does not exist")
    }
    if path.contains(name) {
      throw KernelProgramError(.loop, filter: path.last ?? name, part: name, message: "filter \(name) refers to itself")
    }
    let path = path + [name]
    for (index, entry) in filter.entries.enumerated() {
      switch entry {
      case .rule(let rule): try add(rule, of: filter, Origin(path: path, entry: index), parameters)
      case .reference(let reference):
        // The parameters from outside win; those of a reference are defaults.
        let inner = Self.kept(reference.parameters).merging(parameters) { _, outer in outer }
        try visit(reference.filter, path: path, parameters: inner)
      }
    }
  }

  /// Parameters as libvirt reads them: it leaves out names and values with other characters than it allows.
  static func kept(_ parameters: [String: [String]]) -> [String: [String]] {
    parameters.filter { VariableReference.isValidName($0.key) }.mapValues { $0.filter(VariableReference.isValidValue) }
      .filter { !$0.value.isEmpty }
  }

  private mutating func add(
    _ rule: Rule, of filter: Filter, _ origin: Origin, _ parameters: [String: [String]]
  ) throws(KernelProgramError) {
    let variables = VariableCombinations(rule, origin)
    let unknown = variables.missing(parameters)
    if !unknown.isEmpty {
      missing += unknown.filter { !missing.contains($0) }
      firstMissing = firstMissing ?? origin
      return
    }
    let combinations = try variables.all(parameters)
    ruleCount += combinations.count
    if ruleCount > KernelProgram.mostRules {
      throw KernelProgramError(
        .tooManyRules, filter: filter.name, entry: origin.entry, part: "\(ruleCount)",
        message: "more than \(KernelProgram.mostRules) kernel rules")
    }
    rules.append(
      PlacedRule(
        rule: rule, chain: filter.chain, chainPriority: filter.priority, priority: rule.priority, origin: origin,
        combinations: combinations))
  }

  /// In the order in which libvirt makes them: the root chain's first, by priority, then as found (glibc's qsort is stable).
  ///
  /// - Throws: `missingVariable` with all that the tree lacks.
  func sorted() throws(KernelProgramError) -> [PlacedRule] {
    if let firstMissing {
      let names = missing.joined(separator: ", ")
      throw KernelProgramError(
        .missingVariable, filter: firstMissing.filter, entry: firstMissing.entry, part: names,
        message: "no value for the parameter\(missing.count == 1 ? "" : "s") \(names)")
    }
    var sorted = rules.enumerated().sorted { left, right in
      let (first, second) = (left.element, right.element)
      if first.isInRoot != second.isInRoot { return first.isInRoot }
      return first.priority != second.priority ? first.priority < second.priority : left.offset < right.offset
    }.map(\.element)
    for index in sorted.indices where !sorted[index].isInRoot {
      sorted[index].priority = max(sorted[index].priority, sorted[index].chainPriority)
    }
    return sorted
  }
}
