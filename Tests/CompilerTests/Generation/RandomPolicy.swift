// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

@testable import Compiler

/// SplitMix64: the same policies in every run.
struct Random: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }

  mutating func chance(_ part: Int, of whole: Int) -> Bool { Int.random(in: 0..<whole, using: &self) < part }
}

/// Policies over a world so small that rules meet.
struct RandomPolicy {
  static let origin = SourceRange(
    file: "policies/test.yaml", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 2))
  static let ownMAC = MACAddress("52:54:00:aa:bb:01")!
  static let otherMAC = MACAddress("52:54:00:cc:dd:02")!
  static let own: [AddressFamily: UInt128] = [.ipv4: 0x0a00_0005, .ipv6: 0x2001_0db8 << 96 | 5]

  static func base(_ family: AddressFamily) -> UInt128 { family == .ipv4 ? 0x0a00_0010 : 0x2001_0db8 << 96 | 0x10 }

  var random: Random

  mutating func decisions() -> Decisions {
    var decisions = Decisions()
    let unnamed = random.chance(1, of: 6)
    decisions.inbound = rules(.in, unnamed: unnamed)
    decisions.outbound = rules(.out, unnamed: unnamed)
    decisions.inboundDefault = pick([.drop, .drop, .allow, .reject])
    decisions.outboundDefault = pick([.drop, .allow, .allow, .reject])
    if random.chance(1, of: 8) { decisions.guardPolicy.nd = false }
    if random.chance(1, of: 8) { decisions.guardPolicy = .strict }
    if random.chance(1, of: 8) { decisions.guardPolicy = .off }
    return decisions
  }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements.randomElement(using: &random)! }

  private mutating func rules(_ direction: TrafficDirection, unnamed: Bool) -> [ResolvedRule] {
    (0..<Int.random(in: 0...5, using: &random)).map { index in
      let id = "group/\(direction.rawValue)-\(index)"
      var rule = ResolvedRule(
        verdict: pick([.allow, .allow, .allow, .drop, .drop, .reject]), packets: packets(direction, unnamed: unnamed),
        group: "group", source: RuleSource(id: id, range: Self.origin))
      if rule.verdict == .allow, random.chance(1, of: 8) { rule.isStateless = true }
      if rule.verdict == .allow, !rule.isStateless, random.chance(1, of: 10) { rule.connectionLimit = 3 }
      return rule
    }
  }

  private mutating func packets(_ direction: TrafficDirection, unnamed: Bool) -> PacketSet {
    let families: [AddressFamily] = pick([[.ipv4], [.ipv6], [.ipv4, .ipv6], [.ipv4, .ipv6]])
    let (ports, fromPorts) = (portSet(), portSet())
    let kind = Int.random(in: 0..<10, using: &random)
    return PacketSet(
      families.map { family in
        var region = PacketRegion.all(family)
        switch kind {
        case 0, 1: break
        case 2, 3, 4, 5:
          region.protocols = pick([IntervalSet(6...6), IntervalSet(17...17), IntervalSet([6...6, 17...17])])
          region.destinationPorts = ports
          if kind == 5 { region.sourcePorts = fromPorts }
        case 6: region.protocols = IntervalSet(family.icmp...family.icmp)
        case 7:
          region.protocols = IntervalSet(family.icmp...family.icmp)
          let types: [UInt8] = family == .ipv4 ? [8, 13, 3, 0] : [128, 1, 129, 135]
          region.destinationPorts = IntervalSet(PacketRegion.messages(pick(types)))
        default:
          let number: UInt8 = unnamed ? pick([47, 99]) : pick([50, 51, 136])
          region.protocols = IntervalSet(number...number)
        }
        let remote = addresses(family)
        if direction == .in { region.source = remote } else { region.destination = remote }
        if random.chance(1, of: 8) {
          let own = AddressSet(Self.own[family]!...Self.own[family]!)
          if direction == .in { region.destination = own } else { region.source = own }
        }
        return region
      })
  }

  private mutating func portSet() -> IntervalSet<UInt16> {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return .full
    case 1: return IntervalSet([80...80, 443...443])
    default:
      let first = UInt16.random(in: 78...83, using: &random)
      return IntervalSet(first...first + UInt16.random(in: 0...3, using: &random))
    }
  }

  private mutating func addresses(_ family: AddressFamily) -> AddressSet {
    let base = Self.base(family)
    switch Int.random(in: 0..<5, using: &random) {
    case 0, 1: return .all(family)
    case 2: return AddressSet([base...base, base + 3...base + 4])
    case 3: return AddressSet(base...base + 7)
    default: return AddressSet(base + 1...base + UInt128.random(in: 1...9, using: &random))
    }
  }

  /// A packet that begins a flow.
  mutating func packet(_ direction: TrafficDirection) -> Packet {
    let family: AddressFamily = pick([.ipv4, .ipv6])
    let remote = Self.base(family) + UInt128.random(in: 0...10, using: &random)
    let own = Self.own[family]!
    var packet = Packet(
      family: family, protocolNumber: pick([6, 6, 17, family.icmp, 50, 51, 136, 47, 99]),
      source: direction == .in ? remote : own, destination: direction == .in ? own : remote)
    switch PortUse(protocolNumber: packet.protocolNumber) {
    case .ports:
      packet.sourcePort = UInt16.random(in: 76...88, using: &random)
      packet.destinationPort = pick([443, 80, UInt16.random(in: 76...88, using: &random)])
    case .messages:
      packet.destinationPort = UInt16(pick(family == .ipv4 ? [8, 8, 13, 3, 5, 0] : [128, 128, 1, 129, 135, 143])) << 8
    case .none: break
    }
    return packet
  }
}
