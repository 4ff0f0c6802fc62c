// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// `groups:` of `environments/NAME.yaml`:
/// `{GROUP: {parameters, default, guard, enabled, rules: {RULE: {rule, from, to, limit, stateless, until, enabled}}}}`.
extension FileDecoder {
  private static let patchKeys = ["parameters", "default", "guard", "enabled", "rules"]
  private static let rulePatchKeys = ["rule", "from", "to", "limit", "stateless", "until", "enabled"]
  /// What groups have and environments leave alone.
  private static let fixedKeys: Set<String> = [
    "vms", "hosts", "tier", "order", "use", "in", "out", "filter", "owner", "ticket", "comment", "tests",
  ]

  mutating func decodeGroupPatches(_ node: Node) {
    let expected = "a mapping of group names, such as web: {parameters: {SUBNET: 10.1.0.0/16}}"
    guard let groups = entries(of: node, "groups", expected: expected) else { return }
    for group in groups { decodeGroupPatch(group) }
  }

  private mutating func decodeGroupPatch(_ entry: Node.Entry) {
    let what = "group '\(entry.name.excerpt)'"
    var patch = GroupPatch(name: Located(value: entry.name, range: keyRange(entry)))
    defer { result.environment?.groups.append(patch) }
    let expected = "a mapping such as {parameters: {SUBNET: 10.1.0.0/16}}"
    guard let fields = entries(of: entry.value, what, expected: expected) else { return }
    for field in fields {
      switch field.name {
      case "parameters": patch.parameters = ruleParameters(field.value, of: what)
      case "default": patch.defaults = defaults(field.value, what)
      case "guard": patch.guardPolicy = guardPolicy(field.value, what)
      case "enabled": patch.isEnabled = truth(of: field.value, "enabled of \(what)")
      case "rules": patch.rules = decodeRulePatches(field.value, of: what)
      default: unknownPatchKey(field, what)
      }
    }
  }

  private mutating func unknownPatchKey(_ field: Node.Entry, _ what: String) {
    guard Self.fixedKeys.contains(field.name) else {
      unknownKey(field, in: what, known: Self.patchKeys)
      return
    }
    report(
      "not-in-environment", "an environment cannot change \(field.name) of \(what)", at: keyRange(field),
      expected: "one of \(Self.patchKeys.joined(separator: ", "))",
      hint: field.name == "in" || field.name == "out"
        ? "rules are changed by name: rules: {NAME: {from: …}}"
        : "write it in the group itself, with a parameter where environments differ")
  }

  private mutating func decodeRulePatches(_ node: Node, of what: String) -> [RulePatch] {
    let expected = "a mapping of rule names, such as in-allow-ssh-from-office: {from: 10.1.0.0/16}"
    if case .sequence = node.content {
      wrongKind(node, "rules of \(what)", expected: expected, hint: "rules are changed by name, not by their place")
      return []
    }
    guard let rules = entries(of: node, "rules of \(what)", expected: expected) else { return [] }
    return rules.compactMap { decodeRulePatch($0, of: what) }
  }

  private mutating func decodeRulePatch(_ entry: Node.Entry, of group: String) -> RulePatch? {
    let what = "rule '\(entry.name.excerpt)' of \(group)"
    guard RuleName.isValid(entry.name) else {
      report(
        "bad-rule-name", "'\(entry.name.excerpt)' is no name of a rule", at: keyRange(entry).widened,
        expected: RuleName.expectation, hint: "the name of a rule without name: is made of its direction and its text")
      return nil
    }
    guard let fields = entries(of: entry.value, what, expected: "a mapping such as {from: 10.1.0.0/16}") else {
      return nil
    }
    var patch = RulePatch(name: Located(value: entry.name, range: keyRange(entry)))
    for field in fields {
      let key = "\(field.name.excerpt) of \(what)"
      switch field.name {
      case "rule": patch.rule = ruleLine(field.value, key)
      case "from": patch.from = rulePeers(field.value, key)
      case "to": patch.to = rulePeers(field.value, key)
      case "limit": patch.connectionLimit = connectionLimit(field.value, key)
      case "stateless": patch.isStateless = truth(of: field.value, key)
      case "until": patch.until = day(field.value, key)
      case "enabled": patch.isEnabled = truth(of: field.value, key)
      default: unknownKey(field, in: what, known: Self.rulePatchKeys)
      }
    }
    return patch
  }

  private mutating func rulePeers(_ node: Node, _ what: String) -> [Located<Peer>]? {
    if case .sequence(let items, _) = node.content, items.isEmpty {
      report(
        "missing-peer", "\(what) is empty", at: range(node), expected: RuleParser.peerExpectation,
        hint: "'any' says everyone; enabled: no switches the rule off")
      return nil
    }
    return peers(of: node, what, in: .rule)
  }
}
