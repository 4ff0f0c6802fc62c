// SPDX-License-Identifier: Apache-2.0

import Diagnostics
public import FilterModel

/// Filters that refer to each other, and the parameters that a NIC gives to the first.
public struct FilterTree: Sendable, Hashable {
  public var root: String
  public var filters: [String: Filter]
  public var parameters: [String: [String]]

  public init(root: String, filters: [Filter], parameters: [String: [String]] = [:]) {
    self.root = root
    self.filters = Dictionary(uniqueKeysWithValues: filters.map { ($0.name, $0) })
    self.parameters = parameters
  }

  /// All filters that the first one needs, each behind those that it refers to; nil for one that is missing or a loop.
  public var definitionOrder: [Filter]? {
    var done: Set<String> = []
    var order: [Filter] = []
    func visit(_ name: String, _ path: Set<String>) -> Bool {
      guard !path.contains(name), let filter = filters[name] else { return false }
      guard done.insert(name).inserted else { return true }
      for reference in filter.references where !visit(reference.filter, path.union([name])) { return false }
      order.append(filter)
      return true
    }
    return visit(root, []) ? order : nil
  }
}

/// Trees of filters as somebody might write them by hand: all chains, protocols, signs, ranges, masks, lists of values,
/// states, priorities and nested references.
public struct RandomTree {
  private let prefix: String
  private let palette: FilterPalette
  private var random: SeededGenerator
  /// Of chains, by name. Chains of different names must not share one: libvirt leaves their order open.
  private var priorities: [String: Int] = [:]

  /// - Parameters:
  ///   - prefix: what names of the filters begin with.
  ///   - palette: the values that rules speak of.
  public init(prefix: String, palette: FilterPalette, seed: UInt64) {
    self.prefix = prefix
    self.palette = palette
    random = SeededGenerator(seed: seed)
  }

  /// The tree of this seed, of some 4 to 16 rules. libvirt may refuse it all the same.
  public mutating func make() -> FilterTree {
    let count = pick([1, 1, 2, 3, 4])
    var filters: [Filter] = []
    // The first refers to later ones alone, so that there are no loops.
    for index in 0..<count {
      let chain = index == 0 && chance(4, of: 5) ? Chain.root : randomChain()
      var filter = Filter(name: "\(prefix)\(index)", chain: chain, priority: priority(of: chain))
      for _ in 0..<Int.random(in: 2...max(3, 10 / count), using: &random) {
        filter.entries.append(.rule(rule(in: chain)))
      }
      if index + 1 < count {
        // Each later one is reachable by way of the one before it; sometimes also otherwise, and then twice.
        var names = ["\(prefix)\(index + 1)"]
        if chance(1, of: 3) { names.append("\(prefix)\(Int.random(in: index + 1..<count, using: &random))") }
        for name in names {
          let place = Int.random(in: 0...filter.entries.count, using: &random)
          filter.entries.insert(.reference(reference(name)), at: place)
        }
      }
      filters.append(filter)
    }
    var parameters: [String: [String]] = [:]
    for kind in FilterPalette.Variables.allCases {
      let length = pick([1, 1, 2, 2, 3])
      parameters[kind.rawValue] = palette.list(kind, length, using: &random)
      // A second one of the same length, to go with it, and one that a reference alone may give.
      if chance(2, of: 3) { parameters[kind.rawValue + "2"] = palette.list(kind, length, using: &random) }
    }
    return FilterTree(root: "\(prefix)0", filters: filters, parameters: parameters)
  }

  private mutating func chance(_ part: Int, of whole: Int) -> Bool { Int.random(in: 0..<whole, using: &random) < part }

  private mutating func pick<Element>(_ elements: [Element]) -> Element { elements.randomElement(using: &random)! }

  private mutating func reference(_ name: String) -> FilterReference {
    var reference = FilterReference(name)
    for kind in FilterPalette.Variables.allCases where chance(1, of: 3) {
      for suffix in ["", "2"] where chance(1, of: 2) {
        reference.parameters[kind.rawValue + suffix] = palette.list(kind, pick([1, 1, 2]), using: &random)
      }
    }
    return reference
  }

  // MARK: Chains

  private mutating func randomChain() -> String {
    let name = pick(["root", "mac", "vlan", "ipv4", "ipv4", "ipv6", "ipv6", "arp", "rarp", "stp"])
    guard name != Chain.root else { return name }
    return name + pick(["", "", "-a", "-b"])
  }

  private mutating func priority(of chain: String) -> Int? {
    if chain == Chain.root { return nil }
    // Now and then two filters give one chain two priorities.
    if let known = priorities[chain], !chance(1, of: 8) { return known }
    let taken = Set(priorities.values)
    let usual = Chain.defaultPriority(of: chain)
    var priority = chance(1, of: 2) ? usual : Int.random(in: -1000...1000, using: &random)
    while priority == 0 || taken.contains(priority) { priority = Int.random(in: -1000...1000, using: &random) }
    priorities[chain] = priority
    return priority
  }

