// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// Frames of one kind, which have the same fields.
enum FrameClass: Sendable, Hashable, CaseIterable {
  case ipv4, ipv6, vlan, arp, rarp
  /// 802.3 frames with a length, spanning tree among them.
  case lengths
  /// All other EtherTypes.
  case other

  init(_ family: AddressFamily) { self = family == .ipv4 ? .ipv4 : .ipv6 }

  /// nil for those that have many.
  var etherType: UInt16? {
    switch self {
    case .ipv4: EtherType.ipv4
    case .ipv6: EtherType.ipv6
    case .vlan: EtherType.vlan
    case .arp: EtherType.arp
    case .rarp: EtherType.rarp
    case .lengths: 0
    case .other: nil
    }
  }

  /// The EtherTypes of `other`; smaller numbers are lengths.
  static let otherEtherTypes = IntervalSet<UInt128>(0x600...0xffff).subtracting(
    IntervalSet(allCases.compactMap(\.etherType).map { UInt128($0)...UInt128($0) }))

  var isPacket: Bool { self == .ipv4 || self == .ipv6 }

  /// The fields that frames of the class have; the others are 0.
  var fields: Set<Field> {
    let all: Set<Field> = [.sourceMAC, .destinationMAC]
    switch self {
    case .ipv4, .ipv6:
      return all.union([
        .state, .side, .protocolNumber, .destinationPort, .sourcePort, .isLaterFragment, .tcpFlags, .typeOfService,
        .source, .destination, .connections,
      ])
    case .vlan: return all.union([.vlan, .vlanProtocol])
    case .arp, .rarp:
      return all.union([
        .hardwareType, .protocolType, .operation, .senderAddress, .targetAddress, .senderMAC, .targetMAC,
      ])
    case .lengths:
      return all.union([
        .isSpanningTree, .stpType, .stpFlags, .rootPriority, .rootAddress, .rootCost, .senderPriority, .senderBridge,
        .stpPort, .messageAge, .maximumAge, .helloTime, .forwardDelay,
      ])
    case .other: return all.union([.etherType])
    }
  }

  /// The values of the fields that frames of the class do not have, and of the EtherType.
  var assignment: DiagramAssignment {
    var result = DiagramAssignment()
    let fields = fields
    for field in Field.allCases where !fields.contains(field) {
      result.set(FrameVariables[field], field == .etherType ? UInt128(etherType ?? 0) : 0)
    }
    if self == .ipv4 {
      for field in [Field.source, .destination] {
        result.set(DiagramField(first: FrameVariables[field].first, width: 96), 0)
      }
    }
    if !isPacket {
      for number in UInt8.min ... .max { result.set(FrameVariables.tcpOption(number), false) }
    }
    return result
  }
}

/// Which frames of a class are meant.
enum FrameScope: Sendable, Hashable {
  /// All that can be.
  case all
  /// The first packets of flows as most are: whole, for TCP with SYN alone and no options, without a type of service.
  case ordinaryFlows
}

extension FrameDiagram {
  /// The frames of a class that are in a set and that can be; fields that they do not have no longer matter.
  mutating func frames(of kind: FrameClass, in set: DecisionDiagram.Node, _ scope: FrameScope) -> DecisionDiagram.Node {
    let set = diagram.restrict(kind.assignment, in: set)
    if set.isConstant { return set }
    if kind == .other {
      let others = frames(.etherType, in: FrameClass.otherEtherTypes)
      return diagram.and(set, others)
    }
    if kind == .lengths { return lengths(in: set) }
    return kind.isPacket ? packets(in: set, scope, kind == .ipv4 ? .ipv4 : .ipv6) : set
  }

  /// The frames with a length that are in a set; those that are no spanning tree messages have none of their fields.
  private mutating func lengths(in set: DecisionDiagram.Node) -> DecisionDiagram.Node {
    var assignment = DiagramAssignment()
    for field in FrameClass.lengths.fields.subtracting([.sourceMAC, .destinationMAC]) {
      assignment.set(FrameVariables[field], 0)
    }
    let others = diagram.restrict(assignment, in: set)
    let messages = frames(.isSpanningTree, 1)
    return diagram.ite(messages, set, others)
  }

  /// The frames of a packet that are in a set and that can be.
  private mutating func packets(
    in set: DecisionDiagram.Node, _ scope: FrameScope, _ family: AddressFamily
  ) -> DecisionDiagram.Node {
    var parts: [DecisionDiagram.Node] = []
    for (protocols, use) in Self.protocolsByUse {
      for isLater in scope == .all ? [false, true] : [false] {
        var assignment = Self.absent(use, isTCP: protocols.contains(6), isLater: isLater, scope)
        assignment.set(FrameVariables[.isLaterFragment], isLater ? 1 : 0)
        var part = diagram.and(set, frames(.protocolNumber, in: protocols.widened))
        if part.isNothing { continue }
        part = diagram.restrict(assignment, in: part)
        if scope == .all { part = diagram.and(part, frames(.isLaterFragment, isLater ? 1 : 0)) }
        parts.append(part)
      }
    }
    let packets = diagram.union(parts)
    return scope == .all ? diagram.and(packets, trackable(family)) : packets
  }

