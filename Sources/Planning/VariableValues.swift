// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// Whether the values of variables are values of the attributes that use them.
///
/// libvirt hands them to ebtables and iptables as they are, which refuse them when half of the work is done.
enum VariableValues {
  static func problems(of rule: Rule, _ values: [String: [String]]) -> [String] {
    guard let match = rule.match else { return [] }
    return match.attributes.flatMap { attribute -> [String] in
      guard case .variable(let variable) = attribute.value, let given = values[variable.name] else { return [] }
      let definition = match.definition(of: attribute)
      return used(given, by: variable).filter { !isValue($0, of: definition, in: match) }.map {
        "'\($0)' of variable \(variable.name) is no value for \(definition.name), which takes "
          + definition.kind.expectation
      }
    }
  }

  private static func used(_ values: [String], by variable: VariableReference) -> [String] {
    switch variable.access {
    case .iterator: values
    case .element(let index): values.indices.contains(index) ? [values[index]] : []
    }
  }

  private static func isValue(_ text: String, of definition: AttributeDefinition, in match: Match) -> Bool {
    if (try? definition.kind.parse(text)) != nil { return true }
    guard let end = rangeEnds[definition.name], match[end] == nil else { return false }
    return isPortRange(text, definition.kind)
  }

  /// Attributes whose value may be a range, where the end of one is not given beside them.
  private static let rangeEnds = ["srcportstart": "srcportend", "dstportstart": "dstportend"]

  /// `22:25`, as the options of iptables and ebtables take it; one end may be missing.
  private static func isPortRange(_ text: String, _ kind: ValueKind) -> Bool {
    let ends = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard ends.count == 2, ends != ["", ""] else { return false }
    return ends.allSatisfy { $0.isEmpty || (try? kind.parse($0)) != nil }
  }
}
