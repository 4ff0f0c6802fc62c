// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// What checks look at: a policy and what the compiler has made of it.
struct CheckContext: Sendable {
  /// The groups of some NICs, or a group by itself.
  struct Combination {
    /// Places in `Composer.groups`, lowest first.
    var groups: [Int]
    /// Of one of the NICs.
    var scope: Scope
    var composed: ComposedGroups
    /// Those of the inventory; empty for a group by itself.
    var nics: [NIC]
  }

  /// A combination with the rules of its groups.
  struct Standing {
    var scope: Scope
    var decisions: Decisions
    /// In the order in which they decide.
    var groups: [Int]
    /// Of each group.
    var rules: [Composer.Rules]
    var admins: [ResolvedRule]
    /// VMs of the inventory; empty for a group by itself.
    var members: [Member]
  }

  /// A VM, or one NIC of it.
  struct Member {
    var machine: String
    var addresses: [IPAddress]
  }

  let policy: Policy
  let today: Day
  let groups: [ExpandedGroup]
  private let places: [String: Int]
  let uses: NameUses
  let inventory: InventoryLookup
  /// Those that VMs are in, and groups that no VM is in; in an order that depends on the policy alone.
  let standings: [Standing]
  /// Rules that decide nothing, or nothing that others would not decide as they do.
  let idleRules: [IdleRule]

  init(
    _ policy: Policy, today: Day, composer: inout Composer, _ combinations: [Combination], _ map: some CompilerMap
  ) {
    self.policy = policy
    self.today = today
    groups = composer.groups
    places = Dictionary(composer.groups.enumerated().map { ($1.name, $0) }) { first, _ in first }
    uses = NameUses(policy)
    inventory = InventoryLookup(policy)
    var found = combinations.map { combination in
      Self.standing(
        combination.groups, combination.scope, combination.composed,
        combination.nics.map { Member(machine: $0.machine, addresses: $0.addresses) }, &composer)
    }
    for (groups, scope, members) in inventory.withoutNICs(self.groups, policy) {
      found.append(Self.standing(groups, scope, composer.compose(groups, scope), members, &composer))
    }
    let used = Set(found.lazy.filter { !$0.members.isEmpty }.flatMap(\.groups))
    let places = found.indices.filter { !found[$0].members.isEmpty || !used.isSuperset(of: found[$0].groups) }
    standings = places.sorted { Self.precedes(found[$0], found[$1]) }.map { found[$0] }
    idleRules = IdleRules(standings, groups: composer.groups).search(map)
  }

  private static func standing(
    _ groups: [Int], _ scope: Scope, _ composed: ComposedGroups, _ members: [Member], _ composer: inout Composer
  ) -> Standing {
    let standing = composer.standing(groups)
    return Standing(
      scope: scope, decisions: composed.decisions, groups: standing,
      rules: standing.map { composer.rules(of: $0, scope) }, admins: composer.adminRules(scope), members: members)
  }

  private static func precedes(_ left: Standing, _ right: Standing) -> Bool {
    if left.groups != right.groups { return left.groups.lexicographicallyPrecedes(right.groups) }
    return left.members.lexicographicallyPrecedes(right.members) { $0.machine < $1.machine }
  }

  /// The rule as it is written; nil for rules of nobody's group.
  func written(_ rule: ResolvedRule) -> (rule: ExpandedRule, group: ExpandedGroup)? {
    guard let group = places[rule.group].map({ groups[$0] }) else { return nil }
    func find(_ rules: [ExpandedRule]) -> ExpandedRule? {
      // Places are quicker to compare than names.
      rules.first { $0.rule.origin == rule.source.range && $0.id == rule.source.id }
    }
    return (find(group.inbound) ?? find(group.outbound)).map { ($0, group) }
  }

  /// Whether a place is in a preset that ships with nwfleet.
  static func isShipped(_ range: SourceRange) -> Bool { range.file.hasPrefix("<nwfleet>/") }

  /// Where to show what is wrong with a rule: for one of a preset, which others use too, at the group.
  func place(of rule: ResolvedRule) -> SourceRange? {
    guard let (written, group) = written(rule), written.scope != 0 else { return rule.source.range }
    return group.group.origin
  }
}

extension Composer.Rules {
  func list(_ direction: TrafficDirection) -> [ResolvedRule] { direction == .in ? inbound : outbound }
}

extension ResolvedRule {
  /// Whether both do the same to a packet.
  func actsLike(_ other: ResolvedRule) -> Bool {
    verdict == other.verdict
      && (verdict != .allow || connectionLimit == other.connectionLimit && isStateless == other.isStateless)
  }
}
