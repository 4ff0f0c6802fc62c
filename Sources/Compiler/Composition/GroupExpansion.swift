// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// A rule of a group, or of a preset that it uses.
struct ExpandedRule: Sendable {
  var rule: PolicyRule
  /// `GROUP/RULE`.
  var id: String
  /// Which of the group's parameters it sees: a place in `ExpandedGroup.scopes`.
  var scope: Int
}

/// A group with the presets that it uses written out.
struct ExpandedGroup: Sendable {
  /// Parameters that rules of one origin see, and those that they speak of.
  struct ScopeUse: Sendable {
    var parameters: [String: Parameter]
    var peerNames: Set<String> = []
    var trafficNames: Set<String> = []
    /// Where the group uses the preset; nil for its own rules.
    var use: SourceRange?
  }

  var group: Group
  var inbound: [ExpandedRule] = []
  var outbound: [ExpandedRule] = []
  var scopes: [ScopeUse] = []
  /// What the group says of packets that no rule decides, by itself or by its presets.
  var inboundDefault: Located<Verdict>?
  var outboundDefault: Located<Verdict>?
  var guardPolicy: Located<GuardPolicy>?
  /// Whether a rule speaks of the NIC's network, parameters of VMs not looked at.
  var namesNetwork = false
  /// Parameters that rules name, whether or not they hold today.
  var mentioned: Set<String> = []
  /// Ends of rules that are over, as the host's marker keeps them.
  var expired: [String] = []

  var name: String { group.name }

  /// Parameters that rules name, and values of others.
  var usedParameters: Set<String> {
    scopes.reduce(into: mentioned) { used, scope in
      for parameter in scope.parameters.values { used.formUnion(parameter.names) }
    }
  }
}

/// What a group needs to know of a NIC.
struct ScopeNeeds: Sendable {
  var usesNetwork = false
  /// Parameters that rules speak of, directly or by the values of others.
  var names: Set<String> = []
  /// Parameters without a value.
  var missing: Set<String> = []
}

extension ExpandedGroup {
  /// - Parameter own: the VM's parameters, which go before those of the group.
  func needs(_ own: [String: Parameter]) -> ScopeNeeds {
    var needs = ScopeNeeds(usesNetwork: namesNetwork)
    for scope in scopes where !scope.peerNames.isEmpty || !scope.trafficNames.isEmpty {
      var open = scope.peerNames.map { ($0, true) } + scope.trafficNames.map { ($0, false) }
      var seen: (peers: Set<String>, traffic: Set<String>) = (scope.peerNames, scope.trafficNames)
      while let (name, isPeer) = open.popLast() {
        needs.names.insert(name)
        guard let parameter = own[name] ?? scope.parameters[name] else {
          needs.missing.insert(name)
          continue
        }
        if isPeer {
          for peer in parameter.peers ?? [] {
            if case .network = peer.value { needs.usesNetwork = true }
            if case .parameter(let next) = peer.value, seen.peers.insert(next).inserted { open.append((next, true)) }
          }
        } else {
          for item in parameter.traffic ?? [] {
            if case .parameter(let next) = item.value, seen.traffic.insert(next).inserted { open.append((next, false)) }
          }
        }
      }
    }
    return needs
  }
}

/// Writes presets out, and leaves out rules that do not hold on a day.
struct GroupExpander {
  let presets: [String: RuleSet]
  let today: Day
  /// Ends that a host has already seen; its clock may have been set back.
  let seenExpired: Set<String>
  var findings = Findings()

  /// Deeper than anybody nests presets; stops at loops, which are reported elsewhere.
  private static let deepest = 16

  mutating func expand(_ group: Group) -> ExpandedGroup {
    var expanded = ExpandedGroup(group: group)
    var done: Set<Inclusion> = []
    add(group.rules, outer: [:], use: nil, depth: 0, &done, to: &expanded)
    let said = said(group.rules, depth: 0)
    (expanded.inboundDefault, expanded.outboundDefault) = (said.inbound, said.outbound)
    expanded.guardPolicy = said.guardWord?.policy
    checkParameters(of: expanded)
    return expanded
  }

  /// A value that nothing uses was meant for something: a preset could go on letting everybody in.
  private mutating func checkParameters(of expanded: ExpandedGroup) {
    let used = expanded.usedParameters
    for (name, parameter) in expanded.group.rules.parameters.sorted(by: { $0.key < $1.key }) where !used.contains(name)
    {
      // One letter is near to any other.
      let suggestion = name.count < 3 ? nil : Suggestion.hint(for: name, in: used.sorted())
      findings.add(
        Diagnostic(
          "unknown-parameter", "no rule or preset of group '\(expanded.name)' uses the parameter '\(name)'",
          severity: suggestion == nil ? .warning : .error, at: parameter.texts.first?.range ?? expanded.group.origin,
          expected: used.isEmpty ? nil : "one of \(used.sorted().joined(separator: ", "))",
          hint: suggestion ?? "remove it"))
    }
  }

  /// A preset with the parameters that it sees: the same twice adds nothing.
  private struct Inclusion: Hashable {
    let preset: String
    let parameters: [String: Parameter]
  }

