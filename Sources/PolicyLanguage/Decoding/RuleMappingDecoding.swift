// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// `{rule: LINE, name: NAME, from-port: PORTS, limit: {connections: N}, until: DAY, …}`.
extension FileDecoder {
  private static let ruleKeys = [
    "rule", "name", "from-port", "limit", "stateless", "until", "expires", "owner", "ticket", "comment", "enabled",
  ]
  /// Most connections that libvirt's connlimit-above can count (nwfilter_conf.c, 16 bits).
  private static let mostConnections = 65535

  /// Where the fields stand that depend on others.
  private struct Places {
    var ports: SourceRange?
    var limit: SourceRange?
    var stateless: SourceRange?
    var until: SourceRange?
    var expires: SourceRange?
  }

  mutating func decodeRuleMapping(_ node: Node, _ fields: [Node.Entry], _ what: String) -> PolicyRule? {
    let line = fields.first { $0.name == "rule" }
    if line == nil {
      report(
        "missing-key", "\(what) has no line", at: fields.first.map { keyRange($0) } ?? range(node),
        hint: "add rule: \"\(Verdict.allow.rawValue) …\"")
    }
    let plain = line.flatMap { ruleLine($0.value, what) }
    // The other fields are checked beside a line that is wrong.
    var rule = plain ?? PolicyRule(.allow, [], text: "", origin: range(node))
    var places = Places()
    for field in fields where field.name != "rule" { decodeRuleField(field, what, &rule, &places) }
    guard plain != nil else { return nil }
    check(rule, places)
    return rule
  }

  private mutating func decodeRuleField(
    _ field: Node.Entry, _ what: String, _ rule: inout PolicyRule, _ places: inout Places
  ) {
    let fieldName = "\(field.name.excerpt) of \(what)"
    let place = range(field.value)
    switch field.name {
    case "name": rule.name = ruleName(field.value, fieldName)
    case "from-port":
      rule.fromPorts = ports(of: field.value, fieldName)
      places.ports = keyRange(field)
    case "limit":
      rule.connectionLimit = connectionLimit(field.value, fieldName)
      places.limit = keyRange(field)
    case "stateless":
      rule.isStateless = truth(of: field.value, fieldName) ?? false
      places.stateless = keyRange(field)
    case "until":
      rule.until = day(field.value, fieldName)
      places.until = place
    case "expires":
      rule.expiresOpen = expiry(field.value, fieldName)
      places.expires = keyRange(field)
    case "owner": rule.owner = text(of: field.value, fieldName, expected: "who answers for the rule")
    case "ticket": rule.ticket = text(of: field.value, fieldName, expected: "a text")
    case "comment": rule.comment = text(of: field.value, fieldName, expected: "a text")
    case "enabled": rule.isEnabled = truth(of: field.value, fieldName) ?? true
    case "from", "to":
      report(
        "unknown-key", "unknown key '\(field.name)' in \(what)", at: keyRange(field),
        hint: "peers stand in the line: rule: \"… \(field.name) PEERS\"")
    default: unknownRuleKey(field, what)
    }
  }

  private mutating func unknownRuleKey(_ field: Node.Entry, _ what: String) {
    guard commaHint(field) != nil, Suggestion.nearest(to: field.name, in: Self.ruleKeys) == nil else {
      return unknownKey(field, in: what, known: Self.ruleKeys)
    }
    report(
      "rule-cut-by-comma", "inside { } a comma ends a text: '\(field.name.excerpt)' is a key to YAML",
      at: keyRange(field), hint: "put the rule in quotes: {rule: \"…, \(field.name.excerpt)\"}")
  }

  // MARK: Fields

  mutating func ruleName(_ node: Node, _ what: String) -> Located<String>? {
    guard let name = text(of: node, what, expected: RuleName.expectation) else { return nil }
    if !RuleName.isValid(name) {
      report(
        "bad-rule-name", "'\(name.excerpt)' is no name for a rule", at: range(node), expected: RuleName.expectation)
    }
    return Located(value: name, range: range(node))
  }

