// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
import FilterModel

extension Policy {
  /// The policy with what an environment says in place of its own.
  ///
  /// Nothing new can come in this way: a set, service, group or rule that the policy does not have is an error, which
  /// leaves the rest as it is. Rules keep their names.
  public func applying(_ environment: Environment) -> (policy: Policy, diagnostics: [Diagnostic]) {
    var patching = EnvironmentPatching(policy: self, environment: environment.name)
    patching.policy.environment = environment.name
    patching.replace(\.sets, by: environment.sets, "set", "unknown-set", name: \.name)
    patching.replace(\.services, by: environment.services, "service", "unknown-service", name: \.name)
    patching.patchGroups(environment.groups)
    return (patching.policy, patching.diagnostics)
  }
}

/// A policy while an environment changes it.
private struct EnvironmentPatching {
  var policy: Policy
  let environment: String
  var diagnostics: [Diagnostic] = []

  /// Suggestions look at every name: past so many unknown names they are not made any more.
  private static let mostSuggestions = 200

  init(policy: Policy, environment: String) {
    self.policy = policy
    self.environment = environment
  }

  mutating func replace<Definition>(
    _ list: WritableKeyPath<Policy, [Definition]>, by others: [Definition], _ kind: String, _ code: Diagnostic.Code,
    name: KeyPath<Definition, Located<String>>
  ) {
    if others.isEmpty { return }
    let places = places(policy[keyPath: list]) { $0[keyPath: name].value }
    for other in others {
      if let place = places[other[keyPath: name].value] {
        policy[keyPath: list][place] = other
      } else {
        unknown(kind, code, other[keyPath: name], known: places.keys.sorted())
      }
    }
  }

  mutating func patchGroups(_ patches: [GroupPatch]) {
    if patches.isEmpty { return }
    let groups = places(policy.groups) { $0.name }
    let natives = places(policy.nativeGroups) { $0.name.value }
    for patch in patches {
      if let place = groups[patch.name.value] {
        if patch.isEnabled == false, policy.groups[place].isEnabled { warnOfDisabled(policy.groups[place], patch) }
        policy.groups[place].apply(patch)
        patchRules(of: place, patch)
      } else if let place = natives[patch.name.value] {
        patchNative(place, patch)
      } else {
        unknown("group", "unknown-group", patch.name, known: (Array(groups.keys) + natives.keys).sorted())
      }
    }
  }

  /// A VM that is in no other group has no filter then; quiet where the group says what it is for, as checks are.
  private mutating func warnOfDisabled(_ group: Group, _ patch: GroupPatch) {
    guard group.comment == nil, group.ticket == nil else { return }
    diagnostics.append(
      Diagnostic(
        "environment-disables-group",
        "environment '\(environment)' switches group '\(group.name)' off: its VMs keep only what other groups say, and "
          + "those in no other group are not filtered at all",
        severity: .warning, at: patch.name.range,
        hint: "disable single rules, or say in comment: of the group why it may be off",
        notes: [Diagnostic.Note("the group", at: group.origin)]))
  }

  /// A native group has nothing but parameters that could be changed.
  private mutating func patchNative(_ place: Int, _ patch: GroupPatch) {
    for (name, parameter) in patch.parameters {
      policy.nativeGroups[place].reference.parameters[name] = parameter.texts.map(\.value)
    }
    let saysMore =
      patch.defaults != Defaults() || patch.guardPolicy != nil || patch.isEnabled != nil || !patch.rules.isEmpty
    guard saysMore else { return }
    diagnostics.append(
      Diagnostic(
        "patch-of-native-group",
        "group '\(patch.name.value)' has a native filter: environment '\(environment)' can change its parameters only",
        at: patch.name.range, hint: "keep parameters: alone",
        notes: [Diagnostic.Note("the group", at: policy.nativeGroups[place].name.range)]))
  }

  // MARK: Rules

  private mutating func patchRules(of place: Int, _ patch: GroupPatch) {
    if patch.rules.isEmpty { return }
    let group = policy.groups[place]
    let inbound = self.places(group.rules.inbound) { $0.name(.in) }
    let outbound = self.places(group.rules.outbound) { $0.name(.out) }
    for rulePatch in patch.rules {
      let name = rulePatch.name.value
      if let index = inbound[name] {
        policy.groups[place].rules.inbound[index].apply(rulePatch)
        check(policy.groups[place].rules.inbound[index], rulePatch)
      } else if let index = outbound[name] {
        policy.groups[place].rules.outbound[index].apply(rulePatch)
        check(policy.groups[place].rules.outbound[index], rulePatch)
      } else {
        unknownRule(rulePatch.name, of: group, known: (Array(inbound.keys) + outbound.keys).sorted())
      }
    }
  }

