// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// The iptables or ip6tables chains of a port (nwfilter_ebiptables_driver.c, iptablesCreateRuleInstance and
/// iptablesCreateRuleInstanceStateCtrl).
struct PacketChains {
  /// FI, FO and HI.
  let stages: [Stage]

  /// - Parameter rules: all of the port, in libvirt's order.
  init(_ rules: [PlacedRule], _ family: AddressFamily) throws(KernelProgramError) {
    let layer: FilterProtocol.Layer = family == .ipv4 ? .ipv4 : .ipv6
    let rules = rules.filter { $0.rule.match?.filterProtocol.layer == layer }
    var chains = [[KernelRule]](repeating: [], count: 3)
    for placed in rules {
      guard let match = placed.rule.match else { continue }
      for values in placed.combinations {
        let bound = BoundMatch(match: match, values: values, origin: placed.origin)
        for index in chains.indices {
          guard let rule = try Self.rule(placed, bound, family, isToMachine: index == 1) else { continue }
          chains[index].append(rule)
        }
      }
    }
    let guards: [Condition] = [
      .equals(.etherType, UInt128(family == .ipv4 ? EtherType.ipv4 : EtherType.ipv6))
    ]
    let hooks: [Hook] = [.forwardFromMachine(family), .forwardToMachine(family), .inputFromMachine(family)]
    stages = hooks.indices.map { index in
      // What leaves the VM's own chain is accepted by libvirt-in-post, which is there once the port has rules of the family;
      // what leaves the chain towards it falls to the host's own rules.
      let isUndecided = index == 1 || index == 0 && rules.isEmpty
      return Stage(
        hook: hooks[index], guards: guards, root: KernelChain(Chain.root, chains[index]),
        returned: isUndecided ? .undecided : .accepted)
    }
  }

  /// nil where libvirt makes no rule for this chain.
  private static func rule(
    _ placed: PlacedRule, _ bound: BoundMatch, _ family: AddressFamily, isToMachine: Bool
  ) throws(KernelProgramError) -> KernelRule? {
    let rule = placed.rule
    // libvirt writes rules of direction inout as they are in the chain towards the VM.
    let isWrittenToMachine = rule.direction != .out
    let isReversed = isWrittenToMachine != isToMachine
    let hasType = bound.has("type")
    if hasType, isReversed || rule.direction == .inout { return nil }
    var asked: [Tracking.State]?
    var isDefault = true
    if rule.matchesState, case .states(let states)? = bound.attribute("state")?.value {
      if isReversed, rule.direction != .inout { return nil }
      asked = states.isEmpty ? nil : Self.states(states)
      isDefault = false
    } else if rule.matchesState, rule.direction != .inout {
      asked = isReversed ? [.established] : [.new, .established]
    }
    // A limit replaces the state match; rules that do not accept have none unless they ask for one themselves.
    if rule.action == .accept ? bound.has("connlimit-above") : isDefault { asked = nil }
    guard var conditions = try PacketConditions.of(bound, family, isReversed: isReversed) else { return nil }
    if let asked { conditions.append(.state(asked)) }
    if isDefault, asked != nil, !hasType {
      conditions.append(.equals(.side, UInt128((isReversed ? Tracking.Side.reply : .original).rawValue)))
    }
    return KernelRule(conditions, try target(placed, bound), origin: placed.origin)
  }

  private static func target(
    _ placed: PlacedRule, _ bound: BoundMatch
  ) throws(KernelProgramError) -> KernelRule.Target {
    switch placed.rule.action {
    case .accept: return .accept
    case .drop: return .drop
    case .reject: return .reject
    case .return: return .return
    case .continue:
      throw bound.cannotBind("continue", "iptables has no target CONTINUE")
    }
  }

  private static func states(_ states: ConnectionStates) -> [Tracking.State] {
    let all: [(ConnectionStates, Tracking.State)] = [
      (.new, .new), (.established, .established), (.related, .related), (.invalid, .invalid),
    ]
    return all.filter { states.contains($0.0) }.map(\.1)
  }
}
