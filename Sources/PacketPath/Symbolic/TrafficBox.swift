// SPDX-License-Identifier: Apache-2.0

/// Frames of which every field is independent of the others.
public struct TrafficBox: Sendable, Hashable {
  /// Both where the frames of both are meant, which then have any addresses; none for frames that are no packets.
  public var families: [AddressFamily]
  /// What the fields may be; those that are missing may be anything. In a box of both families protocol 1 stands for the ICMP of
  /// each, and 58 for that of the other, which nobody uses.
  public var fields: [Field: IntervalSet<UInt128>]
  /// Kernel sets that the packet must be in, or must not be in.
  public var memberships: [SetLookup: Bool]
  /// Whether more is asked of the frames than the fields say.
  public var isPartial: Bool
  /// One of the frames, with what conntrack says of it.
  public var example: TrackedFrame

  /// The packets, for those who think in these: one region for each family.
  public var regions: [PacketRegion] {
    families.map { family in
      func narrowed<Bound>(_ field: Field) -> IntervalSet<Bound> {
        guard let numbers = fields[field] else { return .full }
        return IntervalSet(numbers.ranges.map { Bound($0.lowerBound)...Bound($0.upperBound) })
      }
      var protocols: IntervalSet<UInt8> = narrowed(.protocolNumber)
      if family == .ipv6, families.count == 2, protocols.contains(1) != protocols.contains(58) {
        let change = IntervalSet<UInt8>([1...1, 58...58])
        protocols = protocols.union(change).subtracting(protocols.intersection(change))
      }
      return PacketRegion(
        family: family, protocols: protocols, source: fields[.source],
        destination: fields[.destination], sourcePorts: narrowed(.sourcePort),
        destinationPorts: narrowed(.destinationPort))
    }
  }
}

/// Boxes, and whether they are all.
public struct TrafficBoxes: Sendable, Hashable {
  /// Disjoint.
  public var boxes: [TrafficBox]
  /// Whether there are frames in none of the boxes, as there would have been too many.
  public var hasMore: Bool

  static let none = TrafficBoxes(boxes: [], hasMore: false)

  static func + (left: TrafficBoxes, right: TrafficBoxes) -> TrafficBoxes {
    TrafficBoxes(boxes: left.boxes + right.boxes, hasMore: left.hasMore || right.hasMore)
  }
}

/// Sets of one diagram for each family, without the EtherType.
struct FamilySets: Sendable, Hashable {
  var ipv4: DecisionDiagram.Node
  var ipv6: DecisionDiagram.Node

  static let nothing = FamilySets(ipv4: .nothing, ipv6: .nothing)

  subscript(family: AddressFamily) -> DecisionDiagram.Node {
    get { family == .ipv4 ? ipv4 : ipv6 }
    set { if family == .ipv4 { ipv4 = newValue } else { ipv6 = newValue } }
  }

  var isNothing: Bool { ipv4.isNothing && ipv6.isNothing }
}

extension FrameDiagram {
  /// More boxes than that are no longer words for anybody.
  static let mostBoxes = 24

  /// Packets as boxes; those that are alike in both families are one.
  ///
  /// - Parameters:
  ///   - sets: what the boxes say.
  ///   - witnesses: frames that examples are taken from; every box of `sets` meets them.
  ///   - fixed: fields of the examples that the witnesses say nothing of.
  mutating func boxes(
    _ sets: FamilySets, witnesses: FamilySets, fixed: [Field: UInt128], atMost limit: Int = mostBoxes
  ) -> TrafficBoxes {
    let first = forAllPeers(sets.ipv4)
    let second = forAllPeers(swappingICMP(sets.ipv6))
    var common = diagram.and(first, second)
    // Types of messages mean something else in the other family.
    let messages = frames(.protocolNumber, 1)
    if !diagram.isSubset(messages, of: common) { common = diagram.difference(common, messages) }
    var result = boxes(common, AddressFamily.allCases, witnesses, fixed, limit)
    for family in AddressFamily.allCases {
      let told = family == .ipv4 ? common : swappingICMP(common)
      let rest = diagram.difference(sets[family], told)
      result = result + boxes(rest, [family], witnesses, fixed, limit)
    }
    return result
  }

  /// The set with ICMP and ICMPv6 in each other's place.
  private mutating func swappingICMP(_ set: DecisionDiagram.Node) -> DecisionDiagram.Node {
    var result = set
    for (number, other) in [(1, 58), (58, 1)] as [(UInt128, UInt128)] {
      var assignment = DiagramAssignment()
      assignment.set(FrameVariables[.protocolNumber], other)
      result = diagram.ite(frames(.protocolNumber, number), diagram.restrict(assignment, in: set), result)
    }
    return result
  }

  /// Frames of a class other than packets as boxes.
  mutating func boxes(
    _ set: DecisionDiagram.Node, witness: DecisionDiagram.Node, fixed: [Field: UInt128], atMost limit: Int = mostBoxes
  ) -> TrafficBoxes {
    boxes(set, [], FamilySets(ipv4: witness, ipv6: .nothing), fixed, limit)
  }

