// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// One element of `rules:`: `{action: …, direction: …, PROTOCOL: {…}}` or `{filterref: NAME, parameters: {…}}`.
extension FileDecoder {
  private static let ruleKeys = ["action", "direction", "priority", "statematch"]
  private static let referenceKeys = ["filterref", "parameters"]
  /// For did-you-mean, with names under which people know a protocol.
  private static let aliases = [
    "icmp-ipv6": "icmpv6", "icmp6": "icmpv6", "ipv4": "ip", "ip4": "ip", "ip6": "ipv6", "ether": "mac", "eth": "mac",
    "any": "all", "tcp6": "tcp-ipv6", "udp6": "udp-ipv6", "tcpv6": "tcp-ipv6", "udpv6": "udp-ipv6", "all6": "all-ipv6",
  ]
  /// Protocols that people look for and nwfilter has no element for.
  private static let missingProtocols = ["dccp": 33, "gre": 47, "ospf": 89, "vrrp": 112]

  mutating func decodeEntry(
    _ node: Node, of what: String, references: inout [Located<String>]
  ) -> Filter.Entry? {
    guard
      let fields = entries(
        of: node, "a rule of \(what)",
        expected: "a mapping such as {action: accept, direction: in, tcp: {dstportstart: 22}} or {filterref: NAME}")
    else { return nil }
    if fields.contains(where: { $0.name == "filterref" }) {
      return decodeReference(fields, references: &references).map(Filter.Entry.reference)
    }
    return decodeRule(fields, at: node).map(Filter.Entry.rule)
  }

  // MARK: References

  private mutating func decodeReference(
    _ fields: [Node.Entry], references: inout [Located<String>]
  ) -> FilterReference? {
    var target: Located<String>?
    var parameters = DecodedParameters()
    for field in fields {
      switch field.name {
      case "filterref":
        if let name = text(of: field.value, "filterref", expected: "the name of a filter") {
          target = Located(value: name, range: range(field.value))
        }
      case "parameters":
        parameters = decodeParameters(field.value, of: "the filterref")
      default:
        if Self.ruleKeys.contains(field.name) || FilterProtocol(named: field.name) != nil {
          report(
            "rule-and-reference", "\(field.name) beside filterref: an element is a rule or a reference",
            at: keyRange(field), hint: "make two elements of it")
        } else {
          unknownKey(field, in: "a filterref", known: Self.referenceKeys)
        }
      }
    }
    guard let target else { return nil }
    references.append(target)
    let reference = FilterReference(target.value, parameters: parameters.values)
    report(reference.findings(), filter: target.range, parameters: parameters)
    return reference
  }

  // MARK: Rules

  private mutating func decodeRule(_ fields: [Node.Entry], at node: Node) -> Rule? {
    var action: Action?
    var direction: Direction?
    var priority: Int? = Rule.defaultPriority
    var matchesState: Bool? = true
    var match: Match?
    var matchKey: Node.Entry?
    var places = RulePlaces()
    let errors = result.diagnostics.count
    for field in fields {
      places.fields[field.name] = keyRange(field)
      switch field.name {
      case "action": action = word(field.value, "action")
      case "direction": direction = word(field.value, "direction")
      case "priority": priority = self.priority(field.value, of: "a rule")
      case "statematch": matchesState = truth(of: field.value, "statematch")
      default:
        guard let filterProtocol = FilterProtocol(named: field.name) else {
          unknownRuleKey(field)
          continue
        }
        if let matchKey {
          secondProtocol(field, after: matchKey)
          continue
        }
        matchKey = field
        match = decodeMatch(field, filterProtocol, &places)
      }
    }
    for key in ["action", "direction"] where places.fields[key] == nil && !isMisspelt(key, in: fields) {
      report(
        "missing-key", "this rule has no \(key)", at: range(node).firstLine,
        expected: key == "action" ? Self.list(Action.allCases) : Self.list(Direction.allCases))
    }
    // Findings about a rule that was only half understood would blame what is not there; its own fields stand alone.
    guard let action, let direction, let priority, let matchesState, result.diagnostics.count == errors else {
      for finding in Rule(action ?? .accept, direction ?? .in, priority: priority ?? Rule.defaultPriority).findings() {
        report(finding, at: finding.part.flatMap { places[$0] } ?? range(node).firstLine)
      }
      return nil
    }
    let rule = Rule(action, direction, priority: priority, matchesState: matchesState, match: match)
    for finding in rule.findings() {
      report(finding, at: finding.part.flatMap { places[$0] } ?? range(node).firstLine)
    }
    return rule
  }

