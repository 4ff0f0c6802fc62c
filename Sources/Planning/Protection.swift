// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// What a tree of generated filters denies whatever its rules allow: the default of each direction, and the guard.
struct Protection {
  /// In words.
  private(set) var denials: Set<String> = []

  init(of name: String, in catalogue: FilterCatalogue) {
    var open: Set<String> = []
    for filter in catalogue.tree(of: name) {
      for case .rule(let rule) in filter.entries {
        let filterProtocol = rule.match?.filterProtocol
        guard let filterProtocol, filterProtocol.layer != .ethernet else {
          add(guard: rule, of: filter)
          continue
        }
        guard Self.matchesAll(rule) else { continue }
        for direction in Self.directions(of: rule) {
          let words = Self.words(direction, filterProtocol)
          if rule.action == .accept { open.formUnion(words) } else { denials.formUnion(words) }
        }
      }
    }
    // A rule that allows all of TCP is a rule; one that allows everything is a default.
    for direction in [Direction.in, .out] {
      for family in [FilterProtocol.all, .allIPv6] {
        let words = Self.words(direction, family)
        if open.isSuperset(of: words) { denials.subtract(words) }
      }
    }
  }

  private static func words(_ direction: Direction, _ filterProtocol: FilterProtocol) -> [String] {
    protocols(of: filterProtocol).map { "default of \(direction.rawValue) (\($0))" }
  }

  /// Addresses that it denies are told by the form of the rule, not by their values, so that a NIC that gets another address
  /// has not lost anything.
  private mutating func add(guard rule: Rule, of filter: Filter) {
    guard rule.action == .drop, rule.direction != .in, filter.chain == Chain.root || filter.chain == "mac" else {
      return
    }
    let attributes = (rule.match?.attributes ?? []).compactMap { attribute -> String? in
      guard let name = rule.match?.definition(of: attribute).name, name != "comment" else { return nil }
      return attribute.isNegated ? "other \(name)" : name
    }
    denials.insert("guard (\(([rule.match?.filterProtocol.name ?? "any frame"] + attributes).joined(separator: " ")))")
  }

  private static func matchesAll(_ rule: Rule) -> Bool {
    guard let match = rule.match else { return true }
    return match.attributes.allSatisfy { ["comment", "state"].contains(match.definition(of: $0).name) }
      && (rule.action != .accept || match["state"] == nil)
  }

  private static func directions(of rule: Rule) -> [Direction] {
    rule.direction == .inout ? [.in, .out] : [rule.direction]
  }

  /// What an element that stands for a whole family denies, protocol by protocol: a filter may deny them one by one.
  private static func protocols(of filterProtocol: FilterProtocol) -> [String] {
    switch filterProtocol {
    case .all: ["tcp", "udp", "udplite", "sctp", "icmp", "igmp", "esp", "ah"]
    case .allIPv6: ["tcp-ipv6", "udp-ipv6", "udplite-ipv6", "sctp-ipv6", "icmpv6", "esp-ipv6", "ah-ipv6"]
    default: [filterProtocol.name]
    }
  }

  /// The interfaces whose generated filter denies less when the plan is done.
  static func losses(
    _ transitions: [(interface: InterfaceName, before: String, after: String)], _ request: PlanRequest,
    after: FilterCatalogue
  ) -> [WeakenedInterface] {
    let identity = request.desired.identity
    let generated = transitions.filter { identity.kind(ofFilter: $0.before) == .nic }
    guard !generated.isEmpty else { return [] }
    let before = FilterCatalogue(request.observed.filters.compactMap(\.filter))
    // Many NICs share a profile: each pair of them is compared once.
    var known: [[String]: [String]] = [:]
    return generated.compactMap { transition in
      let key = [
        before.tree(of: transition.before).flatMap(\.references).map(\.filter).sorted().joined(separator: " "),
        after.tree(of: transition.after).flatMap(\.references).map(\.filter).sorted().joined(separator: " "),
        identity.kind(ofFilter: transition.after) == .nic ? "" : transition.after,
      ]
      let lost =
        known[key]
        ?? Protection(of: transition.before, in: before).denials
        .subtracting(Protection(of: transition.after, in: after).denials).sorted()
      known[key] = lost
      return lost.isEmpty ? nil : WeakenedInterface(interface: transition.interface, lost: Self.shortened(lost))
    }.sorted { $0.interface < $1.interface }
  }

  /// A default that is lost for all protocols is told once.
  private static func shortened(_ lost: [String]) -> [String] {
    var words: [String] = []
    for direction in [Direction.in, .out] {
      let prefix = "default of \(direction.rawValue) ("
      let protocols = lost.filter { $0.hasPrefix(prefix) }
      if protocols.count > 3 { words.append("default of \(direction.rawValue)") } else { words += protocols }
    }
    return words + lost.filter { $0.hasPrefix("guard") }
  }
}
