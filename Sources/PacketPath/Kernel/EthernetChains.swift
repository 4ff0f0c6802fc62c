// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// The ebtables chains of a port (nwfilter_ebiptables_driver.c, ebiptablesApplyNewRules).
struct EthernetChains {
  private(set) var stages: [Way: Stage] = [:]
  /// See ``KernelProgram/unorderedChains``.
  private(set) var unordered: [[String]] = []

  /// - Parameter rules: all of the port, in libvirt's order.
  init(_ rules: [PlacedRule]) throws(KernelProgramError) {
    let rules = rules.filter(\.isEthernet)
    for way in Way.allCases {
      let own = rules.filter { Self.ways($0.rule.direction).contains(way) }
      let priorities = Self.priorities(own)
      stages[way] = try Self.stage(way, own, priorities)
      for tie in Self.ties(priorities) where !unordered.contains(tie) { unordered.append(tie) }
    }
  }

  private static func ways(_ direction: Direction) -> [Way] {
    switch direction {
    case .in: [.toMachine]
    case .out: [.fromMachine]
    case .inout: Way.allCases
    }
  }

  /// Of the chains; where filters give one several, the last rule's counts.
  private static func priorities(_ rules: [PlacedRule]) -> [String: Int] {
    var priorities: [String: Int] = [:]
    for placed in rules where !placed.isInRoot { priorities[placed.chain] = placed.chainPriority }
    return priorities
  }

  /// Chains of equal priority that some frame would go through both of.
  private static func ties(_ priorities: [String: Int]) -> [[String]] {
    Dictionary(grouping: priorities.keys.sorted()) { priorities[$0]! }.sorted { $0.key < $1.key }.map(\.value)
      .filter { names in
        names.indices.contains { index in
          names[(index + 1)...].contains { other in
            let (first, second) = (guards(of: names[index]), guards(of: other))
            // Only EtherTypes exclude each other.
            return first == second || !isByType(first) || !isByType(second)
          }
        }
      }
  }

  private static func isByType(_ guards: [Condition]) -> Bool {
    guards.contains { if case .range(.etherType, _) = $0.test { true } else { false } }
  }

  /// - Parameter rules: those of this way.
  private static func stage(
    _ way: Way, _ rules: [PlacedRule], _ priorities: [String: Int]
  ) throws(KernelProgramError) -> Stage? {
    if rules.isEmpty { return nil }
    let names = priorities.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
    let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($0.element, $0.offset) })
    var root = KernelChain(Chain.root)
    var subchains = names.map { KernelChain($0) }
    var jumps = 0
    func jump() {
      root.rules.append(KernelRule(guards(of: names[jumps]), .jump(jumps)))
      jumps += 1
    }
    for placed in rules {
      // A chain stands before root rules of its own priority.
      while jumps < names.count, priorities[names[jumps]]! <= placed.priority { jump() }
      let kernelRules = try Self.rules(placed, way)
      if placed.isInRoot {
        root.rules += kernelRules
      } else if let place = places[placed.chain] {
        guard place < jumps else {
          throw KernelProgramError(
            .cannotBind, filter: placed.origin.filter, entry: placed.origin.entry, part: placed.chain,
            message: "cannot be bound: another filter gives chain \(placed.chain) a higher priority, "
              + "so that it does not exist yet when this rule is added")
        }
        subchains[place].rules += kernelRules
      }
    }
    while jumps < names.count { jump() }
    return Stage(hook: .ethernet(way), guards: [], root: root, subchains: subchains, returned: .accepted)
  }

  /// Which frames a chain sees (ebtablesCreateTmpSubChainFW).
  private static func guards(of chain: String) -> [Condition] {
    func type(_ number: UInt16) -> [Condition] { [.equals(.etherType, UInt128(number))] }
    return switch Chain.prefix(of: chain)?.name {
    case "ipv4": type(EtherType.ipv4)
    case "ipv6": type(EtherType.ipv6)
    case "arp": type(EtherType.arp)
    case "rarp": type(EtherType.rarp)
    case "vlan": type(EtherType.vlan)
    case "stp": [.equals(.destinationMAC, UInt128(MACAddress.bridgeGroup.bits))]
    default: []
    }
  }

  private static func rules(_ placed: PlacedRule, _ way: Way) throws(KernelProgramError) -> [KernelRule] {
    let target: KernelRule.Target =
      switch placed.rule.action {
      case .accept: .accept
      // ebtables has no reject.
      case .drop, .reject: .drop
      case .return: .return
      case .continue: .continue
      }
    // Rules of direction inout are written for frames to the VM.
    let isReversed = placed.rule.direction == .inout && way == .fromMachine
    var rules: [KernelRule] = []
    for values in placed.combinations {
      let bound = placed.rule.match.map { BoundMatch(match: $0, values: values, origin: placed.origin) }
      let conditions = try EthernetConditions.of(bound, isReversed: isReversed)
      rules.append(KernelRule(conditions, target, origin: placed.origin))
    }
    return rules
  }
}
