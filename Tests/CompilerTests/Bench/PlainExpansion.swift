// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

@testable import Compiler

/// What a person, or a simple generator, would write for a group: for each rule, each family, protocol and port, and each
/// peer as the policy lists them, one rule of nwfilter; what is excepted from a set is taken out prefix by prefix.
///
/// It knows nothing of the compiler's resolution: it is what the compiled filters are held against.
struct PlainExpansion {
  /// A rule of nwfilter, as a person thinks of it.
  struct PlainRule {
    var direction: TrafficDirection
    var verdict: Verdict
    var family: AddressFamily
    /// nil for all.
    var protocolNumber: UInt8?
    var firstPort: UInt16 = 0
    var lastPort: UInt16 = .max
    /// Of the other end.
    var first: UInt128
    var last: UInt128
  }

  private struct Kind {
    var family: AddressFamily
    var protocolNumber: UInt8?
    var ports: PortRange = 0...UInt16.max
  }

  private(set) var rules: [PlainRule] = []
  private let policy: Policy
  private let network: Network

  init(_ group: Group, of policy: Policy) {
    self.policy = policy
    network = policy.networks[0]
    for direction in TrafficDirection.allCases {
      let isInbound = direction == .in
      for rule in isInbound ? group.rules.inbound : group.rules.outbound {
        append(rule.verdict, rule.traffic, isInbound ? rule.from : rule.to, direction)
      }
      let said = isInbound ? group.rules.defaults.in : group.rules.defaults.out
      append(said?.value ?? (isInbound ? .drop : .allow), located([.any]), nil, direction)
    }
  }

  private mutating func append(
    _ verdict: Verdict, _ traffic: [Located<Traffic>], _ peers: [Located<Peer>]?, _ direction: TrafficDirection
  ) {
    let others = peers.map { $0.flatMap { elements($0.value) } } ?? AddressFamily.allCases.map(Self.everybody)
    for kind in traffic.flatMap({ kinds($0.value) }) {
      for other in others where other.family == kind.family {
        rules.append(
          PlainRule(
            direction: direction, verdict: verdict, family: kind.family, protocolNumber: kind.protocolNumber,
            firstPort: kind.ports.lowerBound, lastPort: kind.ports.upperBound, first: other.range.lowerBound,
            last: other.range.upperBound))
      }
    }
  }

  private static func everybody(_ family: AddressFamily) -> AddressRange {
    AddressRange(family: family, range: 0...(family == .ipv4 ? 0xffff_ffff : .max))
  }
}

// MARK: Traffic

extension PlainExpansion {
  private func kinds(_ traffic: Traffic) -> [Kind] {
    switch traffic {
    case .any: return AddressFamily.allCases.map { Kind(family: $0) }
    case .service(let name):
      if let own = policy.services.first(where: { $0.name.value == name }) {
        return own.traffic.flatMap { kinds($0.value) }
      }
      return ServiceCatalogue[name]!.traffic.flatMap(kinds)
    case .ports(let portProtocol, let ports):
      return AddressFamily.allCases.flatMap { family in
        (ports.isEmpty ? [0...UInt16.max] : ports).map {
          Kind(family: family, protocolNumber: portProtocol.number, ports: $0)
        }
      }
    case .icmp(let name):
      return AddressFamily.allCases.compactMap { family in
        let protocolNumber: UInt8 = family == .ipv4 ? 1 : 58
        guard let name else { return Kind(family: family, protocolNumber: protocolNumber) }
        return ICMPMessages[name]?.number(family).map { number in
          let first = UInt16(number.type) << 8
          return Kind(
            family: family, protocolNumber: protocolNumber,
            ports: number.code.map { first | UInt16($0)...first | UInt16($0) } ?? first...first | 0xff)
        }
      }
    case .ipProtocol(let number): return AddressFamily.allCases.map { Kind(family: $0, protocolNumber: number) }
    case .icmpNumbered, .parameter: preconditionFailure("the policies of bench/policies have no \(traffic)")
    }
  }
}

// MARK: Peers

extension PlainExpansion {
  private func elements(_ peer: Peer) -> [AddressRange] {
    switch peer {
    case .any: return AddressFamily.allCases.map(Self.everybody)
    case .addresses(let range): return [range]
    case .set(let name):
      let set = policy.sets.first { $0.name.value == name }!
      let excepted = set.except.flatMap { elements($0.value) }
      return set.members.flatMap { elements($0.value) }.flatMap { Self.parts(of: $0, without: excepted) }
    case .group(let name):
      let selector = policy.groups.first { $0.name == name }!.selector
      return policy.inventory.machines.filter { selector.selects($0.name, labels: $0.labels) }.flatMap(addresses)
    case .machine(let name): return addresses(policy.inventory.machines.first { $0.name == name }!)
    case .network(.gateway): return network.gateway
    case .network(.dns): return network.dns
    case .network(.host): return network.host
    case .network(.network): return network.subnets
    case .parameter: preconditionFailure("the policies of bench/policies have no parameters")
    }
  }

  private func addresses(_ machine: InventoryMachine) -> [AddressRange] {
    machine.addresses.map { address in
      switch address {
      case .ipv4(let own): AddressRange(family: .ipv4, range: own.number...own.number)
      case .ipv6(let own): AddressRange(family: .ipv6, range: own.number...own.number)
      }
    }
  }

  /// A prefix without others: halves, and halves of these, that have nothing of them. Ranges are cut at their ends.
  private static func parts(of whole: AddressRange, without excepted: [AddressRange]) -> [AddressRange] {
    let range = whole.range
    let hits = excepted.filter { $0.family == whole.family && $0.range.overlaps(range) }.map(\.range)
    if hits.isEmpty { return [whole] }
    if hits.contains(where: { $0.lowerBound <= range.lowerBound && $0.upperBound >= range.upperBound }) { return [] }
    var first = range.lowerBound + (range.upperBound - range.lowerBound) / 2
    if whole.prefixLength == nil, let hit = hits.first {
      first = hit.lowerBound > range.lowerBound ? hit.lowerBound - 1 : hit.upperBound
    }
    return [range.lowerBound...first, first + 1...range.upperBound].flatMap {
      parts(
        of: AddressRange(family: whole.family, range: $0),
        without: hits.map { hit in
          AddressRange(family: whole.family, range: hit)
        })
    }
  }
}

// MARK: Verdicts

/// The first rule that matches, found among those of the packet's direction, protocol and port only: lists are long.
struct PlainVerdicts {
  private struct Key: Hashable {
    var direction: TrafficDirection
    var family: AddressFamily
    var protocolNumber: UInt8
    var port: UInt16
  }

  private let rules: [PlainExpansion.PlainRule]
  private var candidates: [Key: [PlainExpansion.PlainRule]] = [:]

  init(_ expansion: PlainExpansion) { rules = expansion.rules }

  mutating func verdict(_ packet: Packet, _ direction: TrafficDirection) -> Verdict {
    let (family, number, port) = (packet.family, packet.protocolNumber, packet.destinationPort)
    let key = Key(direction: direction, family: family, protocolNumber: number, port: port)
    if candidates[key] == nil {
      candidates[key] = rules.filter { rule in
        rule.direction == direction && rule.family == family && rule.firstPort <= port && port <= rule.lastPort
          && (rule.protocolNumber == nil || rule.protocolNumber == number)
      }
    }
    let other = direction == .in ? packet.source : packet.destination
    return candidates[key]!.first { $0.first <= other && other <= $0.last }!.verdict
  }
}
