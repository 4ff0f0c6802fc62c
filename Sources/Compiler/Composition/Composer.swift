// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// What the groups of a NIC say together.
struct ComposedGroups: Sendable {
  var decisions: Decisions
  /// Those whose word each of these is; empty where nobody said anything.
  var inboundDefaultBy: [String] = []
  var outboundDefaultBy: [String] = []
  var guardBy: [String] = []
}

/// Puts groups together: admins, tiers, order, `pass`, defaults and guard.
struct Composer {
  var resolver: RuleResolver
  /// By name; places in it stand for groups.
  let groups: [ExpandedGroup]
  private let admins: PolicyRule?
  private let adminsNameNetwork: Bool

  private struct Key: Hashable {
    let group: Int
    let variant: Variant
  }

  struct Rules {
    var inbound: [ResolvedRule] = []
    var outbound: [ResolvedRule] = []
  }

  private var rules: [Key: Rules] = [:]
  private var adminRules: [Variant: [ResolvedRule]] = [:]

  init(resolver: RuleResolver, groups: [ExpandedGroup], admins: Admins?) {
    self.resolver = resolver
    self.groups = groups
    self.admins = admins.map { admins in
      let text =
        "allow \(admins.allow.map(\.value.spelling).joined(separator: ", "))"
        + " from \(admins.from.map(\.value.spelling).joined(separator: ", "))"
      return PolicyRule(.allow, admins.allow, from: admins.from, text: text, origin: admins.origin)
    }
    adminsNameNetwork =
      admins?.from.contains { if case .network = $0.value { true } else { false } } ?? false
  }

  /// The id of the rule for those who may reach every VM.
  static let adminsID = "admins/allow"

  /// Takes over what a copy has looked up and found.
  mutating func adopt(_ other: Composer) {
    rules.merge(other.rules) { first, _ in first }
    adminRules.merge(other.adminRules) { first, _ in first }
    var findings = resolver.findings
    for diagnostic in other.resolver.findings.diagnostics { findings.add(diagnostic) }
    resolver.findings = findings
  }

  // MARK: Variants

  /// What a NIC's groups need to know of it.
  ///
  /// - Parameter own: the VM's parameters.
  func variant(of chosen: [Int], network: String?, own: [String: Parameter]) -> Variant {
    chosen.reduce(into: adminVariant(network: network)) { result, index in
      let part = variant(of: index, network: network, own: own)
      if part.usesNetwork { (result.usesNetwork, result.network) = (true, part.network) }
      result.parameters.merge(part.parameters) { first, _ in first }
    }
  }

  private func variant(of group: Int, network: String?, own: [String: Parameter]) -> Variant {
    let needs = groups[group].needs(own)
    var variant = Variant()
    if needs.usesNetwork { (variant.usesNetwork, variant.network) = (true, network) }
    for name in needs.names {
      if let parameter = own[name] { variant.parameters[name] = parameter.texts.map(\.value) }
    }
    return variant
  }

  private func adminVariant(network: String?) -> Variant {
    adminsNameNetwork ? Variant(network: network, usesNetwork: true) : Variant()
  }

  // MARK: Composition

  /// Groups in the order in which they decide.
  func standing(_ chosen: [Int]) -> [Int] {
    chosen.sorted { left, right in
      let (first, second) = (groups[left].group, groups[right].group)
      return (first.tier, first.order, left) < (second.tier, second.order, right)
    }
  }

  /// - Parameter chosen: groups, lowest first.
  mutating func compose(_ chosen: [Int], _ scope: Scope) -> ComposedGroups {
    let standing = standing(chosen)
    let rules = standing.map { self.rules(of: $0, scope) }
    let tiers = standing.indices.reduce(into: [[Int]]()) { tiers, place in
      let tier = groups[standing[place]].group.tier
      if let last = tiers.last?.last, groups[standing[last]].group.tier == tier {
        tiers[tiers.count - 1].append(place)
      } else {
        tiers.append([place])
      }
    }
    let (defaults, guardPolicy) = (mergedDefaults(chosen), mergedGuard(chosen))
    var composed = ComposedGroups(decisions: Decisions())
    composed.inboundDefaultBy = defaults.inbound.by
    composed.outboundDefaultBy = defaults.outbound.by
    composed.guardBy = guardPolicy.by
    composed.decisions.inboundDefault = defaults.inbound.verdict
    composed.decisions.outboundDefault = defaults.outbound.verdict
    composed.decisions.guardPolicy = guardPolicy.policy
    let inbound = tiers.map { tier in tier.map { (standing[$0], rules[$0].inbound) } }
    let outbound = tiers.map { tier in tier.map { (standing[$0], rules[$0].outbound) } }
    composed.decisions.inbound = flatten(inbound, first: adminRules(scope), defaults.inbound)
    composed.decisions.outbound = flatten(outbound, first: [], defaults.outbound)
    return composed
  }

