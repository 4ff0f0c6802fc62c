// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// `groups: {NAME: {vms, hosts, …}}`: groups with rules, and groups with one native filter.
extension FileDecoder {
  private static let nativeKeys = [
    "vms", "hosts", "filter", "parameters", "owner", "ticket", "comment", "enabled", "tests",
  ]
  private static let groupKeys =
    ["vms", "hosts", "tier", "order"] + ruleSetKeys + ["filter", "owner", "ticket", "comment", "enabled", "tests"]
  private static let laterGroupKeys: Set<String> = ["attach", "expires", "replace", "stateless"]
  private static let mostOrder = 9999

  mutating func decodeGroups(_ node: Node) {
    let expected = "a mapping of group names, such as web: {vms: …, in: …}"
    guard let groups = entries(of: node, "groups", expected: expected) else { return }
    for group in groups { decodeGroup(group) }
  }

  private mutating func decodeGroup(_ entry: Node.Entry) {
    let what = "group '\(entry.name.excerpt)'"
    if !Identity.isValidName(entry.name) {
      report(
        "bad-group-name", "'\(entry.name.excerpt)' is no name for a group", at: keyRange(entry).widened,
        expected: Identity.nameExpectation)
    }
    var decoded = DecodedGroup(name: Located(value: entry.name, range: keyRange(entry)))
    defer { result.groups.append(decoded) }
    let expected = "a mapping such as {vms: {name: \"web-*\"}, in: [allow https]}"
    guard let fields = entries(of: entry.value, what, expected: expected) else { return }
    if !fields.contains(where: { $0.name == "vms" }) {
      report(
        "missing-key", "\(what) does not say which VMs it is for", at: keyRange(entry),
        hint: "add vms: {name: \"…\"}; name: \"*\" says all")
    }
    if fields.contains(where: { $0.name == "filter" }) {
      decodeNativeGroup(fields, what, into: &decoded)
    } else {
      decodeRuleGroup(fields, what, into: &decoded)
    }
  }

  // MARK: Groups with rules

  private mutating func decodeRuleGroup(_ fields: [Node.Entry], _ what: String, into decoded: inout DecodedGroup) {
    var group = Group(RuleSet(name: decoded.name), selector: MachineSelector(range: decoded.name.range))
    var selector: MachineSelector?
    for field in fields {
      switch field.name {
      case "vms": selector = machineSelector(field.value, what)
      case "hosts":
        let hosts = hostSelector(field.value, what)
        group.hosts = hosts?.selector
        decoded.hostNames = hosts?.names ?? []
      case "tier": group.tier = tier(field.value, what) ?? group.tier
      case "order": group.order = order(field.value, what) ?? group.order
      case "owner": group.owner = remark(field, what)
      case "ticket": group.ticket = remark(field, what)
      case "comment": group.comment = remark(field, what)
      case "tests": group.tests = groupTests(field, what)
      case "enabled": group.isEnabled = truth(of: field.value, "enabled of \(what)") ?? true
      default:
        if !decodeRuleSetField(field, what, into: &group.rules) { unknownGroupKey(field, what) }
      }
    }
    guard let selector else { return }
    group.selector = selector
    decoded.content = .rules(group)
  }

  private mutating func remark(_ field: Node.Entry, _ what: String) -> String? {
    text(of: field.value, "\(field.name) of \(what)", expected: "a text")
  }

  private mutating func tier(_ node: Node, _ what: String) -> Tier? {
    let words = Tier.allCases.map(\.rawValue)
    let expected = "\(words.dropLast().joined(separator: ", ")) or \(words.last ?? "")"
    guard let word = text(of: node, "tier of \(what)", expected: expected) else { return nil }
    if let tier = Tier(rawValue: word) { return tier }
    report(
      "bad-value", "'\(word.excerpt)' is no tier", at: range(node), expected: expected,
      hint: Suggestion.hint(for: word, in: words))
    return nil
  }

  private mutating func order(_ node: Node, _ what: String) -> Int? {
    let expected = "a whole number from -\(Self.mostOrder) to \(Self.mostOrder)"
    guard let text = text(of: node, "order of \(what)", expected: expected) else { return nil }
    let isNegative = text.utf8.first == UInt8(ascii: "-")
    if let number = RuleParser.number(String(isNegative ? text.dropFirst() : text[...]), most: Self.mostOrder) {
      return isNegative ? -number : number
    }
    report("bad-value", "'\(text.excerpt)' is no place in an order", at: range(node), expected: expected)
    return nil
  }

