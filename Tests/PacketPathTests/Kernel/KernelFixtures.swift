// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath
import Testing

let own = MACAddress("52:54:00:00:00:01")!
let other = MACAddress("52:54:00:00:00:02")!

/// A rule from a line: `ACTION DIRECTION [PRIORITY] [stateless] [PROTOCOL ATTRIBUTE=VALUE…]`; `!` before an attribute
/// negates it.
func rule(_ line: String) -> Rule {
  var words = line.split(separator: " ").map(String.init)[...]
  let action = Action(rawValue: words.removeFirst())!
  let direction = Direction(rawValue: words.removeFirst())!
  var rule = Rule(action, direction)
  if let priority = words.first.flatMap({ Int($0) }) {
    rule.priority = priority
    words.removeFirst()
  }
  if words.first == "stateless" {
    rule.matchesState = false
    words.removeFirst()
  }
  guard let name = words.popFirst() else { return rule }
  var match = Match(FilterProtocol(named: name)!)
  for word in words {
    let isNegated = word.first == "!"
    let parts = word.drop { $0 == "!" }.split(separator: "=", maxSplits: 1).map(String.init)
    let index = match.filterProtocol.attributes.firstIndex { $0.name == parts[0] }!
    let kind = match.filterProtocol.attributes[index].kind
    match.set(index, try! kind.parse(parts[1]), isNegated: isNegated)
  }
  rule.match = match
  return rule
}

/// A filter from lines: rules, or `@FILTER [NAME=VALUE,VALUE…]` for a reference.
func filter(_ lines: String...) -> Filter { filter(named: "f", lines: lines) }

/// A filter of a name, and in a chain.
func filter(named name: String, chain: String = "root", priority: Int? = nil, _ lines: String...) -> Filter {
  filter(named: name, chain: chain, priority: priority, lines: lines)
}

private func filter(named name: String, chain: String = "root", priority: Int? = nil, lines: [String]) -> Filter {
  Filter(
    name: name, chain: chain, priority: priority,
    entries: lines.map { line in
      guard line.first == "@" else { return .rule(rule(line)) }
      let words = line.dropFirst().split(separator: " ").map(String.init)
      let parameters = words.dropFirst().map { word in
        let parts = word.split(separator: "=").map(String.init)
        return (parts[0], parts[1].split(separator: ",").map(String.init))
      }
      return .reference(FilterReference(words[0], parameters: Dictionary(uniqueKeysWithValues: parameters)))
    })
}

/// The program of the first filter.
func bind(_ filters: Filter..., parameters: [String: [String]] = [:]) throws -> KernelProgram {
  try KernelProgram(
    root: filters[0].name, filters: Dictionary(uniqueKeysWithValues: filters.map { ($0.name, $0) }),
    parameters: parameters.merging(["MAC": [own.description]]) { given, _ in given })
}

/// The error of a program that cannot be made.
func failure(_ filters: Filter..., parameters: [String: [String]] = [:]) -> KernelProgramError? {
  do throws(KernelProgramError) {
    _ = try KernelProgram(
      root: filters[0].name, filters: Dictionary(uniqueKeysWithValues: filters.map { ($0.name, $0) }),
      parameters: parameters)
    return nil
  } catch {
    return error
  }
}

/// `tcp 10.0.0.1:1024 > 10.0.0.2:22`; for ICMP the second port is `TYPE.CODE`; IPv6 addresses stand in brackets.
func packet(_ text: String) -> Packet {
  let words = text.split(separator: " ").map(String.init)
  let numbers: [String: UInt8] = [
    "icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "icmpv6": 58, "sctp": 132, "udplite": 136,
  ]
  func end(_ text: String) -> (UInt128, UInt16) {
    let isIPv6 = text.first == "["
    let address = isIPv6 ? String(text.dropFirst().prefix { $0 != "]" }) : String(text.prefix { $0 != ":" })
    let rest = text.dropFirst(address.count + (isIPv6 ? 2 : 0)).drop { $0 == ":" }
    let parts = rest.split(separator: ".").map { UInt16($0)! }
    let port = parts.count == 2 ? parts[0] << 8 | parts[1] : parts.first ?? 0
    return (isIPv6 ? IPv6Address(address)!.number : IPv4Address(address)!.number, port)
  }
  let (source, destination) = (end(words[1]), end(words[3]))
  return Packet(
    family: words[1].first == "[" ? .ipv6 : .ipv4, protocolNumber: numbers[words[0]] ?? UInt8(words[0])!,
    source: source.0, destination: destination.0, sourcePort: source.1, destinationPort: destination.1)
}

/// A frame with a packet, between the VM and another machine.
func frame(_ text: String, _ way: Way) -> Frame {
  Frame(
    packet(text), sourceMAC: way == .fromMachine ? own : other, destinationMAC: way == .fromMachine ? other : own)
}

extension KernelProgram {
  /// The outcome for a packet, first of a connection unless said otherwise.
  func outcome(
    _ text: String, _ way: Way, _ topology: Topology = .bridged, _ tracking: Tracking = .first,
    change: (inout Frame) -> Void = { _ in }
  ) -> Outcome {
    var frame = frame(text, way)
    change(&frame)
    return outcome(frame, way, topology, tracking)
  }

  func verdict(_ text: String, _ begins: Way, _ topology: Topology = .bridged) -> FlowOutcome {
    verdict(
      Flow(
        begins: begins, packet: packet(text), sourceMAC: begins == .fromMachine ? own : other,
        destinationMAC: begins == .fromMachine ? other : own, topology: topology)
    ).outcome
  }
}