  /// What no rule may be, however it came to it.
  private mutating func check(_ rule: PolicyRule, _ patch: RulePatch) {
    if rule.connectionLimit != nil, rule.verdict != .allow {
      diagnostics.append(
        Diagnostic(
          "needs-allow", "rule '\(patch.name.value)' would be a \(rule.verdict.rawValue) rule with a limit",
          at: patch.name.range, hint: "only allow rules have limits",
          notes: [Diagnostic.Note("the rule", at: rule.origin)]))
    }
    if rule.until != nil, rule.verdict != .allow, !rule.expiresOpen {
      diagnostics.append(
        Diagnostic(
          "opens-on-expiry", "rule '\(patch.name.value)' would end by itself, and its packets could pass then",
          at: patch.name.range, hint: "write expires: open in the rule, if that is meant",
          notes: [Diagnostic.Note("the rule", at: rule.origin)]))
    }
  }

  private mutating func unknownRule(_ name: Located<String>, of group: Group, known: [String]) {
    var hint = Suggestion.hint(for: name.value, in: known)
    let presets = Dictionary(policy.presets.map { ($0.name.value, $0) }) { first, _ in first }
    if let preset = group.rules.uses.first(where: { presets[$0.value]?.hasRule(name.value) == true }) {
      hint = "it is a rule of preset '\(preset.value)', which all its groups share: change a parameter instead"
    }
    diagnostics.append(
      Diagnostic(
        "unknown-rule", "group '\(group.name)' has no rule '\(name.value)'", at: name.range,
        expected: known.isEmpty ? "nothing: the group has no rules of its own" : "the name of one of its rules",
        hint: hint ?? known.first.map { "names look like '\($0)'; 'nwfleet render' shows them" },
        notes: [Diagnostic.Note("the group", at: group.origin)]))
  }

  // MARK: Names

  private func places<Item>(_ items: [Item], _ name: (Item) -> String) -> [String: Int] {
    Dictionary(items.enumerated().map { (name($0.element), $0.offset) }) { first, _ in first }
  }

  private mutating func unknown(_ kind: String, _ code: Diagnostic.Code, _ name: Located<String>, known: [String]) {
    let hint = diagnostics.count < Self.mostSuggestions ? Suggestion.hint(for: name.value, in: known) : nil
    diagnostics.append(
      Diagnostic(
        code,
        "environment '\(environment)' changes \(kind) '\(name.value)', which there is not", at: name.range,
        expected: "the name of a \(kind) of the policy", hint: hint ?? "define it in policies/ first"))
  }
}

extension RuleSet {
  fileprivate func hasRule(_ name: String) -> Bool {
    inbound.contains { $0.name(.in) == name }
      || outbound.contains { $0.name(.out) == name }
  }
}

extension Group {
  fileprivate mutating func apply(_ patch: GroupPatch) {
    rules.parameters.merge(patch.parameters) { $1 }
    if let said = patch.defaults.in { rules.defaults.in = said }
    if let said = patch.defaults.out { rules.defaults.out = said }
    if let said = patch.guardPolicy { rules.guardPolicy = said }
    if let said = patch.isEnabled { isEnabled = said }
  }
}

extension PolicyRule {
  /// The rule keeps its name, its place, and all that the patch does not speak of.
  fileprivate mutating func apply(_ patch: RulePatch) {
    name = name ?? patch.name
    if let rule = patch.rule {
      (verdict, traffic, from, to, text) = (rule.verdict, rule.traffic, rule.from, rule.to, rule.text)
    }
    if patch.from != nil || patch.to != nil {
      from = patch.from ?? from
      to = patch.to ?? to
      text = spelling
    }
    if let limit = patch.connectionLimit { connectionLimit = limit }
    if let said = patch.isStateless { isStateless = said }
    if let day = patch.until { until = day }
    if let said = patch.isEnabled { isEnabled = said }
  }

  /// The line that says what the rule says.
  fileprivate var spelling: String {
    func list(_ peers: [Located<Peer>]) -> String { peers.map(\.value.spelling).joined(separator: ", ") }
    var line = "\(verdict.rawValue) \(traffic.map(\.value.spelling).joined(separator: ", "))"
    if let from { line += " from \(list(from))" }
    if let to { line += " to \(list(to))" }
    return line
  }
}
