// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

extension FilterReader {
  /// One rule; nil where libvirt refuses the filter for it.
  mutating func rule(_ element: XMLElement) -> Rule? {
    reportUnknown(in: element, known: KnownAttributes.rule)
    let action = word(Action.self, "action", of: element)
    let direction = word(Direction.self, "direction", of: element)
    let priority = priority(of: element)
    let matchesState = statematch(of: element)
    var elements: [XMLElement] = []
    var match = match(of: element, &elements)
    guard let action, let direction else { return nil }
    var rule = Rule(action, direction, priority: priority, matchesState: matchesState, match: match)
    for finding in rule.findings() {
      let place = finding.part.flatMap { part in elements.last { $0[part] != nil } }
      report(finding, at: place ?? element, finding.part)
    }
    if !Chain.priorities.contains(rule.priority) { rule.priority = Rule.defaultPriority }
    if match?.takeSigns() == true { rule.match = match }
    return rule
  }

  private mutating func word<Word: RawRepresentable & CaseIterable>(
    _ type: Word.Type, _ name: String, of element: XMLElement
  ) -> Word? where Word.RawValue == String {
    let text = element[name]
    if let text, let word = Word(rawValue: text) { return word }
    let words = Word.allCases.map(\.rawValue)
    guard let text else {
      report(
        Diagnostic.Code(rawValue: "missing-\(name)"), "the rule has no \(name)", at: element,
        expected: words.joined(separator: ", "),
        hint: "add \(name)='…'")
      return nil
    }
    report(
      "bad-value", "'\(text)' is no \(name)", at: element, name, expected: words.joined(separator: ", "),
      hint: Suggestion.hint(for: text, in: words))
    return nil
  }

  /// What libvirt 9.0 does not read as a number in its range is the default, without a word.
  private mutating func priority(of element: XMLElement) -> Int {
    guard let text = element["priority"] else { return Rule.defaultPriority }
    if let priority = Int(text) { return priority }
    report(
      "bad-value", "'\(text)' is no priority", at: element, "priority", expected: "a number from -1000 to 1000",
      hint: "libvirt would silently use \(Rule.defaultPriority)")
    return Rule.defaultPriority
  }

  /// `0` and `false` in any case switch it off; libvirt takes every other text for on.
  private mutating func statematch(of element: XMLElement) -> Bool {
    guard let text = element["statematch"] else { return true }
    switch text.lowercased() {
    case "0", "false": return false
    case "1", "true": return true
    default:
      report(
        "bad-value", "'\(text)' is no value for statematch", at: element, "statematch", expected: "true or false",
        hint: "libvirt takes it for true")
      return true
    }
  }

  // MARK: Protocol elements

  /// The elements of a rule: the first known one gives the protocol, later ones of that name add to it.
  private mutating func match(of rule: XMLElement, _ elements: inout [XMLElement]) -> Match? {
    var match: Match?
    for child in rule.children {
      guard let filterProtocol = FilterProtocol(named: child.name) else {
        report(
          "unknown-protocol", "'\(child.name)' is no protocol that libvirt knows", at: child,
          expected: FilterProtocol.names.joined(separator: ", "),
          hint: Suggestion.hint(for: child.name, in: FilterProtocol.names)
            ?? "libvirt leaves it out, so that the rule matches more than it says")
        continue
      }
      if let first = match, first.filterProtocol != filterProtocol {
        report(
          "second-protocol",
          "the rule has \(first.filterProtocol.name) already, and libvirt looks at one protocol only",
          at: child, hint: "write a rule for each")
        continue
      }
      var result = match ?? Match(filterProtocol)
      read(child, into: &result)
      match = result
      elements.append(child)
    }
    return match
  }

