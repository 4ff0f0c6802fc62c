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

  /// Uses for which there is no value, as libvirt names them: `NAME` or `NAME[2]`.
  func missing(_ parameters: [String: [String]]) -> [String] {
    uses.filter { use in
      let count = parameters[use.name]?.count ?? 0
      if case .element(let index) = use.access { return index >= count }
      return count == 0
    }.map { String("\($0)".dropFirst()) }
  }

  /// - Precondition: nothing is missing.
  func all(_ parameters: [String: [String]]) throws(KernelProgramError) -> [[VariableReference: String]] {
    if uses.isEmpty { return [[:]] }
    var iterators: [(number: Int, uses: [VariableReference])] = [(0, [])]
    var combinations: [[VariableReference: String]] = [[:]]
    for use in uses {
      switch use.access {
      case .element(let index): combinations[0][use] = parameters[use.name]![index]
      case .iterator(let number):
        if let place = iterators.firstIndex(where: { $0.number == number }) {
          iterators[place].uses.append(use)
        } else {
          iterators.append((number, [use]))
        }
      }
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