  /// `{connections: 20}`.
  mutating func connectionLimit(_ node: Node, _ what: String) -> Int? {
    let form = "{connections: N}"
    var hint: String?
    if case .scalar(let scalar) = node.content { hint = "write {connections: \(scalar.text.excerpt)}" }
    guard let fields = entries(of: node, what, expected: form, hint: hint) else { return nil }
    if fields.isEmpty { report("missing-value", "\(what) is empty", at: range(node), expected: form) }
    var limit: Int?
    for field in fields {
      guard field.name == "connections" else {
        unknownKey(field, in: what, known: ["connections"])
        continue
      }
      let expected = "a number from 1 to \(Self.mostConnections)"
      guard let text = text(of: field.value, "connections of \(what)", expected: expected) else { continue }
      limit = RuleParser.number(text, most: Self.mostConnections).flatMap { $0 > 0 ? $0 : nil }
      if limit == nil {
        report(
          "bad-value", "'\(text.excerpt)' is no number of connections", at: range(field.value), expected: expected,
          hint: text == "0" ? "to allow none, drop them" : nil)
      }
    }
    return limit
  }

  mutating func day(_ node: Node, _ what: String) -> Day? {
    let expected = "a day such as 2027-03-31"
    guard let text = text(of: node, what, expected: expected) else { return nil }
    if let day = Day(text) { return day }
    report(
      "bad-day", "'\(text.excerpt)' is no day", at: range(node), expected: "\(expected): YEAR-MONTH-DAY",
      hint: Self.dayHint(text))
    return nil
  }

  /// The same day in the right form, where only one can be meant.
  private static func dayHint(_ text: String) -> String? {
    let numbers = text.split { !$0.isNumber }.map(String.init)
    guard numbers.count >= 3, let first = Int(numbers[0]), let second = Int(numbers[1]), let third = Int(numbers[2])
    else { return nil }
    if numbers[0].count == 4, let day = Day(year: first, month: second, day: third) { return "write \(day)" }
    if numbers[0].count == 4, (1...12).contains(second) { return "this month has fewer days" }
    // With dots the day stands first everywhere; with slashes it does not.
    if text.contains("."), let day = Day(year: third, month: second, day: first) { return "write \(day)" }
    return nil
  }

  private mutating func expiry(_ node: Node, _ what: String) -> Bool {
    guard let text = text(of: node, what, expected: "open") else { return false }
    if text == "open" { return true }
    report(
      "bad-value", "'\(text.excerpt)' is no value for expires", at: range(node), expected: "open",
      hint: Day(text) == nil ? nil : "write until: \(text)")
    return false
  }

  // MARK: Fields that depend on others

  private mutating func check(_ rule: PolicyRule, _ places: Places) {
    let verdict = rule.verdict.rawValue
    if rule.verdict != .allow {
      if let place = places.limit {
        report(
          "needs-allow", "limit beside '\(verdict)' means nothing", at: place,
          hint: "allow with a limit; what is above it is dropped")
      }
      if rule.isStateless, let place = places.stateless {
        report("needs-allow", "stateless beside '\(verdict)' means nothing", at: place, hint: "remove it")
      }
      if rule.until != nil, !rule.expiresOpen, let place = places.until {
        report(
          "opens-on-expiry", "after this day the rule no longer applies '\(verdict)': what it stops may get through",
          at: place, hint: "if that is meant, add expires: open")
      }
    }
    if rule.expiresOpen, rule.until == nil || rule.verdict == .allow, let place = places.expires {
      report(
        "bad-value", "expires means nothing \(rule.until == nil ? "without until" : "beside 'allow'")", at: place,
        hint: "remove it")
    }
    guard rule.fromPorts != nil, let place = places.ports else { return }
    let withoutPorts = rule.traffic.first { item in
      switch item.value {
      case .ports, .service, .parameter: false
      case .any, .icmp, .icmpNumbered, .ipProtocol: true
      }
    }
    if let withoutPorts {
      result.diagnostics.append(
        Diagnostic(
          "ports-not-possible", "from-port beside traffic without ports", at: place,
          hint: "make a rule of its own for tcp, udp or sctp",
          notes: [Diagnostic.Note("this has no ports", at: withoutPorts.range)]))
    }
  }
}
