// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// The values that a rule's variables take together (nwfilter_params.c, virNWFilterVarCombIter).
///
/// Lists with one iterator advance together, others make the cross product; the iterator 0 runs fastest, the others in the
/// order in which the attributes name them.
struct VariableCombinations {
  private let origin: Origin
  /// In the order of the attributes, each use once.
  private var uses: [VariableReference] = []

  init(_ rule: Rule, _ origin: Origin) {
    self.origin = origin
    for attribute in rule.match?.attributes ?? [] {
      if case .variable(let use) = attribute.value, !uses.contains(use) { uses.append(use) }
    }
  }

  func all(_ parameters: [String: [String]]) throws(KernelProgramError) -> [[VariableReference: String]] {
    if uses.isEmpty { return [[:]] }
    var iterators: [(number: Int, uses: [VariableReference])] = [(0, [])]
    var missing: [String] = []
    var combinations: [[VariableReference: String]] = [[:]]
    for use in uses {
      let values = parameters[use.name] ?? []
      switch use.access {
      case .element(let index):
        if index < values.count { combinations[0][use] = values[index] } else { missing.append("\(use)") }
      case .iterator(let number):
        if values.isEmpty { missing.append("\(use)") }
        if let place = iterators.firstIndex(where: { $0.number == number }) {
          iterators[place].uses.append(use)
        } else {
          iterators.append((number, [use]))
        }
      }
    }
    if !missing.isEmpty {
      throw KernelProgramError(
        .missingVariable, filter: origin.filter, entry: origin.entry, part: missing.joined(separator: ", "),
        message: "no value for \(missing.map { "$" + $0.drop { $0 == "$" } }.joined(separator: ", "))")
    }
    for iterator in iterators where !iterator.uses.isEmpty {
      let rows = try rows(iterator.uses, parameters)
      if rows.count * combinations.count > KernelProgram.mostRules {
        throw KernelProgramError(
          .tooManyRules, filter: origin.filter, entry: origin.entry, part: "\(rows.count * combinations.count)",
          message: "the lists of one rule make more than \(KernelProgram.mostRules) rules")
      }
      combinations = rows.flatMap { row in combinations.map { $0.merging(row) { first, _ in first } } }
    }
    return combinations
  }

  /// What the uses of one iterator are together, repeated rows left out.
  private func rows(
    _ uses: [VariableReference], _ parameters: [String: [String]]
  ) throws(KernelProgramError) -> [[VariableReference: String]] {
    let lists = uses.map { parameters[$0.name] ?? [] }
    let count = lists[0].count
    guard lists.allSatisfy({ $0.count == count }) else {
      let names = uses.map { "\($0)" }.joined(separator: ", ")
      throw KernelProgramError(
        .cardinality, filter: origin.filter, entry: origin.entry, part: names,
        message: "\(names) advance together, but have different numbers of values")
    }
    var seen: Set<[String]> = []
    return (0..<count).compactMap { index in
      let row = lists.map { $0[index] }
      guard seen.insert(row).inserted else { return nil }
      return Dictionary(uniqueKeysWithValues: zip(uses, row))
    }
  }
}
