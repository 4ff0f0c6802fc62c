// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics

/// `in:` and `out:`: rules as lines of text, or as mappings where a line does not say enough.
extension FileDecoder {
  mutating func decodeRules(_ entry: Node.Entry, of what: String) -> [PolicyRule] {
    let list = "\(entry.name): of \(what)"
    guard case .sequence(let items, let isFlow) = entry.value.content else {
      var hint: String?
      if case .scalar(let scalar) = entry.value.content, !scalar.text.isEmpty {
        hint = "write a list: \(entry.name): [\"\(scalar.text.excerpt)\"]"
      }
      wrongKind(entry.value, list, expected: "a list of rules, such as '- allow https'", hint: hint)
      return []
    }
    var rules: [PolicyRule] = []
    var index = items.startIndex
    while index < items.endIndex {
      let end = isFlow ? Self.endOfCutRule(items, from: index, begins: Self.beginsWithAction) : index + 1
      if end > index + 1 {
        reportCutRule(items[index..<end], "rule")
      } else if let rule = decodeRule(items[index], of: what) {
        rules.append(rule)
      }
      index = end
    }
    return rules
  }

  // MARK: Rules that a comma cuts

  /// Behind the elements of a list in brackets that were one rule, until YAML took their commas for its own.
  ///
  /// - Parameter begins: whether a text is the beginning of one.
  static func endOfCutRule(_ items: [Node], from start: Int, begins: (String) -> Bool) -> Int {
    guard let first = plainText(items[start]), begins(first) else { return start + 1 }
    var end = start + 1
    while end < items.endIndex, let text = plainText(items[end]), !begins(text) { end += 1 }
    return end
  }

  private static func plainText(_ node: Node) -> String? {
    guard case .scalar(let scalar) = node.content, scalar.style == .plain, !node.isNull else { return nil }
    return scalar.text
  }

  private static func beginsWithAction(_ text: String) -> Bool {
    let word = String(text.prefix { $0 != " " }).lowercased()
    return text.contains(" ") && (Verdict(rawValue: word) != nil || ForeignWords.actions[word] != nil)
  }

  /// - Parameter kind: what it was, `rule` or `test`.
  mutating func reportCutRule(_ items: ArraySlice<Node>, _ kind: String) {
    guard let first = items.first, let last = items.last else { return }
    var place = range(first)
    if last.span.end.line == first.span.start.line { place.end = range(last).end }
    let texts = items.compactMap { node in
      if case .scalar(let scalar) = node.content { scalar.text } else { nil }
    }
    report(
      "rule-cut-by-comma", "inside [ ] a comma ends a text: this is \(items.count) \(kind)s to YAML", at: place,
      hint: "put the \(kind) in quotes: \"\(texts.joined(separator: ", ").excerpt)\"")
  }

  // MARK: Rules

  private mutating func decodeRule(_ node: Node, of owner: String) -> PolicyRule? {
    let what = "a rule of \(owner)"
    guard case .mapping(let fields, let isFlow) = node.content else { return ruleLine(node, what) }
    if !fields.contains(where: { $0.name == "rule" }), let first = fields.first,
      let hint = Self.mappingHint(first, isFlow: isFlow)
    {
      report(
        "rule-is-a-mapping", "a ':' makes a mapping of this rule", at: keyRange(first),
        expected: "a text, or {rule: TEXT, KEY: VALUE}", hint: hint)
      return nil
    }
    return decodeRuleMapping(node, fields, what)
  }

  /// For a mapping whose first key is the beginning of a rule.
  private static func mappingHint(_ entry: Node.Entry, isFlow: Bool) -> String? {
    let words = entry.name.split(separator: " ")
    guard let word = words.first.map({ $0.lowercased() }),
      Verdict(rawValue: word) != nil || ForeignWords.actions[word] != nil
    else { return nil }
    if let hint = colonHint(entry) { return isFlow && entry.value.isNull ? "write {rule: \"…\"}" : hint }
    guard case .scalar(let value) = entry.value.content else { return "a rule is one line of text" }
    if words.count == 1 { return "write '\(word) \(value.text.excerpt)', without a ':'" }
    return "a rule that is there holds: remove ': \(value.text.excerpt)'"
  }
}
