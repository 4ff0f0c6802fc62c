// SPDX-License-Identifier: Apache-2.0

import FilterGenerator
import FilterModel

@testable import PacketPath

/// Random filters, and frames that are at the edges of what their rules ask for.
struct RandomPrograms {
  var generator: PacketPathTests.SeededGenerator

  init(seed: Int) { generator = PacketPathTests.SeededGenerator(seed: UInt64(seed)) }

  /// A tree of one to three filters that libvirt could bind.
  mutating func program() -> KernelProgram {
    while true {
      if let program = try? KernelProgram(root: "root", filters: tree(), parameters: [:]) { return program }
    }
  }

  /// The filter with a rule added, taken away or changed in place: most of it stays.
  mutating func pair() -> (KernelProgram, KernelProgram) {
    while true {
      let old = tree()
      var new = Int.random(in: 0..<4, using: &generator) == 0 ? tree() : old
      let name = new.keys.sorted().randomElement(using: &generator)!
      let place = Int.random(in: 0...new[name]!.entries.count, using: &generator)
      switch Int.random(in: 0..<3, using: &generator) {
      case 0: new[name]!.entries.insert(.rule(rule()), at: place)
      case 1 where place < new[name]!.entries.count: new[name]!.entries.remove(at: place)
      default: if place < new[name]!.entries.count { new[name]!.entries[place] = .rule(rule()) }
      }
      if let first = try? KernelProgram(root: "root", filters: old, parameters: [:]),
        let second = try? KernelProgram(root: "root", filters: new, parameters: [:])
      {
        return (first, second)
      }
    }
  }

  private mutating func tree() -> [String: Filter] {
    var filters: [String: Filter] = [:]
    let children = ["a", "b"].prefix(Int.random(in: 0...2, using: &generator))
    for name in children {
      let chain = ["root", "ipv4", "ipv4-x", "ipv6", "mac", "arp", "vlan"].randomElement(using: &generator)!
      filters[name] = Filter(
        name: name, chain: chain, priority: chain == "root" ? nil : Int.random(in: -900 ... -1, using: &generator),
        entries: rules())
    }
    var root = Filter(name: "root", entries: rules())
    for name in children {
      let place = Int.random(in: 0...root.entries.count, using: &generator)
      root.entries.insert(.reference(FilterReference(name)), at: place)
    }
    filters["root"] = root
    return filters
  }

  private mutating func rules() -> [Filter.Entry] {
    (0..<Int.random(in: 1...6, using: &generator)).map { _ in .rule(rule()) }
  }

  /// One from all that nwfilter has, or one of a few values that overlap with others.
  private mutating func rule() -> Rule {
    if Int.random(in: 0..<3, using: &generator) > 0 { return plainRule() }
    while true {
      let rule = randomRule(using: &generator)
      let hasVariable =
        rule.match?.attributes.contains { if case .variable = $0.value { true } else { false } } ?? false
      if !hasVariable { return rule }
    }
  }

  private mutating func plainRule() -> Rule {
    let protocols: [FilterProtocol] = [.tcp, .udp, .icmp, .all, .tcpIPv6, .icmpv6, .allIPv6, .ip, .ipv6, .mac, .arp]
    let name = protocols.randomElement(using: &generator)!
    var match = Match(name)
    for (index, definition) in name.attributes.enumerated() where Int.random(in: 0..<3, using: &generator) == 0 {
      guard let value = value(definition.name, name) else { continue }
      match.set(index, value, isNegated: Int.random(in: 0..<8, using: &generator) == 0)
    }
    let actions: [Action] = name.layer == .ethernet ? Action.allCases : [.accept, .accept, .drop, .reject, .return]
    return Rule(
      actions.randomElement(using: &generator)!, Direction.allCases.randomElement(using: &generator)!,
      priority: Int.random(in: 0...3, using: &generator), matchesState: Int.random(in: 0..<4, using: &generator) > 0,
      match: match)
  }

