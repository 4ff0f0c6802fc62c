// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

@testable import Compiler

/// Packets that begin connections, most of them at an edge of a rule: the first or last address or port, or one beside it.
struct PacketSample {
  private let rules: [TrafficDirection: [PlainExpansion.PlainRule]]
  private let own: [AddressFamily: UInt128]
  private let ports: [UInt16]
  private var random: Random

  init(_ expansion: PlainExpansion, own: [AddressFamily: UInt128], seed: UInt64) {
    rules = Dictionary(grouping: expansion.rules, by: \.direction)
    self.own = own
    var random = Random(seed: seed)
    ports = (0..<24).map { _ in UInt16.random(in: 1...UInt16.max, using: &random) }
    self.random = random
  }

  mutating func next() -> (Packet, TrafficDirection) {
    let direction: TrafficDirection = random.chance(1, of: 2) ? .in : .out
    let rule = rules[direction]!.randomElement(using: &random)!
    let family = rule.family
    // A rule of the other end's address need not be the one of the port.
    let peers = random.chance(1, of: 4) ? rules[direction]!.randomElement(using: &random)! : rule
    let place = peers.family == family ? peers : rule
    let other = near(place.first, place.last, most: family == .ipv4 ? 0xffff_ffff : .max)
    let ping: UInt8 = family == .ipv4 ? 1 : 58
    var number = rule.protocolNumber ?? [6, 17, ping, 50].randomElement(using: &random)!
    if random.chance(1, of: 10) { number = [6, 17, ping, 50].randomElement(using: &random)! }
    var packet = Packet(
      family: family, protocolNumber: number, source: direction == .in ? other : own[family]!,
      destination: direction == .in ? own[family]! : other)
    switch PortUse(protocolNumber: number) {
    case .ports:
      packet.sourcePort = UInt16.random(in: 32_768...60_999, using: &random)
      packet.destinationPort = port(rule)
    case .messages: packet.destinationPort = family == .ipv4 ? 8 << 8 : 128 << 8
    case .none: break
    }
    return (packet, direction)
  }

  private mutating func port(_ rule: PlainExpansion.PlainRule) -> UInt16 {
    if rule.firstPort == 0, rule.lastPort == .max { return ports.randomElement(using: &random)! }
    if random.chance(1, of: 8) { return ports.randomElement(using: &random)! }
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return rule.firstPort == 0 ? 0 : rule.firstPort - 1
    case 1: return rule.lastPort == .max ? .max : rule.lastPort + 1
    case 2: return rule.lastPort
    default: return rule.firstPort
    }
  }

  private mutating func near(_ first: UInt128, _ last: UInt128, most: UInt128) -> UInt128 {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return first == 0 ? 0 : first - 1
    case 1: return last == most ? most : last + 1
    case 2: return last
    case 3: return first
    default: return UInt128.random(in: first...last, using: &random)
    }
  }
}