  /// A misspelt key is reported as such, and not as missing too.
  private func isMisspelt(_ key: String, in fields: [Node.Entry]) -> Bool {
    fields.contains { field in
      !Self.ruleKeys.contains(field.name) && FilterProtocol(named: field.name) == nil
        && Suggestion.nearest(to: field.name, in: Self.ruleKeys) == key
    }
  }

  private mutating func secondProtocol(_ field: Node.Entry, after first: Node.Entry) {
    result.diagnostics.append(
      Diagnostic(
        "two-protocols", "\(field.name) is the second protocol of this rule", at: keyRange(field),
        expected: "one protocol in a rule", hint: "make two rules of it",
        notes: [Diagnostic.Note("\(first.name) is the first", at: keyRange(first))]))
  }

  private mutating func unknownRuleKey(_ field: Node.Entry) {
    let name = field.name
    var hint: String?
    if let alias = Self.aliases[name.lowercased()] {
      hint = "did you mean '\(alias)'?"
    } else if let number = Self.missingProtocols[name.lowercased()] {
      hint = "nwfilter has no element for \(name); write ip: {protocol: \(number)} (layer 2, without state)"
    } else if let owner = ([.tcp] + FilterProtocol.allCases).first(where: { AttributeIndex.of($0, name) != nil }) {
      hint = "\(name) belongs inside a protocol, as in \(owner.name): {\(name): …}"
    } else if let folded = FilterProtocol(named: name.lowercased()) {
      hint = "did you mean '\(folded.name)'?"
    } else {
      hint = Suggestion.hint(for: name, in: Self.ruleKeys + ["filterref"] + FilterProtocol.names)
    }
    report(
      "unknown-key", "unknown key '\(name.excerpt)' in a rule", at: keyRange(field).widened,
      expected: "\(Self.ruleKeys.joined(separator: ", ")), filterref, or a protocol such as ip, tcp, udp, icmp, all",
      hint: hint ?? commaHint(field))
  }

  private mutating func word<Word: RawRepresentable & CaseIterable>(_ node: Node, _ what: String) -> Word?
  where Word.RawValue == String {
    guard let text = text(of: node, what, expected: Self.list(Word.allCases)) else { return nil }
    if let word = Word(rawValue: text) { return word }
    let synonyms = [
      "allow": "accept", "deny": "drop", "block": "drop", "both": "inout", "ingress": "in", "egress": "out",
    ]
    let synonym = synonyms[text.lowercased()].flatMap { Word(rawValue: $0) }
    report(
      "bad-value", "'\(text.excerpt)' is no value for \(what)", at: range(node), expected: Self.list(Word.allCases),
      hint: synonym.map { "did you mean '\($0.rawValue)'?" }
        ?? Suggestion.hint(for: text, in: Word.allCases.map(\.rawValue)))
    return nil
  }

  private static func list<Word: RawRepresentable>(_ words: some Sequence<Word>) -> String
  where Word.RawValue == String {
    "one of " + words.map(\.rawValue).joined(separator: ", ")
  }
}

/// Where the parts of a rule are written. An attribute and a rule's own field can have the same name.
struct RulePlaces {
  var fields = PlaceList()
  var attributes = PlaceList()

  subscript(part: String) -> SourceRange? { attributes[part] ?? fields[part] }
}

/// Places by name. A rule has few of them and there are many rules: looking through a list is faster than hashing.
struct PlaceList {
  private var places: [(name: String, range: SourceRange)] = []

  subscript(name: String) -> SourceRange? {
    get { places.last { $0.name == name }?.range }
    set {
      if let newValue { places.append((name, newValue)) }
    }
  }
}

extension SourceRange {
  /// The start of a long value: a caret below each of its lines would say nothing more.
  var firstLine: SourceRange {
    guard end.line > start.line else { return self }
    return SourceRange(
      file: file, start: start, end: SourcePosition(line: start.line, column: start.column + 1))
  }
}
