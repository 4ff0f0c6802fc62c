// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// What ``ConnectionTracking`` says of first frames and of their answers, as sets of first frames.
///
/// The sets are made by asking it for each type of message, so that they cannot say anything else.
struct FlowFacts: Sendable {
  typealias Node = DecisionDiagram.Node

  /// Messages of ICMP of the frame's own family.
  var messages = Node.nothing
  /// Messages that have an answer, by the `destinationPort` of the answer.
  var answeredBy: [UInt16: Node] = [:]
  /// What is said of the frames.
  var tracking: [(value: Tracking, frames: Node)] = []
  /// Frames that have an answer.
  var answered = Node.nothing
}

extension FrameDiagram {
  /// What conntrack says of first frames.
  mutating func facts() -> FlowFacts {
    if let flowFacts { return flowFacts }
    var facts = FlowFacts()
    var kinds: [Tracking: [DecisionDiagram.Node]] = [:]
    for family in AddressFamily.allCases {
      let icmp: UInt8 = family.icmp
      let all = PacketRegion(family: family, protocols: IntervalSet(icmp...icmp))
      let messages = frames(all)
      facts.messages = diagram.or(facts.messages, messages)
      var answered = diagram.difference(frames(family), messages)
      var types: [Tracking: [ClosedRange<UInt16>]] = [:]
      for type in UInt8.min ... .max {
        let ports = UInt16(type) << 8...UInt16(type) << 8 | 255
        let first = Frame(
          Packet(
            family: family, protocolNumber: icmp, source: 1, destination: 1, sourcePort: 0,
            destinationPort: ports.lowerBound), sourceMAC: MACAddress(bits: 0), destinationMAC: MACAddress(bits: 0))
        types[ConnectionTracking.ofFirst(first), default: []].append(ports)
        guard let answer = ConnectionTracking.answer(to: first) else { continue }
        let set = frames(all, IntervalSet(ports))
        facts.answeredBy[answer.destinationPort] = diagram.or(facts.answeredBy[answer.destinationPort] ?? .nothing, set)
        answered = diagram.or(answered, set)
      }
      for (kind, ports) in types { kinds[kind, default: []].append(frames(all, IntervalSet(ports))) }
      let unanswered = diagram.members(
        family == .ipv4 ? FrameVariables.ipv4(.destination) : FrameVariables[.destination],
        ConnectionTracking.unansweredDestinations(family))
      facts.answered = diagram.or(facts.answered, diagram.difference(answered, unanswered))
    }
    kinds[.first, default: []].append(facts.messages.complement)
    for (kind, parts) in kinds { facts.tracking.append((kind, diagram.union(parts))) }
    let wholes = frames(.isLaterFragment, 0)
    facts.answered = diagram.and(facts.answered, wholes)
    flowFacts = facts
    return facts
  }

  /// The packets of a region with some types and codes.
  private mutating func frames(_ region: PacketRegion, _ messages: IntervalSet<UInt16>) -> DecisionDiagram.Node {
    var region = region
    region.destinationPorts = messages
    return frames(region)
  }

  /// The first frames whose own field passes a test.
  ///
  /// - Parameter field: one that conntrack decides.
  mutating func framesOfRequest(_ field: Field, _ test: FieldTest) -> DecisionDiagram.Node {
    let number: (Tracking) -> UInt128 =
      switch field {
      case .state: { UInt128($0.state.rawValue) }
      case .side: { UInt128($0.side.rawValue) }
      default: { UInt128($0.connections) }
      }
    let passed = facts().tracking.filter { test.holds(for: number($0.value)) }.map(\.frames)
    return diagram.union(passed)
  }

  /// The first frames whose answer's field passes a test; without meaning for those that have no answer.
  mutating func framesOfAnswer(_ field: Field, _ test: FieldTest, _ reading: Reading) -> DecisionDiagram.Node {
    func fixed(_ number: UInt128) -> DecisionDiagram.Node { test.holds(for: number) ? .everything : .nothing }
    func mirrored(_ frames: inout FrameDiagram) -> DecisionDiagram.Node {
      frames.frames(stored: reading.mirrored(field), test, reading)
    }
    switch field {
    case .state: return fixed(UInt128(Tracking.answer.state.rawValue))
    case .side: return fixed(UInt128(Tracking.answer.side.rawValue))
    case .connections: return fixed(UInt128(Tracking.answer.connections))
    case .sourcePort:
      // The ports of messages do not change places.
      let own = frames(stored: field, test, reading)
      return diagram.ite(facts().messages, own, mirrored(&self))
    case .destinationPort:
      let facts = facts()
      let passed = facts.answeredBy.filter { test.holds(for: UInt128($0.key)) }.map(\.value)
      let answers = diagram.union(passed)
      return diagram.ite(facts.messages, answers, mirrored(&self))
    case .tcpFlags:
      let starts = diagram.and(
        frames(.protocolNumber, 6), frames(.tcpFlags, UInt128(TCPFlags.syn.rawValue)))
      return diagram.ite(starts, fixed(UInt128(TCPFlags([.syn, .ack]).rawValue)), mirrored(&self))
    case .sourceMAC:
      // What was sent to a group comes back from somebody unknown.
      let isToGroup = diagram.masked(FrameVariables[.destinationMAC], value: 1 << 40, mask: 1 << 40)
      return diagram.ite(isToGroup, fixed(0), mirrored(&self))
    default: return mirrored(&self)
    }
  }
}
