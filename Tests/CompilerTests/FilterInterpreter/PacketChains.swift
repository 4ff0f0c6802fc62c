// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// The iptables or ip6tables chains of a VM (virNWFilter's iptablesCreateRuleInstance).
struct PacketChains {
  enum ChainName: Hashable, CaseIterable {
    /// FI
    case fromMachine
    /// FO
    case toMachine
    /// HI
    case toHost
  }

  private struct KernelRule {
    var action: Action
    var protocolNumber: UInt8?
    var source: AddressSet?
    var destination: AddressSet?
    var sourcePorts: ClosedRange<UInt16>?
    var destinationPorts: ClosedRange<UInt16>?
    var type: UInt32?
    var code: UInt32?
    /// nil for no match of the state.
    var states: [Tracking.State]?
    var side: Tracking.Side?
    var connectionLimit: UInt32?

    var reversed: KernelRule {
      var result = self
      swap(&result.source, &result.destination)
      swap(&result.sourcePorts, &result.destinationPorts)
      return result
    }

    func matches(_ packet: Packet, _ tracking: Tracking) -> Bool {
      if let protocolNumber, packet.protocolNumber != protocolNumber { return false }
      if let source, !source.contains(packet.source) { return false }
      if let destination, !destination.contains(packet.destination) { return false }
      if let sourcePorts, !sourcePorts.contains(packet.sourcePort) { return false }
      if let destinationPorts, !destinationPorts.contains(packet.destinationPort) { return false }
      if let type, UInt32(packet.destinationPort >> 8) != type { return false }
      if let code, UInt32(packet.destinationPort & 255) != code { return false }
      if let states, !states.contains(tracking.state) { return false }
      if let side, tracking.side != side { return false }
      if let connectionLimit, tracking.connections <= Int(connectionLimit) { return false }
      return true
    }
  }

  private var chains: [ChainName: [KernelRule]] = [:]

  init(_ rules: [PlacedRule], _ family: AddressFamily) {
    for placed in rules {
      guard let match = placed.rule.match, match.filterProtocol.layer == (family == .ipv4 ? .ipv4 : .ipv6) else {
        continue
      }
      add(placed.rule, match, family)
    }
  }

  private mutating func add(_ rule: Rule, _ match: Match, _ family: AddressFamily) {
    let kernelRule = KernelRule(
      action: rule.action, protocolNumber: Self.number(match.filterProtocol), source: match.addresses("src", family),
      destination: match.addresses("dst", family), sourcePorts: match.ports("src"),
      destinationPorts: match.ports("dst"), type: match.number("type"), code: match.number("code"),
      connectionLimit: match.number("connlimit-above"))
    for name in ChainName.allCases {
      // Whether the rule looks at this chain's packets as they are written in it; inout is written for those to the VM.
      let isDirect = rule.direction == .out ? name != .toMachine : name == .toMachine
      if case .states(let states)? = match["state"]?.value, rule.matchesState {
        guard rule.direction == .inout || isDirect else { continue }
        var rule = isDirect ? kernelRule : kernelRule.reversed
        if !states.isEmpty { rule.states = Self.states(states) }
        chains[name, default: []].append(rule)
        continue
      }
      if kernelRule.type != nil, rule.direction == .inout || !isDirect { continue }
      if kernelRule.connectionLimit != nil, !isDirect { continue }
      var result = isDirect ? kernelRule : kernelRule.reversed
      if rule.action == .accept, rule.matchesState, rule.direction != .inout, kernelRule.connectionLimit == nil {
        result.states = isDirect ? [.new, .established] : [.established]
        if kernelRule.type == nil { result.side = isDirect ? .original : .reply }
      }
      chains[name, default: []].append(result)
    }
  }

  func outcome(_ packet: Packet, _ tracking: Tracking, _ name: ChainName) -> Outcome {
    for rule in chains[name] ?? [] where rule.matches(packet, tracking) {
      switch rule.action {
      case .accept: return .accepted
      case .drop: return .dropped
      case .reject: return .rejected
      case .return, .continue: return .undecided
      }
    }
    return .undecided
  }

  private static func states(_ states: ConnectionStates) -> [Tracking.State] {
    let all: [(ConnectionStates, Tracking.State)] = [
      (.new, .new), (.established, .established), (.related, .related), (.invalid, .invalid),
    ]
    return all.filter { states.contains($0.0) }.map(\.1)
  }

  private static func number(_ name: FilterProtocol) -> UInt8? {
    switch name {
    case .tcp, .tcpIPv6: 6
    case .udp, .udpIPv6: 17
    case .udplite, .udpliteIPv6: 136
    case .sctp, .sctpIPv6: 132
    case .icmp: 1
    case .icmpv6: 58
    case .igmp: 2
    case .esp, .espIPv6: 50
    case .ah, .ahIPv6: 51
    default: nil
    }
  }
}