  /// What is in the set whatever the addresses are and whatever kernel sets say.
  private mutating func forAllPeers(_ set: DecisionDiagram.Node) -> DecisionDiagram.Node {
    var others = set.complement
    for field in [Field.source, .destination, .sourceMAC, .destinationMAC] {
      others = diagram.exists(FrameVariables[field], in: others)
    }
    for index in lookups.indices { others = diagram.exists(Self.lookupField(index), in: others) }
    return others.complement
  }

  private static func lookupField(_ index: Int) -> DiagramField {
    DiagramField(first: FrameVariables.firstLookup + UInt32(index), width: 1)
  }

  private mutating func boxes(
    _ set: DecisionDiagram.Node, _ families: [AddressFamily], _ witnesses: FamilySets, _ fixed: [Field: UInt128],
    _ limit: Int
  ) -> TrafficBoxes {
    if set.isNothing { return .none }
    var spoken = spoken(of: set, isIPv4: families == [.ipv4])
    var described = set
    for field in spoken.silent { described = diagram.exists(field, in: described) }
    var found = DiagramBoxes(boxes: [], remainder: described)
    while true {
      let places = spoken.fields.map(\.place) + spoken.lookups.map { Self.lookupField($0) }
      found = diagram.boxes(of: described, places, atMost: limit)
      if !found.boxes.isEmpty { break }
      // Too many ranges for words: less is said.
      if let lookup = spoken.lookups.popLast() {
        described = diagram.exists(Self.lookupField(lookup), in: described)
      } else if let field = spoken.fields.popLast() {
        described = diagram.exists(field.place, in: described)
      } else {
        break
      }
    }
    var result = TrafficBoxes(boxes: [], hasMore: !found.remainder.isNothing)
    for numbers in found.boxes {
      var box = DecisionDiagram.Node.everything
      var fields: [Field: IntervalSet<UInt128>] = [:]
      for (place, members) in zip(spoken.fields, numbers) {
        box = diagram.and(box, diagram.members(place.place, members))
        if members.ranges.first != 0...place.place.maximum { fields[place.field] = members }
      }
      var memberships: [SetLookup: Bool] = [:]
      for (index, members) in zip(spoken.lookups, numbers.dropFirst(spoken.fields.count)) {
        box = diagram.and(box, diagram.members(Self.lookupField(index), members))
        if members.ranges.first != 0...1 { memberships[lookups[index]] = members.contains(1) }
      }
      guard let example = example(box, families, witnesses, fixed) else { continue }
      result.boxes.append(
        TrafficBox(
          families: families, fields: fields, memberships: memberships, isPartial: described != set, example: example))
    }
    return result
  }

  /// The fields that a set depends on: those that boxes speak of, and those that they cannot, as their bits take turns.
  private func spoken(
    of set: DecisionDiagram.Node, isIPv4: Bool
  ) -> (fields: [(field: Field, place: DiagramField)], lookups: [Int], silent: [DiagramField]) {
    let support = diagram.support([set])
    var fields: [(field: Field, place: DiagramField)] = []
    var silent: [DiagramField] = []
    for field in FrameVariables.order where support.contains(where: FrameVariables[field].holds) {
      let isShort = isIPv4 && (field == .source || field == .destination)
      if field == .targetAddress, fields.contains(where: { $0.field == .senderAddress }) {
        silent.append(FrameVariables[field])
      } else {
        fields.append((field, isShort ? FrameVariables.ipv4(field) : FrameVariables[field]))
      }
    }
    for number in UInt8.min ... .max where support.contains(FrameVariables.tcpOption(number)) {
      silent.append(DiagramField(first: FrameVariables.tcpOption(number), width: 1))
    }
    let lookups = lookups.indices.filter { support.contains(Self.lookupField($0).first) }
    return (fields, lookups, silent)
  }

  /// A frame of a box that everybody takes for an example: a high source port, addresses of documentation.
  private mutating func example(
    _ box: DecisionDiagram.Node, _ families: [AddressFamily], _ witnesses: FamilySets, _ fixed: [Field: UInt128]
  ) -> TrackedFrame? {
    let family = families.first { !diagram.and(box, witnesses[$0]).isNothing } ?? .ipv4
    var fixed = fixed
    var set = diagram.and(box, witnesses[family])
    if !families.isEmpty {
      fixed[.etherType] = UInt128(FrameClass(family).etherType ?? 0)
      // RFC 5737 and RFC 3849.
      let stranger: UInt128 = family == .ipv4 ? 0xc633_6407 : 0x2001_0db8 << 96 | 7
      let isIPv4 = family == .ipv4
      var wishes = [6, 17].map { frames(.protocolNumber, $0) } + [frames(.sourcePort, 40_000)]
      wishes += [443, 80, 22].map { frames(.destinationPort, $0) }
      for field in [Field.source, .destination] {
        wishes.append(diagram.range(isIPv4 ? FrameVariables.ipv4(field) : FrameVariables[field], stranger...stranger))
      }
      set = diagram.preferring(wishes, in: set)
    }
    var example = example(set, fixed: fixed)
    if !families.isEmpty, example?.frame.protocolNumber == 6, example?.frame.tcpFlags == [], fixed[.tcpFlags] == nil {
      example?.frame.tcpFlags = .syn
    }
    return example
  }
}
