// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// The ebtables chains of a VM's port.
struct EthernetChains {
  enum Side: Hashable, CaseIterable {
    /// I, at PREROUTING.
    case fromMachine
    /// O, at POSTROUTING.
    case toMachine
  }

  private enum Step {
    case rule(Action, Match?, isReversed: Bool)
    case jump(String)
  }

  private var roots: [Side: [Step]] = [:]
  private var chains: [Side: [String: [Step]]] = [:]
  private let variables: [String: [String]]

  init(_ rules: [PlacedRule], variables: [String: [String]]) {
    self.variables = variables
    let rules = rules.filter { $0.rule.match.map { $0.filterProtocol.layer == .ethernet } ?? true }
    var priorities: [Side: [String: Int]] = [:]
    for placed in rules where !placed.isInRoot {
      for side in Self.sides(placed.rule.direction) {
        priorities[side, default: [:]][placed.chain] = placed.chainPriority
      }
    }
    for side in Side.allCases {
      var jumps = (priorities[side] ?? [:]).sorted { $0.value < $1.value }[...]
      for placed in rules where Self.sides(placed.rule.direction).contains(side) {
        // A chain stands before root rules of its own priority.
        while let next = jumps.first, next.value <= placed.priority {
          roots[side, default: []].append(.jump(next.key))
          jumps.removeFirst()
        }
        // Rules of direction inout are written for packets to the VM.
        let step = Step.rule(
          placed.rule.action, placed.rule.match,
          isReversed: placed.rule.direction == .inout && side == .fromMachine)
        if placed.isInRoot {
          roots[side, default: []].append(step)
        } else {
          chains[side, default: [:]][placed.chain, default: []].append(step)
        }
      }
      for jump in jumps { roots[side, default: []].append(.jump(jump.key)) }
    }
  }

  private static func sides(_ direction: Direction) -> [Side] {
    switch direction {
    case .in: [.toMachine]
    case .out: [.fromMachine]
    case .inout: Side.allCases
    }
  }

  func accepts(_ frame: Frame, _ side: Side) -> Bool {
    for step in roots[side] ?? [] {
      switch step {
      case .jump(let name):
        guard Self.sees(name, frame) else { continue }
        if let decision = decision(chains[side]?[name] ?? [], frame) { return decision }
      case .rule(let action, let match, let isReversed):
        guard matches(match, frame, isReversed) else { continue }
        switch action {
        case .accept, .return: return true
        case .drop, .reject: return false
        case .continue: continue
        }
      }
    }
    return true
  }

  /// nil to go on behind the jump. The end of a chain accepts (reference H9).
  private func decision(_ steps: [Step], _ frame: Frame) -> Bool? {
    for case .rule(let action, let match, let isReversed) in steps where matches(match, frame, isReversed) {
      switch action {
      case .accept: return true
      case .drop, .reject: return false
      case .return: return nil
      case .continue: continue
      }
    }
    return true
  }

  private static func sees(_ chain: String, _ frame: Frame) -> Bool {
    switch (Chain.prefix(of: chain)?.name, frame.content) {
    case ("mac", _): true
    case ("ipv4", .packet(let packet)): packet.family == .ipv4
    case ("ipv6", .packet(let packet)): packet.family == .ipv6
    case ("arp", .arp), ("rarp", .rarp), ("vlan", .tagged): true
    default: false
    }
  }

  private func matches(_ match: Match?, _ frame: Frame, _ isReversed: Bool) -> Bool {
    guard let match else { return true }
    guard Self.isAbout(match.filterProtocol, frame) else { return false }
    let (source, destination) = isReversed ? ("dst", "src") : ("src", "dst")
    guard macMatches(match, "\(source)macaddr", frame.source),
      macMatches(match, "\(destination)macaddr", frame.destination)
    else { return false }
    switch frame.content {
    case .packet(let packet) where match.filterProtocol != .mac:
      return packetMatches(match, packet, source, destination)
    case .arp(let sender, let address) where match.filterProtocol == .arp:
      return macMatches(match, "arpsrcmacaddr", sender) && addressMatches(match, "arpsrcip", address, .ipv4)
    case .rarp(let sender) where match.filterProtocol == .rarp:
      return macMatches(match, "arpsrcmacaddr", sender)
    case .tagged(let vlan) where match.filterProtocol == .vlan:
      return match.number("vlanid").map { $0 == UInt32(vlan) } ?? true
    default: return true
    }
  }

  private static func isAbout(_ name: FilterProtocol, _ frame: Frame) -> Bool {
    switch (name, frame.content) {
    case (.mac, _), (.arp, .arp), (.rarp, .rarp), (.vlan, .tagged): true
    case (.ip, .packet(let packet)): packet.family == .ipv4
    case (.ipv6, .packet(let packet)): packet.family == .ipv6
    default: false
    }
  }

  private func packetMatches(_ match: Match, _ packet: Packet, _ source: String, _ destination: String) -> Bool {
    if let number = match.number("protocol"), number != UInt32(packet.protocolNumber) { return false }
    guard addressMatches(match, "\(source)ip", packet.source, packet.family),
      addressMatches(match, "\(destination)ip", packet.destination, packet.family)
    else { return false }
    if let ports = match.ports(source), !ports.contains(packet.sourcePort) { return false }
    if let ports = match.ports(destination), !ports.contains(packet.destinationPort) { return false }
    if let first = match.number("type") {
      return (first...(match.number("typeend") ?? first)).contains(UInt32(packet.destinationPort >> 8))
    }
    return true
  }

  /// A list stands for one rule for each value, so it matches where one value does; none of ours is negated with a list.
  private func values(_ value: Value) -> [String] {
    guard case .variable(let variable) = value else { return [] }
    return variables[variable.name]!
  }

  private func macMatches(_ match: Match, _ name: String, _ address: MACAddress) -> Bool {
    guard let attribute = match[name] else { return true }
    var allowed = values(attribute.value).compactMap { MACAddress($0) }
    if case .mac(let one) = attribute.value { allowed = [one] }
    return allowed.contains(address) != attribute.isNegated
  }

  private func addressMatches(_ match: Match, _ end: String, _ address: UInt128, _ family: AddressFamily) -> Bool {
    guard let attribute = match["\(end)addr"] else { return true }
    if case .variable = attribute.value {
      return values(attribute.value).contains { text in
        switch IPAddress(text)! {
        case .ipv4(let own): own.number == address
        case .ipv6(let own): own.number == address
        }
      }
    }
    return match.addresses(String(end.dropLast(2)), family)!.contains(address)
  }
}