  // MARK: Rules

  private static let anywhere: [FilterProtocol?] =
    [
      nil, .mac, .mac, .vlan, .stp, .arp, .arp, .rarp, .ip, .ip, .ip, .ipv6, .ipv6, .ipv6, .tcp, .tcp, .tcp, .udp, .udp,
      .icmp, .icmp, .all, .all, .tcpIPv6, .tcpIPv6, .udpIPv6, .icmpv6, .icmpv6, .allIPv6, .allIPv6,
    ] + FilterProtocol.allCases

  private mutating func filterProtocol(in chain: String) -> FilterProtocol? {
    if chance(1, of: 3) { return pick(Self.anywhere) }
    switch Chain.prefix(of: chain)?.name {
    case "mac": return pick([.mac, nil, .ip])
    case "vlan": return .vlan
    case "ipv4": return pick([.ip, .ip, .ip, .mac, nil])
    case "ipv6": return pick([.ipv6, .ipv6, .ipv6, .mac, nil])
    case "arp": return pick([.arp, .arp, .arp, .mac])
    case "rarp": return pick([.rarp, .rarp, nil])
    case "stp": return pick([.stp, .stp, .stp, .mac])
    default: return pick(Self.anywhere)
    }
  }

  /// A rule that the model has no errors about: drawn until there is one.
  private mutating func rule(in chain: String) -> Rule {
    while true {
      let element = filterProtocol(in: chain)
      var actions: [Action] = [.accept, .accept, .accept, .drop, .drop, .drop, .return, .reject]
      if element.map({ $0.layer == .ethernet }) ?? true { actions.append(.continue) }
      let rule = Rule(
        pick(actions), pick([.in, .in, .out, .out, .inout]),
        priority: pick([500, 500, 500, 100, 200, 400, 1000, 0, -500, -600, -700, -900, -1000]),
        matchesState: !chance(1, of: 5), match: element.map { match($0) })
      if !rule.findings().contains(where: { $0.severity == .error }) { return rule }
    }
  }

  private mutating func match(_ element: FilterProtocol) -> Match {
    var match = Match(element)
    let definitions = element.attributes
    let count = pick([0, 1, 1, 1, 2, 2, 3, 4])
    for index in definitions.indices.shuffled(using: &random).prefix(count) {
      set(index, in: &match, isNegated: chance(1, of: 5))
    }
    complete(&match)
    return match
  }

  private mutating func set(_ index: Int, in match: inout Match, isNegated: Bool) {
    let definition = match.filterProtocol.attributes[index]
    if let kind = FilterPalette.Variables(definition), chance(1, of: 6) {
      let name = kind.rawValue + pick(["", "", "2"])
      let access = pick([VariableReference.Access.iterator(0), .iterator(0), .iterator(1), .element(0)])
      match.set(index, .variable(VariableReference(name, access)), isNegated: isNegated)
    } else if definition.refusal == nil, let value = palette.value(of: definition, using: &random) {
      match.set(index, value, isNegated: isNegated)
    }
  }

  /// Adds what others need beside them, makes ranges go up, and gives all the signs that libvirt does.
  private mutating func complete(_ match: inout Match) {
    let definitions = match.filterProtocol.attributes
    for _ in 0..<3 {
      for attribute in match.attributes {
        guard let base = match.definition(of: attribute).base, match[base] == nil,
          let index = definitions.firstIndex(where: { $0.name == base })
        else { continue }
        set(index, in: &match, isNegated: attribute.isNegated)
      }
    }
    for index in definitions.indices {
      let definition = definitions[index]
      guard match[definition.name] == nil || !isMask(definition), let base = definition.base.flatMap({ match[$0] }),
        isEnd(definition, of: definition.base ?? ""), definition.refusal == nil
      else { continue }
      guard match[definition.name] != nil || definition.name.hasSuffix("to") || chance(1, of: 2) else { continue }
      if case .variable = base.value { continue }
      match.set(index, palette.end(after: base.value, using: &random), isNegated: base.isNegated)
    }
    setProtocol(in: &match)
    for _ in 0..<3 {
      for attribute in match.attributes {
        guard let source = match.definition(of: attribute).signSource else { continue }
        match.set(Int(attribute.index), attribute.value, isNegated: match[source]?.isNegated ?? false)
      }
    }
  }

  private func isMask(_ definition: AttributeDefinition) -> Bool {
    definition.name.hasSuffix("mask")
  }

  /// Whether an attribute is the end of the range that another begins.
  private func isEnd(_ definition: AttributeDefinition, of base: String) -> Bool {
    ["end", "to", "-hi"].contains { definition.name.hasSuffix($0) }
  }
}