  private mutating func read(_ element: XMLElement, into match: inout Match) {
    let index = ProtocolIndex.byName[Int(match.filterProtocol.rawValue)]
    let kinds = ProtocolIndex.attributes[Int(match.filterProtocol.rawValue)]
    let isNegated = isNegated(element)
    let earlier = match
    var count = 0
    element.forEachAttribute { name, text in
      if name == "match" { return }
      guard let place = index[name] else {
        reportUnknown(name, in: element, earlier.filterProtocol)
        return
      }
      count += 1
      if earlier.attributes.contains(where: { $0.index == place }) {
        report(
          "repeated-attribute", "\(name) is given a second time", at: element, name, hint: "libvirt takes the last")
      }
      if let value = value(of: name, text, kinds[place].kind, element) {
        match.set(place, value, isNegated: isNegated)
      }
    }
    if isNegated, count == 0 {
      report(
        "empty-negation", "there is nothing here that match='no' could negate", at: element, "match",
        hint: "the rule matches all of \(element.name)")
    }
    if element.hasText || !element.children.isEmpty {
      report("unexpected-text", "\(element.name) has content that means nothing", at: element, hint: "remove it")
    }
    checkPortOrder(of: element, match)
  }

  private mutating func value(
    of name: String, _ text: String, _ kind: ValueKind, _ element: XMLElement
  ) -> Value? {
    do {
      return try kind.parse(text.utf8.first == UInt8(ascii: "$") ? trimmed(text) : text)
    } catch {
      report(
        Diagnostic.Code(rawValue: error.code), "'\(text)' is no value for \(name)", at: element, name,
        expected: error.expected, hint: error.hint ?? hint(for: text, kind))
      return nil
    }
  }

  /// libvirt lets blanks follow a variable's bracket (nwfilter_params.c, virNWFilterVarAccessParse).
  private func trimmed(_ text: String) -> String {
    guard let last = text.lastIndex(where: { $0 != " " }), text[last] == "]" else { return text }
    return String(text[...last])
  }

  private mutating func isNegated(_ element: XMLElement) -> Bool {
    guard let text = element["match"] else { return false }
    if text != "no", text != "yes" {
      report(
        "bad-value", "'\(text)' is no value for match", at: element, "match", expected: "no, or leave it out",
        hint: "libvirt takes it for yes")
    }
    return text == "no"
  }

  private mutating func reportUnknown(_ name: String, in element: XMLElement, _ filterProtocol: FilterProtocol) {
    let names = filterProtocol.attributes.map(\.name)
    report(
      "unknown-attribute", "'\(name)' is no attribute of \(element.name)", at: element, name,
      expected: names.joined(separator: ", "),
      hint: Suggestion.hint(for: name, in: names)
        ?? "libvirt leaves it out, so that the rule matches more than it says")
  }

  /// libvirt 9.0 looks for the protocol when it meets a port: one in a later element is too late.
  private mutating func checkPortOrder(of element: XMLElement, _ match: Match) {
    guard match.filterProtocol == .ip || match.filterProtocol == .ipv6, match["protocol"] == nil else { return }
    for name in ["srcportstart", "dstportstart"] where element[name] != nil {
      report(
        "ports-before-protocol", "\(name) comes before protocol", at: element, name,
        hint: "give protocol in the same element or an earlier one")
    }
  }

  /// What libvirt would have made of a value that is refused here.
  private func hint(for text: String, _ kind: ValueKind) -> String? {
    switch kind {
    case .number where !text.isEmpty && text.allSatisfy(\.isHexDigit):
      "libvirt would read it as hexadecimal where it is no decimal number; write 0x\(text) if that is meant"
    case .ipv4Address, .ipv4Mask:
      text.split(separator: ".").contains { $0.count > 1 && $0.first == "0" }
        ? "libvirt reads a number with a leading zero as octal" : nil
    case .decimal where text.hasPrefix("0x"): "libvirt reads decimal numbers only here"
    default: nil
    }
  }
}

extension Match {
  /// Gives attributes the signs that libvirt copies from others (nwfilter_conf.c, virNWFilterRuleDefFixup).
  ///
  /// - Returns: whether anything changed.
  fileprivate mutating func takeSigns() -> Bool {
    let sources = ProtocolIndex.signSources[Int(filterProtocol.rawValue)]
    var hasChanged = false
    for attribute in attributes {
      guard let source = sources[Int(attribute.index)] else { continue }
      let isNegated = attributes.first { Int($0.index) == source }?.isNegated ?? false
      guard isNegated != attribute.isNegated else { continue }
      set(Int(attribute.index), attribute.value, isNegated: isNegated)
      hasChanged = true
    }
    return hasChanged
  }
}
