// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// The places of attributes in their protocols' tables, by name.
enum AttributeIndex {
  private static let byName: [[String: Int]] = FilterProtocol.allCases.map { item in
    Dictionary(uniqueKeysWithValues: item.attributes.enumerated().map { ($0.element.name, $0.offset) })
  }

  static func of(_ filterProtocol: FilterProtocol, _ name: String) -> Int? {
    byName[Int(filterProtocol.rawValue)][name]
  }
}

/// The value of a protocol key: a mapping of attributes, or a list of them, as libvirt has several elements.
extension FileDecoder {
  /// `match: no` negates the attributes beside it.
  private static let negationKey = "match"

  mutating func decodeMatch(
    _ entry: Node.Entry, _ filterProtocol: FilterProtocol, _ places: inout RulePlaces
  ) -> Match {
    var match = Match(filterProtocol)
    switch entry.value.content {
    case .sequence(let items, _):
      if items.isEmpty { missingAttributes(of: filterProtocol, at: range(entry.value)) }
      for item in items { decodeAttributes(item, into: &match, &places) }
    case .mapping:
      decodeAttributes(entry.value, into: &match, &places)
    case .scalar:
      if entry.value.isNull {
        missingAttributes(of: filterProtocol, at: keyRange(entry))
      } else {
        wrongKind(
          entry.value, filterProtocol.name, expected: "a mapping of attributes, a list of them, or {} for no more")
      }
    }
    return match
  }

  /// A rule that was not written to its end must not be one about everything.
  private mutating func missingAttributes(of filterProtocol: FilterProtocol, at range: SourceRange) {
    let name = filterProtocol.name
    report(
      "missing-value", "\(name) has no attributes", at: range, expected: "a mapping of attributes, or a list of them",
      hint: "\(name): {} says all \(filterProtocol == .all ? "packets" : "packets of \(name)")")
  }

  private mutating func decodeAttributes(_ node: Node, into match: inout Match, _ places: inout RulePlaces) {
    let what = match.filterProtocol.name
    guard let entries = entries(of: node, what, expected: "a mapping such as {\(Self.example(match)): …}") else {
      return
    }
    let isNegated =
      entries.first { $0.name == Self.negationKey }.flatMap { truth(of: $0.value, Self.negationKey) } == false
    for entry in entries where entry.name != Self.negationKey {
      guard let index = AttributeIndex.of(match.filterProtocol, entry.name) else {
        unknownAttribute(entry, of: match.filterProtocol)
        continue
      }
      let definition = match.filterProtocol.attributes[index]
      if case .sequence = entry.value.content {
        wrongKind(
          entry.value, definition.name, expected: definition.kind.expectation,
          hint: "write a rule for each value, or a range, or use a variable with a list as parameter")
        continue
      }
      guard let text = text(of: entry.value, definition.name, expected: definition.kind.expectation) else { continue }
      do throws(ValueProblem) {
        match.set(index, try definition.kind.parse(text), isNegated: isNegated)
        places.attributes[definition.name] = keyRange(entry)
      } catch {
        report(
          Diagnostic.Code(rawValue: error.code), "'\(text.excerpt)' is no value for \(definition.name)",
          at: range(entry.value), expected: error.expected, hint: error.hint)
      }
    }
  }

  private static func example(_ match: Match) -> String { match.filterProtocol.attributes.first?.name ?? negationKey }

  private mutating func unknownAttribute(_ entry: Node.Entry, of filterProtocol: FilterProtocol) {
    let names = filterProtocol.attributes.map(\.name)
    var hint = Self.shortForms[entry.name].flatMap { names.contains($0) ? "did you mean '\($0)'?" : nil }
    hint = hint ?? Suggestion.hint(for: entry.name, in: names + [Self.negationKey])
    if hint == nil {
      let owners = FilterProtocol.allCases.filter { AttributeIndex.of($0, entry.name) != nil }
      if !owners.isEmpty { hint = "\(entry.name.excerpt) is known to \(owners.map(\.name).joined(separator: ", "))" }
    }
    report(
      "unknown-key", "unknown attribute '\(entry.name.excerpt)' of \(filterProtocol.name)", at: keyRange(entry).widened,
      expected: hint == nil
        ? "\(Self.negationKey), \(names.joined(separator: ", "))" : "an attribute of \(filterProtocol.name)",
      hint: hint ?? commaHint(entry))
  }

  /// What people write who know iptables or nftables.
  private static let shortForms = [
    "dport": "dstportstart", "dstport": "dstportstart", "port": "dstportstart", "sport": "srcportstart",
    "srcport": "srcportstart", "src": "srcipaddr", "saddr": "srcipaddr", "srcip": "srcipaddr", "dst": "dstipaddr",
    "daddr": "dstipaddr", "dstip": "dstipaddr", "srcmac": "srcmacaddr", "dstmac": "dstmacaddr", "proto": "protocol",
    "connlimit": "connlimit-above", "ctstate": "state",
  ]
}
