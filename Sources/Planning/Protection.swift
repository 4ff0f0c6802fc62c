// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// What a tree of generated filters denies whatever its rules allow: the default of each direction, and the guard.
struct Protection {
  /// In words.
  private(set) var denials: Set<String> = []

  /// Rules at layer 2 that let all frames of an element out.
  private var openElements: Set<String> = []
  private var deniesRest = false

  init(of name: String, in catalogue: FilterCatalogue) {
    // By word, the priority of the rule that denies it; and the first rule that accepts all of a family.
    var denied: [String: Int] = [:]
    var open: [String: Int] = [:]
    for filter in catalogue.tree(of: name) {
      for case .rule(let rule) in filter.entries {
        guard let filterProtocol = rule.match?.filterProtocol, filterProtocol.layer != .ethernet else {
          add(guard: rule, of: filter)
          continue
        }
        guard Self.matchesAll(rule) else { continue }
        // A rule that allows all of TCP is a rule; one that allows everything is a default.
        guard rule.action != .accept || filterProtocol == .all || filterProtocol == .allIPv6 else { continue }
        for word in Self.directions(of: rule).flatMap({ Self.words($0, filterProtocol) }) {
          if rule.action == .accept {
            open[word] = min(open[word] ?? .max, rule.priority)
          } else {
            denied[word] = min(denied[word] ?? .max, rule.priority)
          }
        }
      }
    }
    for (word, priority) in denied where open[word] ?? .max > priority { denials.insert(word) }
    guard deniesRest else { return }
    for element in ["ip", "ipv6", "arp"] where !openElements.contains(element) {
      denials.insert("guard (sources of \(element))")
    }
  }

  /// Addresses that a guard lets out are told by the form of its rules, not by their values: a NIC that gets another address
  /// has lost nothing.
  private mutating func add(guard rule: Rule, of filter: Filter) {
    guard rule.direction != .in else { return }
    let filterProtocol = rule.match?.filterProtocol.name ?? "mac"
    let attributes = (rule.match?.attributes ?? []).filter { rule.match?.definition(of: $0).name != "comment" }
    let isForeignMAC =
      filter.chain == Chain.root
      && attributes.contains { $0.isNegated && rule.match?.definition(of: $0).name == "srcmacaddr" }
    switch (rule.action, filter.chain) {
    case (.drop, "mac") where attributes.isEmpty: denials.insert("guard (foreign MAC addresses)")
    case (.drop, Chain.root) where isForeignMAC: denials.insert("guard (foreign MAC addresses)")
    case (.drop, Chain.root) where attributes.isEmpty && filterProtocol == "mac":
      denials.insert("guard (other frames)")
      deniesRest = true
    case (.drop, Chain.root) where attributes.isEmpty:
      // Beside other frames that pass, those of an address that may not be sent from.
      denials.insert("guard (sources of \(filterProtocol))")
    case (.drop, Chain.root):
      let words = attributes.compactMap { attribute in
        rule.match.map { $0.definition(of: attribute) }.map { definition in
          "\(definition.name) \(definition.kind.text(attribute.value))"
        }
      }
      denials.insert("guard (\(filterProtocol) \(words.joined(separator: " ")))")
    case (.accept, Chain.root) where attributes.isEmpty: openElements.insert(filterProtocol)
    default: break
    }
  }

  private static func words(_ direction: Direction, _ filterProtocol: FilterProtocol) -> [String] {
    protocols(of: filterProtocol).map { "default of \(direction.rawValue) (\($0))" }
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