  private static let protocolsByUse: [(protocols: IntervalSet<UInt8>, use: PortUse)] = {
    let tcp = IntervalSet<UInt8>(6...6)
    func numbers(_ use: PortUse) -> IntervalSet<UInt8> {
      IntervalSet((UInt8.min ... .max).filter { $0 != 6 && PortUse(protocolNumber: $0) == use }.map { $0...$0 })
    }
    return [(tcp, .ports), (numbers(.ports), .ports), (numbers(.messages), .messages), (numbers(.none), .none)]
  }()

  /// Fields that packets with some protocols do not have, and those that the scope leaves no choice.
  private static func absent(_ use: PortUse, isTCP: Bool, isLater: Bool, _ scope: FrameScope) -> DiagramAssignment {
    var result = DiagramAssignment()
    if use != .ports || isLater { result.set(FrameVariables[.sourcePort], 0) }
    if use == .none || isLater { result.set(FrameVariables[.destinationPort], 0) }
    if !isTCP || isLater {
      result.set(FrameVariables[.tcpFlags], 0)
    } else if scope == .ordinaryFlows {
      result.set(FrameVariables[.tcpFlags], UInt128(TCPFlags.syn.rawValue))
    }
    if !isTCP || isLater || scope == .ordinaryFlows {
      for number in UInt8.min ... .max { result.set(FrameVariables.tcpOption(number), false) }
    }
    if scope == .ordinaryFlows { result.set(FrameVariables[.typeOfService], 0) }
    return result
  }

  /// The frames with a tracking that there is: the other side sends nothing as long as a connection is new, and packets without
  /// a connection have no side.
  private mutating func trackable(_ family: AddressFamily) -> DecisionDiagram.Node {
    let both: [Tracking.State] = [.established, .related]
    let states = Tracking.State.allCases.map { UInt128($0.rawValue)...UInt128($0.rawValue) }
    let twoSided = both.map { UInt128($0.rawValue)...UInt128($0.rawValue) }
    let first = frames(.state, in: IntervalSet(states))
    let second = frames(.state, in: IntervalSet(twoSided))
    let original = frames(.side, UInt128(Tracking.Side.original.rawValue))
    let tracked = diagram.and(first, diagram.or(second, original))
    return diagram.difference(tracked, untrackedMessages(family))
  }

  /// ICMP as part of a connection that it is never part of: only queries begin one, and only their answers go on with it.
  private mutating func untrackedMessages(_ family: AddressFamily) -> DecisionDiagram.Node {
    let queries = ConnectionTracking.queries(family)
    func messages(_ types: [UInt8]) -> IntervalSet<UInt128> {
      IntervalSet(types.map { UInt128($0) << 8...UInt128($0) << 8 | 255 })
    }
    let isICMP = frames(.protocolNumber, UInt128(family.icmp))
    let isWhole = frames(.isLaterFragment, 0)
    let isQuery = frames(.destinationPort, in: messages(queries.map(\.key)))
    let isPart = frames(.destinationPort, in: messages(queries.flatMap { [$0.key, $0.value] }))
    let isNew = frames(.state, UInt128(Tracking.State.new.rawValue))
    let isEstablished = frames(.state, UInt128(Tracking.State.established.rawValue))
    let wronglyNew = diagram.difference(isNew, isQuery)
    let wronglyEstablished = diagram.difference(isEstablished, isPart)
    let wrong = diagram.or(wronglyNew, wronglyEstablished)
    return diagram.and(diagram.and(isICMP, isWhole), wrong)
  }
}

// MARK: Single frames

extension FrameDiagram {
  /// Whether a frame is in a set.
  public func contains(_ set: DecisionDiagram.Node, _ frame: Frame, _ tracking: Tracking) -> Bool {
    let tracked = TrackedFrame(frame, tracking)
    return diagram.contains(set) { variable in
      if let (field, bit) = FrameVariables.bit(variable) { return tracked[field] >> UInt128(bit) & 1 == 1 }
      if variable < FrameVariables.firstLookup {
        return frame.tcpOptions.contains(UInt8(variable - FrameVariables.tcpOption(0)))
      }
      return frame.memberships.contains(lookups[Int(variable - FrameVariables.firstLookup)])
    }
  }

  /// One frame of a set, with what conntrack says of it; nil for the empty set.
  ///
  /// - Parameter fixed: fields that the set says nothing of.
  func example(_ set: DecisionDiagram.Node, fixed: [Field: UInt128] = [:]) -> TrackedFrame? {
    guard let ones = diagram.example(set) else { return nil }
    var numbers: [Field: UInt128] = [:]
    for field in Field.allCases {
      let place = FrameVariables[field]
      var number: UInt128 = 0
      for index in 0..<place.width { number = number << 1 | (ones.contains(place.variable(index)) ? 1 : 0) }
      numbers[field] = fixed[field] ?? number
    }
    var result = TrackedFrame(numbers)
    for number in UInt8.min ... .max where ones.contains(FrameVariables.tcpOption(number)) {
      result.frame.tcpOptions.insert(number)
    }
    for (index, lookup) in lookups.enumerated() where ones.contains(FrameVariables.firstLookup + UInt32(index)) {
      result.frame.memberships.insert(lookup)
    }
    return result
  }
}
