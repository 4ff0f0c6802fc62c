// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// What groups and presets have in common, and presets: `{NAME: {summary, use, in, out, default, guard, parameters}}`.
extension FileDecoder {
  static let ruleSetKeys = ["use", "in", "out", "default", "guard", "parameters"]

  /// Whether the field is one of a rule set; it is read then.
  mutating func decodeRuleSetField(_ field: Node.Entry, _ what: String, into rules: inout RuleSet) -> Bool {
    switch field.name {
    case "use": rules.uses = uses(field.value, what)
    case "in": rules.inbound = decodeRules(field, of: what)
    case "out": rules.outbound = decodeRules(field, of: what)
    case "default": rules.defaults = defaults(field.value, what)
    case "guard":
      rules.guardPolicy = guardPolicy(field.value, what)
      rules.guardParts = Self.guardParts(field.value)
    case "parameters": rules.parameters = ruleParameters(field.value, of: what)
    default: return false
    }
    return true
  }

  private mutating func uses(_ node: Node, _ what: String) -> [Located<String>] {
    let names = texts(of: node, "use of \(what)", expected: "the name of a preset, or a list of them") ?? []
    var places: [String: SourceRange] = [:]
    for name in names {
      if let first = places.updateValue(name.range, forKey: name.value) {
        result.diagnostics.append(
          Diagnostic(
            "defined-twice", "preset '\(name.value.excerpt)' is used twice", at: name.range,
            hint: "remove one of them", notes: [Diagnostic.Note("the first one", at: first)]))
      }
    }
    return names
  }

  /// `{in: drop, out: allow}`.
  mutating func defaults(_ node: Node, _ what: String) -> Defaults {
    var defaults = Defaults()
    var hint: String?
    if case .scalar(let scalar) = node.content, !scalar.text.isEmpty {
      hint = "say it for each direction: {in: \(scalar.text.excerpt), out: \(scalar.text.excerpt)}"
    }
    let fields = entries(
      of: node, "default of \(what)", expected: "a mapping such as {in: drop, out: allow}", hint: hint)
    for field in fields ?? [] {
      switch field.name {
      case "in": defaults.in = defaultVerdict(field.value, "in")
      case "out": defaults.out = defaultVerdict(field.value, "out")
      default: unknownKey(field, in: "default of \(what)", known: ["in", "out"])
      }
    }
    return defaults
  }

  private mutating func defaultVerdict(_ node: Node, _ direction: String) -> Located<Verdict>? {
    let words = [Verdict.allow, .drop, .reject].map(\.rawValue)
    let expected = "allow, drop or reject"
    guard let word = text(of: node, "default \(direction)", expected: expected) else { return nil }
    if let verdict = Verdict(rawValue: word), verdict != .pass { return Located(value: verdict, range: range(node)) }
    let meant = ForeignWords.actions[word.lowercased()].flatMap { $0 == "pass" ? nil : $0 }
    report(
      "bad-value", "'\(word.excerpt)' is no default", at: range(node), expected: expected,
      hint: word == "pass"
        ? "a default ends the decision: there is no next tier"
        : meant.map { "did you mean '\($0)'?" } ?? Suggestion.hint(for: word, in: words))
    return nil
  }

  // MARK: Presets

  mutating func decodePresets(_ node: Node) {
    let expected = "a mapping of preset names, such as web: {in: […]}"
    for entry in entries(of: node, "presets", expected: expected) ?? [] { decodePreset(entry) }
  }

  private mutating func decodePreset(_ entry: Node.Entry) {
    let what = "preset '\(entry.name.excerpt)'"
    if !Identity.isValidName(entry.name) {
      report(
        "bad-preset-name", "'\(entry.name.excerpt)' is no name for a preset", at: keyRange(entry).widened,
        expected: Identity.nameExpectation)
    }
    var rules = RuleSet(name: Located(value: entry.name, range: keyRange(entry)))
    defer { result.presets.append(rules) }
    let expected = "a mapping such as {in: [allow https]}"
    for field in entries(of: entry.value, what, expected: expected) ?? [] {
      if field.name == "summary" {
        rules.summary = text(of: field.value, "summary of \(what)", expected: "a text of one line")
      } else if field.name == "vms" {
        report(
          "unknown-key", "unknown key 'vms' in \(what)", at: keyRange(field),
          hint: "a preset is for no VMs by itself: a group says use: \(entry.name.excerpt)")
      } else if !decodeRuleSetField(field, what, into: &rules) {
        unknownKey(field, in: what, known: ["summary"] + Self.ruleSetKeys)
      }
    }
  }

  // MARK: Admins

  /// `admins: {from: PEERS, allow: WHAT}`.
  mutating func decodeAdmins(_ entry: Node.Entry) {
    var decoded = DecodedAdmins(origin: keyRange(entry))
    defer { result.admins.append(decoded) }
    let expected = "a mapping such as {from: 192.0.2.0/24, allow: ssh}"
    guard let fields = entries(of: entry.value, "admins", expected: expected) else { return }
    var from: [Located<Peer>]?
    var allow: [Located<Traffic>]?
    for field in fields {
      switch field.name {
      case "from":
        from = peers(of: field.value, "from: of admins", in: .admins)
        if from?.isEmpty == true { reportEmpty(field, "names nobody") }
      case "allow":
        allow = traffic(of: field.value, "allow: of admins", in: .admins)
        if allow?.isEmpty == true { reportEmpty(field, "names no traffic") }
      default: unknownKey(field, in: "admins", known: ["from", "allow"])
      }
    }
    for key in ["from", "allow"] where !fields.contains(where: { $0.name == key }) {
      report(
        "missing-key", "admins does not say \(key == "from" ? "who they are" : "what they may do")",
        at: keyRange(entry), hint: key == "from" ? "add from: PEERS" : "add allow: WHAT, such as [ssh, icmp]")
    }
    if let from, let allow { decoded.admins = Admins(from: from, allow: allow, origin: keyRange(entry)) }
  }

  private mutating func reportEmpty(_ field: Node.Entry, _ what: String) {
    report(
      "missing-value", "\(field.name): of admins \(what)", at: range(field.value), hint: "leave out admins for none")
  }
}
