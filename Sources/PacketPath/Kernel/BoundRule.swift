// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// A rule of a filter or of one that it refers to, with a value for each of its variables.
public struct BoundRule: Sendable, Hashable {
  /// Variables stand where their value is none of their attribute in a filter, such as `22:25` for a port.
  public var rule: Rule
  /// The chain of the filter that has it.
  public var chain: String
  public var origin: Origin
}

extension KernelProgram {
  /// The rules of a filter and those it refers to as libvirt expands them: the root chain's first, by priority.
  ///
  /// - Parameters:
  ///   - root: the filter that the port is bound to.
  ///   - filters: as for ``init(root:filters:parameters:backend:)``.
  ///   - parameters: as for ``init(root:filters:parameters:backend:)``.
  /// - Throws: `KernelProgramError` where libvirt could not bind the filter, or would first have to learn `IP`.
  public static func boundRules(
    root: String, filters: [String: Filter], parameters: [String: [String]]
  ) throws(KernelProgramError) -> [BoundRule] {
    var expansion = FilterExpansion(filters: filters)
    try expansion.visit(root, parameters: parameters)
    return try expansion.sorted().flatMap { placed in
      placed.combinations.map { values in
        var rule = placed.rule
        rule.match = rule.match.map { Self.bound($0, values) }
        return BoundRule(rule: rule, chain: placed.chain, origin: placed.origin)
      }
    }
  }

  private static func bound(_ match: Match, _ values: [VariableReference: String]) -> Match {
    var result = match
    for attribute in match.attributes {
      guard case .variable(let use) = attribute.value, let text = values[use],
        let value = try? match.definition(of: attribute).kind.parse(text)
      else { continue }
      result.set(Int(attribute.index), value, isNegated: attribute.isNegated)
    }
    return result
  }
}