  private mutating func flatten(
    _ tiers: [[(Int, [ResolvedRule])]], first: [ResolvedRule], _ end: MergedDefault
  ) -> [ResolvedRule] {
    if tiers.contains(where: { $0.count > 1 }) {
      var conflicts = TierConflicts(before: first)
      for tier in tiers {
        conflicts.check(tier.map { (groups[$0.0].group, $0.1) })
      }
      for diagnostic in conflicts.diagnostics { resolver.findings.add(diagnostic) }
    }
    let end = ResolvedRule(
      verdict: end.verdict, packets: .all, group: end.by.first ?? "default",
      source: RuleSource(id: "\(end.by.first ?? "default")/default", range: end.range))
    var flattener = TierFlattener(tiers: tiers.map { $0.flatMap(\.1) }, end: end)
    let rules = flattener.flatten()
    if let range = flattener.tooLargeAt {
      resolver.findings.add(
        Diagnostic(
          "too-many-decisions", "pass rules multiply to more than \(TierFlattener.mostRules) decisions for one NIC",
          at: range, hint: "let a group of an earlier tier say less, or say it after its other rules"))
      // Nothing is generated of it.
      return first
    }
    return first + rules
  }

  mutating func rules(of group: Int, _ scope: Scope) -> Rules {
    let expanded = groups[group]
    let key = Key(
      group: group, variant: variant(of: group, network: scope.network?.name, own: scope.machineParameters))
    if let known = rules[key] { return known }
    let result = Rules(
      inbound: resolve(expanded.inbound, of: expanded, scope),
      outbound: resolve(expanded.outbound, of: expanded, scope))
    rules[key] = result
    return result
  }

  private mutating func resolve(
    _ rules: [ExpandedRule], of group: ExpandedGroup, _ scope: Scope
  ) -> [ResolvedRule] {
    var scope = scope
    let result = rules.compactMap { rule -> ResolvedRule? in
      scope.parameters = group.scopes[rule.scope].parameters
      scope.use = group.scopes[rule.scope].use
      resolver.findings.context = scope.use.map { Diagnostic.Note("group '\(group.name)' uses it here", at: $0) }
      return resolver.resolve(rule.rule, scope, group: group.name, id: rule.id)
    }
    resolver.findings.context = nil
    return result
  }

  mutating func adminRules(_ scope: Scope) -> [ResolvedRule] {
    guard let admins else { return [] }
    let variant = adminVariant(network: scope.network?.name)
    if let known = adminRules[variant] { return known }
    var scope = scope
    scope.machineParameters = [:]
    let rule = resolver.resolve(admins, scope, group: "admins", id: Self.adminsID)
    adminRules[variant] = rule.map { [$0] } ?? []
    return rule.map { [$0] } ?? []
  }

  // MARK: Defaults and guard

  private struct MergedDefault {
    var verdict: Verdict
    var by: [String] = []
    var range: SourceRange?
  }

  private func mergedDefaults(_ chosen: [Int]) -> (inbound: MergedDefault, outbound: MergedDefault) {
    func merged(_ nobody: Verdict, _ said: (ExpandedGroup) -> Located<Verdict>?) -> MergedDefault {
      let words = chosen.compactMap { index in said(groups[index]).map { (groups[index].name, $0) } }
      guard let strictest = words.reduce(nil, { Verdict.strictest($0, $1.1) }) else {
        return MergedDefault(verdict: nobody)
      }
      let by = words.filter { $0.1.value == strictest.value }.map(\.0)
      return MergedDefault(verdict: strictest.value, by: by, range: strictest.range)
    }
    return (merged(.drop, \.inboundDefault), merged(.allow, \.outboundDefault))
  }

  private mutating func mergedGuard(_ chosen: [Int]) -> (policy: GuardPolicy, by: [String]) {
    let words = chosen.compactMap { index in groups[index].guardPolicy.map { (groups[index].name, $0) } }
    guard let first = words.first else { return (.standard, []) }
    let merged = words.dropFirst().reduce(first.1.value) { $0.merged(with: $1.1.value) }
    if merged.leavesNothing { resolver.findings.add(Self.conflict(words)) }
    // What no group says by itself comes from all of them.
    let same = words.filter { $0.1.value == merged }
    return (merged, (same.isEmpty ? words : same).map(\.0))
  }

  /// Guards that leave nothing to send from: of several groups, or of several presets of one.
  ///
  /// - Parameter nic: the NIC to which that happens; nil for any.
  static func conflict(_ words: [(String, Located<GuardPolicy>)], nic: String? = nil) -> Diagnostic {
    let place = words.first { !$0.1.value.leavesNothing } ?? words[0]
    let names = words.map { "'\($0.0)'" }.joined(separator: ", ")
    let subject = words.count == 1 ? "the guards of the presets of group \(names)" : "the guards of groups \(names)"
    return Diagnostic(
      "guard-conflict", "\(subject) together leave \(nic ?? "a NIC") no address to send from", at: place.1.range,
      hint: "let all of them say 'declared', or only one of them say anything",
      notes: words.filter { $0.0 != place.0 }.map { Diagnostic.Note("group '\($0.0)'", at: $0.1.range) })
  }
}

extension GuardPolicy {
  /// Those of a NIC's declared addresses that it may send from.
  func sources(of declared: [IPAddress]) -> [IPAddress] {
    guard let declaredWithin else { return declared }
    let within = ResolvedPeers(declaredWithin)
    return declared.filter { address in
      let range = AddressRange(address)
      return within.addresses(range.family).contains(range.range.lowerBound)
    }
  }

  /// Whether no address is left to send from.
  fileprivate var leavesNothing: Bool {
    mac == .only(declared: false, others: []) || ip == .only(declared: false, others: [])
  }
}
