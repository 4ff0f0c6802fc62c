// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath

/// Texts in the grammar of rules, alone or in lists, wherever they stand.
extension FileDecoder {
  /// Peers of a text or of a list of them, nil where something is wrong; of an empty list none, which is the caller's
  /// business.
  mutating func peers(of node: Node, _ what: String, in place: RuleParser.Place) -> [Located<Peer>]? {
    guard let texts = ruleTexts(of: node, what, expected: RuleParser.peerExpectation) else { return nil }
    var parser = RuleParser(place)
    defer { result.diagnostics += parser.diagnostics }
    return parser.peers(texts)
  }

  /// As `peers`, of traffic.
  mutating func traffic(of node: Node, _ what: String, in place: RuleParser.Place) -> [Located<Traffic>]? {
    guard let texts = ruleTexts(of: node, what, expected: RuleParser.trafficExpectation) else { return nil }
    var parser = RuleParser(place)
    defer { result.diagnostics += parser.diagnostics }
    return parser.traffic(texts)
  }

  /// As `peers`, of ports that stand alone.
  mutating func ports(of node: Node, _ what: String) -> [PortRange]? {
    guard let texts = ruleTexts(of: node, what, expected: "ports such as 1024-65535") else { return nil }
    if texts.isEmpty {
      report("missing-value", "\(what) names no ports", at: range(node), hint: "leave it out for all ports")
      return nil
    }
    var parser = RuleParser(.rule)
    defer { result.diagnostics += parser.diagnostics }
    return parser.ports(texts)
  }

  /// A rule of one line, with nothing but what the line says.
  mutating func ruleLine(_ node: Node, _ what: String) -> PolicyRule? {
    guard let text = ruleText(node, what, expected: RuleParser.form) else { return nil }
    var parser = RuleParser(.rule)
    defer { result.diagnostics += parser.diagnostics }
    return parser.rule(text)
  }

  /// `{NAME: TEXT, NAME: [TEXT, TEXT]}`: values for the `$NAME` of rules.
  mutating func ruleParameters(_ node: Node, of what: String) -> [String: Parameter] {
    let expected = "a mapping such as {CLIENTS: 192.0.2.0/24}"
    var parameters: [String: Parameter] = [:]
    for entry in entries(of: node, "parameters of \(what)", expected: expected) ?? [] {
      parameters[entry.name] = ruleParameter(entry)
    }
    return parameters
  }

  private mutating func ruleParameter(_ entry: Node.Entry) -> Parameter? {
    let what = "parameter '\(entry.name.excerpt)'"
    if !VariableReference.isValidName(entry.name) {
      report(
        "bad-parameter-name", "'\(entry.name.excerpt)' is no name for a parameter", at: keyRange(entry).widened,
        hint: "use letters, digits and _")
    }
    guard let texts = ruleTexts(of: entry.value, what, expected: "peers or traffic, a text or a list") else {
      return nil
    }
    if texts.isEmpty {
      report("empty-parameter", "\(what) has no value", at: range(entry.value))
      return nil
    }
    var asPeers = RuleParser(.parameter)
    var asTraffic = RuleParser(.parameter)
    let parameter = Parameter(
      texts: texts.map { Located(value: $0.text(0..<$0.bytes.count), range: $0.range) },
      peers: asPeers.peers(texts), traffic: asTraffic.traffic(texts))
    if parameter.peers != nil || parameter.traffic != nil { return parameter }
    // Both readings are wrong: the one that was meant is probably the one with the smaller mistakes.
    let problems = [asPeers.diagnostics, asTraffic.diagnostics]
    let named = problems.first { $0.allSatisfy { $0.code != "bad-peer" && $0.code != "bad-traffic" } }
    result.diagnostics += named ?? problems[0]
    return nil
  }

  // MARK: Texts

  private mutating func ruleTexts(of node: Node, _ what: String, expected: String) -> [RuleText]? {
    guard case .sequence(let items, _) = node.content else {
      return ruleText(node, what, expected: expected).map { [$0] }
    }
    let texts = items.map { ruleText($0, "an element of \(what)", expected: expected) }
    return texts.contains { $0 == nil } ? nil : texts.compactMap { $0 }
  }

  mutating func ruleText(_ node: Node, _ what: String, expected: String) -> RuleText? {
    switch node.content {
    case .scalar(let scalar) where !node.isNull && !scalar.text.isEmpty: return RuleText(scalar, range(node))
    case .mapping(let entries, _) where entries.count == 1:
      guard let hint = Self.colonHint(entries[0]) else { fallthrough }
      report(
        "unquoted-colon", "a ':' makes a mapping of \(what)", at: range(node), expected: expected, hint: hint)
    case .scalar where node.isNull: wrongKind(node, what, expected: expected)
    default: _ = text(of: node, what, expected: expected)
    }
    return nil
  }

  /// For a text that YAML takes for a mapping because of a colon in it.
  static func colonHint(_ entry: Node.Entry) -> String? {
    let key = entry.name
    guard entry.key.style == .plain else { return nil }
    if entry.value.isNull, entry.value.span.start == entry.value.span.end {
      // The last colon is YAML's.
      if key.hasSuffix("group") || key.hasSuffix("vm") { return "write a name behind the ':'" }
      let isAddress = key.utf8.last == UInt8(ascii: ":")
      return isAddress ? "put it in quotes: \"\(key.excerpt):\"" : "remove the ':' at the end"
    }
    guard case .scalar(let value) = entry.value.content, !value.text.isEmpty else { return nil }
    if key.hasSuffix("group") || key.hasSuffix("vm") {
      return "write '\(key.excerpt):\(value.text.excerpt)', without a blank behind the ':'"
    }
    return key.isEmpty ? "put it in quotes: \":\(value.text.excerpt)\"" : nil
  }
}