  private mutating func unknownGroupKey(_ field: Node.Entry, _ what: String) {
    let meant = [
      "rules": "rules stand under in: and out:", "members": "write vms:", "machines": "write vms:",
      "ingress": "write in:", "inbound": "write in:", "egress": "write out:", "outbound": "write out:",
      "policy": "write default:", "preset": "write use:", "priority": "write order:",
    ]
    guard let hint = meant[field.name] else {
      return unknownKey(field, in: what, known: Self.groupKeys, later: Self.laterGroupKeys)
    }
    report(
      "unknown-key", "unknown key '\(field.name)' in \(what)", at: keyRange(field),
      expected: "one of \(Self.groupKeys.joined(separator: ", "))", hint: hint)
  }

  // MARK: Groups with a native filter

  private mutating func decodeNativeGroup(_ fields: [Node.Entry], _ what: String, into decoded: inout DecodedGroup) {
    var selector: MachineSelector?
    var hosts: HostSelector?
    var parameters = DecodedParameters()
    var isEnabled = true
    var tests: [PolicyTest] = []
    for field in fields {
      switch field.name {
      case "vms": selector = machineSelector(field.value, what)
      case "hosts":
        let selected = hostSelector(field.value, what)
        hosts = selected?.selector
        decoded.hostNames = selected?.names ?? []
      case "filter":
        if let name = text(of: field.value, "filter of \(what)", expected: "the name of a filter") {
          decoded.filter = Located(value: name, range: range(field.value))
        }
      case "parameters": parameters = decodeParameters(field.value, of: what)
      case "owner", "ticket", "comment": _ = remark(field, what)
      case "tests": tests = groupTests(field, what)
      case "enabled": isEnabled = truth(of: field.value, "enabled of \(what)") ?? true
      default: reportBesideFilter(field, what, fields)
      }
    }
    guard let filter = decoded.filter else { return }
    let reference = FilterReference(filter.value, parameters: parameters.values)
    report(reference.findings(), filter: filter.range, parameters: parameters)
    if let selector, isEnabled {
      var group = NativeGroup(
        name: decoded.name, selector: selector, hosts: hosts, reference: reference, filterRange: filter.range)
      group.tests = tests
      decoded.content = .native(group)
    }
  }

  private mutating func reportBesideFilter(_ field: Node.Entry, _ what: String, _ fields: [Node.Entry]) {
    guard Self.groupKeys.contains(field.name) else {
      return unknownKey(field, in: what, known: Self.nativeKeys, later: Self.laterGroupKeys)
    }
    let filter = fields.first { $0.name == "filter" }
    result.diagnostics.append(
      Diagnostic(
        "filter-and-rules", "\(what) has a native filter, and '\(field.name)' as well", at: keyRange(field),
        hint: "make two groups of it: one with rules, one with the filter",
        notes: filter.map { [Diagnostic.Note("the filter", at: keyRange($0))] } ?? []))
  }
}

/// Parameters of a filter with the places of their names.
struct DecodedParameters {
  var values: [String: [String]] = [:]
  var places: [String: SourceRange] = [:]
}

extension FileDecoder {
  /// `{NAME: VALUE, NAME: [VALUE, VALUE]}`.
  mutating func decodeParameters(_ node: Node, of what: String) -> DecodedParameters {
    var parameters = DecodedParameters()
    let expected = "a mapping such as {IP: 192.0.2.1}"
    guard let entries = entries(of: node, "parameters of \(what)", expected: expected) else { return parameters }
    for entry in entries {
      let name = "parameter '\(entry.name.excerpt)'"
      guard let values = texts(of: entry.value, name, expected: "a value or a list of values") else { continue }
      parameters.values[entry.name] = values.map(\.value)
      parameters.places[entry.name] = keyRange(entry).widened
    }
    return parameters
  }

  mutating func report(_ findings: [Finding], filter: SourceRange, parameters: DecodedParameters) {
    for finding in findings {
      report(finding, at: finding.part.flatMap { parameters.places[$0] } ?? filter)
    }
  }
}