  private mutating func add(
    _ ruleSet: RuleSet, outer: [String: Parameter], use: SourceRange?, depth: Int, _ done: inout Set<Inclusion>,
    to expanded: inout ExpandedGroup
  ) {
    let path = outer.merging(ruleSet.parameters) { first, _ in first }
    let parameters = path.merging(inherited(ruleSet, depth: depth)) { first, _ in first }
    guard done.insert(Inclusion(preset: depth == 0 ? "" : ruleSet.name.value, parameters: parameters)).inserted else {
      return
    }
    let scope = expanded.scopes.count
    expanded.scopes.append(ExpandedGroup.ScopeUse(parameters: parameters, use: use))
    for rule in ruleSet.inbound { add(rule, .in, scope, to: &expanded) }
    for rule in ruleSet.outbound { add(rule, .out, scope, to: &expanded) }
    guard depth < Self.deepest else { return }
    for next in ruleSet.uses {
      guard let preset = presets[next.value] else { continue }
      add(preset, outer: path, use: use ?? next.range, depth: depth + 1, &done, to: &expanded)
    }
  }

  /// Values of the presets that a rule set uses, the first that says something.
  private func inherited(_ ruleSet: RuleSet, depth: Int) -> [String: Parameter] {
    guard depth < Self.deepest else { return [:] }
    var result: [String: Parameter] = [:]
    for use in ruleSet.uses {
      guard let preset = presets[use.value] else { continue }
      result.merge(preset.parameters) { first, _ in first }
      result.merge(inherited(preset, depth: depth + 1)) { first, _ in first }
    }
    return result
  }

  private mutating func add(
    _ rule: PolicyRule, _ direction: TrafficDirection, _ scope: Int, to expanded: inout ExpandedGroup
  ) {
    rule.addParameterNames(to: &expanded.mentioned)
    guard rule.isEnabled else { return }
    let id = "\(expanded.name)/\(rule.name(direction))"
    if let until = rule.until, hasEnded(rule, id, until, &expanded) {
      // What is over by the calendar is found by a check of the policy, not once more for each host.
      if until >= today {
        findings.add(
          Diagnostic(
            "expired-rule",
            "rule '\(id)' was over before on this host: it is left out, although today is not after \(until)",
            severity: .warning, at: rule.origin, hint: "remove it, or give it a later day"))
      }
      return
    }
    for item in rule.traffic {
      if case .parameter(let name) = item.value { expanded.scopes[scope].trafficNames.insert(name) }
    }
    for list in [rule.from, rule.to] {
      for peer in list ?? [] {
        if case .parameter(let name) = peer.value { expanded.scopes[scope].peerNames.insert(name) }
        if case .network = peer.value { expanded.namesNetwork = true }
      }
    }
    let expandedRule = ExpandedRule(rule: rule, id: id, scope: scope)
    if direction == .in { expanded.inbound.append(expandedRule) } else { expanded.outbound.append(expandedRule) }
  }

  /// The last day is included. What a host has once seen to be over stays so, whatever its clock says later; a rule that would
  /// open something by its end needs `expires: open`.
  private func hasEnded(_ rule: PolicyRule, _ id: String, _ until: Day, _ expanded: inout ExpandedGroup) -> Bool {
    let end = "\(id)@\(until)"
    guard rule.verdict == .allow || rule.expiresOpen, until < today || seenExpired.contains(end) else { return false }
    expanded.expired.append(end)
    return true
  }

  // MARK: Defaults and guard

  private struct Said {
    var inbound: Located<Verdict>?
    var outbound: Located<Verdict>?
    var guardWord: GuardWord?
  }

  /// A rule set's own word, else the strictest of the presets that it uses; of guards, for each key that one names.
  private func said(_ ruleSet: RuleSet, depth: Int) -> Said {
    var said = Said(
      inbound: ruleSet.defaults.in, outbound: ruleSet.defaults.out,
      guardWord: ruleSet.guardPolicy.map { GuardWord(policy: $0, parts: ruleSet.guardParts) })
    guard depth < Self.deepest else { return said }
    var inherited = Said()
    for use in ruleSet.uses {
      guard let preset = presets[use.value] else { continue }
      let other = self.said(preset, depth: depth + 1)
      inherited.inbound = Verdict.strictest(inherited.inbound, other.inbound)
      inherited.outbound = Verdict.strictest(inherited.outbound, other.outbound)
      if let word = other.guardWord { inherited.guardWord = inherited.guardWord?.joined(with: word) ?? word }
    }
    said.inbound = said.inbound ?? inherited.inbound
    said.outbound = said.outbound ?? inherited.outbound
    said.guardWord = said.guardWord ?? inherited.guardWord
    return said
  }
}

extension PolicyRule {
  /// Adds the parameters that it names.
  fileprivate func addParameterNames(to names: inout Set<String>) {
    for item in traffic {
      if case .parameter(let name) = item.value { names.insert(name) }
    }
    for list in [from, to] {
      for peer in list ?? [] {
        if case .parameter(let name) = peer.value { names.insert(name) }
      }
    }
  }
}

extension Parameter {
  /// Parameters that its value names.
  fileprivate var names: [String] {
    let peers = (peers ?? []).compactMap { if case .parameter(let name) = $0.value { name } else { nil } }
    let traffic = (traffic ?? []).compactMap { if case .parameter(let name) = $0.value { name } else { nil } }
    return peers + traffic
  }
}