  private mutating func value(_ attribute: String, _ name: FilterProtocol) -> Value? {
    let isIPv6 = name.layer == .ipv6 || name == .ipv6
    switch attribute {
    case "dstportstart" where name != .ip && name != .ipv6:
      return .number([22, 80, 443].randomElement(using: &generator)!)
    case "type": return .number((isIPv6 ? [128, 129, 135, 1] : [8, 0, 3, 13]).randomElement(using: &generator)!)
    case "srcipaddr", "dstipaddr":
      let last = UInt64.random(in: 1...3, using: &generator)
      return isIPv6
        ? .ipv6(IPv6Address(high: 0x2001_0db8 << 32, low: last)) : .ipv4(IPv4Address(bits: 0x0a00_0000 | UInt32(last)))
    case "srcipmask", "dstipmask": return nil
    case "srcmacaddr": return .mac(MACAddress(bits: UInt64.random(in: 1...2, using: &generator)))
    case "state":
      return .states(ConnectionStates(rawValue: [1, 2, 3, 4, 8].randomElement(using: &generator)!))
    case "gratuitous": return .flag(true)
    case "opcode": return .number(UInt32.random(in: 1...2, using: &generator))
    default: return nil
    }
  }
}

/// Frames for programs: their numbers are those that conditions name, and their neighbours.
struct FrameSampler {
  private var numbers: [Field: [UInt128]] = [:]
  private(set) var lookups: [SetLookup] = []
  private var options: [UInt8] = []

  init(_ programs: [KernelProgram]) {
    for program in programs {
      for stage in program.allStages {
        for chain in [stage.root] + stage.subchains {
          for rule in chain.rules { rule.conditions.forEach { add($0) } }
        }
      }
    }
    numbers[.protocolNumber, default: []] += [1, 6, 17, 58, 132, 47]
  }

  private mutating func add(_ condition: Condition) {
    switch condition.test {
    case .range(let field, let range):
      numbers[field, default: []] += [
        range.lowerBound, range.upperBound, range.lowerBound == 0 ? 0 : range.lowerBound - 1,
        range.upperBound == field.last ? field.last : range.upperBound + 1,
      ]
    case .masked(let field, let value, let mask):
      numbers[field, default: []] += [value, mask, value | ~mask & field.last]
    case .equal: break
    case .tcpOption(let number): options.append(number)
    case .member(let lookup): lookups += [lookup, lookup.swapped]
    case .all(let conditions): conditions.forEach { add($0) }
    }
  }

  /// A frame that can be, with a tracking that can be.
  func frame(using generator: inout PacketPathTests.SeededGenerator) -> TrackedFrame {
    let kinds: [FrameClass] = [.ipv4, .ipv4, .ipv4, .ipv6, .ipv6, .vlan, .arp, .rarp, .lengths, .other]
    let kind = kinds.randomElement(using: &generator)!
    var values: [Field: UInt128] = [:]
    for field in kind.fields {
      let known = numbers[field] ?? []
      let isKnown = !known.isEmpty && Int.random(in: 0..<5, using: &generator) > 0
      values[field] =
        isKnown
        ? known.randomElement(using: &generator)! : UInt128.random(in: 0...field.last, using: &generator)
    }
    values[.etherType] = kind == .other ? 0x88cc : UInt128(kind.etherType ?? 0)
    if kind == .ipv4 {
      values[.source]! &= 0xffff_ffff
      values[.destination]! &= 0xffff_ffff
    }
    if kind == .arp, Bool.random(using: &generator) { values[.targetAddress] = values[.senderAddress] }
    if kind == .lengths, values[.isSpanningTree] == 0 {
      values = values.filter { [.sourceMAC, .destinationMAC, .etherType].contains($0.key) }
    }
    var isTCP = false
    if kind.isPacket {
      values[.isLaterFragment] = Int.random(in: 0..<8, using: &generator) == 0 ? 1 : 0
      let use = PortUse(protocolNumber: UInt8(values[.protocolNumber]!))
      if use != .ports || values[.isLaterFragment] == 1 { values[.sourcePort] = 0 }
      if use == .none || values[.isLaterFragment] == 1 { values[.destinationPort] = 0 }
      isTCP = values[.protocolNumber] == 6 && values[.isLaterFragment] == 0
      if !isTCP { values[.tcpFlags] = 0 }
    }
    let state = Tracking.State.allCases.randomElement(using: &generator)!
    values[.state] = UInt128(state.rawValue)
    if state != .established && state != .related { values[.side] = 0 }
    var result = TrackedFrame(values)
    if isTCP { result.frame.tcpOptions = Set(options.filter { _ in Bool.random(using: &generator) }) }
    if kind.isPacket { result.frame.memberships = Set(lookups.filter { _ in Bool.random(using: &generator) }) }
    return result
  }
}
