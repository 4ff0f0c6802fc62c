// SPDX-License-Identifier: Apache-2.0

/// Sets of frames in one diagram: what conditions, chains and whole programs let pass.
///
/// The sets that programs make say nothing of frames that cannot be, such as one of IPv4 with an address of 128 bits; see
/// ``FrameClass``.
public struct FrameDiagram: ~Copyable, Sendable {
  /// The algebra of the sets.
  public var diagram = DecisionDiagram()
  /// Lookups in kernel sets, each of which is a variable: what is in those sets is the host's business.
  public private(set) var lookups: [SetLookup] = []
  private var lookupPlaces: [SetLookup: Int] = [:]
  private var known: [ConditionReading: DecisionDiagram.Node] = [:]
  var flowFacts: FlowFacts?

  public init() {}

  /// A condition, and how it is read.
  private struct ConditionReading: Hashable {
    var condition: Condition
    var reading: Reading
  }
}

// MARK: Fields

extension FrameDiagram {
  /// The frames with one of some numbers in a field.
  public mutating func frames(_ field: Field, in numbers: IntervalSet<UInt128>) -> DecisionDiagram.Node {
    diagram.members(FrameVariables[field], numbers)
  }

  /// The frames with a number in a field.
  public mutating func frames(_ field: Field, _ number: UInt128) -> DecisionDiagram.Node {
    diagram.range(FrameVariables[field], number...number)
  }

  /// The untagged frames with packets of a region.
  public mutating func frames(_ region: PacketRegion) -> DecisionDiagram.Node {
    // From the last variable to the first: each step then puts something on top of what is there.
    let addresses = region.family == .ipv4 ? FrameVariables.ipv4 : { FrameVariables[$0] }
    var result = diagram.members(addresses(.destination), region.destination)
    let parts = [
      diagram.members(addresses(.source), region.source),
      frames(.sourcePort, in: region.sourcePorts.widened), frames(.destinationPort, in: region.destinationPorts.widened),
      frames(.protocolNumber, in: region.protocols.widened), frames(region.family),
    ]
    for part in parts { result = diagram.and(part, result) }
    return result
  }

  /// The untagged frames with packets of a set.
  public mutating func frames(_ packets: PacketSet) -> DecisionDiagram.Node {
    let parts = packets.regions.map { frames($0) }
    return diagram.union(parts)
  }

  /// The untagged frames of a family.
  public mutating func frames(_ family: AddressFamily) -> DecisionDiagram.Node {
    frames(.etherType, UInt128(family == .ipv4 ? EtherType.ipv4 : EtherType.ipv6))
  }

  /// The variable of a lookup in a kernel set.
  mutating func variable(_ lookup: SetLookup) -> UInt32 {
    if let place = lookupPlaces[lookup] { return FrameVariables.firstLookup + UInt32(place) }
    lookupPlaces[lookup] = lookups.count
    lookups.append(lookup)
    return FrameVariables.firstLookup + UInt32(lookups.count - 1)
  }
}

extension IntervalSet where Bound: BinaryInteger {
  /// The same numbers, with room for more.
  var widened: IntervalSet<UInt128> {
    IntervalSet<UInt128>(ranges.map { UInt128($0.lowerBound)...UInt128($0.upperBound) })
  }
}

// MARK: Conditions

extension FrameDiagram {
  /// The frames that meet all conditions.
  mutating func frames(_ conditions: [Condition], _ reading: Reading) -> DecisionDiagram.Node {
    var reading = reading
    if conditions.contains(where: \.isAboutIPv4) { reading.isIPv4 = true }
    // Conditions on late fields first: an intersection is cheap where one side is above the other.
    var parts: [DecisionDiagram.Node] = []
    for condition in conditions { parts.append(frames(condition, reading)) }
    parts.sort { diagram.variable($0) > diagram.variable($1) }
    var result = DecisionDiagram.Node.everything
    for part in parts { result = diagram.and(part, result) }
    return result
  }

  /// The frames that meet a condition.
  mutating func frames(_ condition: Condition, _ reading: Reading) -> DecisionDiagram.Node {
    let key = ConditionReading(condition: condition, reading: reading)
    if let result = known[key] { return result }
    let met = frames(condition.test, reading)
    let result = condition.isNegated ? met.complement : met
    known[key] = result
    return result
  }

  private mutating func frames(_ test: Condition.Test, _ reading: Reading) -> DecisionDiagram.Node {
    switch test {
    case .range(let field, let range): return frames(field, FieldTest.range(range), reading)
    case .masked(let field, let value, let mask):
      return frames(field, FieldTest.masked(value: value, mask: mask), reading)
    case .equal(let first, let second):
      return diagram.equal(FrameVariables[reading.mirrored(first)], FrameVariables[reading.mirrored(second)])
    case .tcpOption(let number):
      return isSet(FrameVariables.tcpOption(number))
    case .member(let lookup):
      let variable = variable(reading.view == .answer ? lookup.swapped : lookup)
      return isSet(variable)
    case .all(let conditions): return frames(conditions, reading)
    }
  }

  private mutating func isSet(_ variable: UInt32) -> DecisionDiagram.Node {
    diagram.branch(variable, low: .nothing, high: .everything)
  }

  /// The frames whose field, as the reading has it, passes a test.
  private mutating func frames(_ field: Field, _ test: FieldTest, _ reading: Reading) -> DecisionDiagram.Node {
    switch reading.view {
    case .frame: return frames(stored: field, test, reading)
    case .request: return framesOfRequest(field, test, reading)
    case .answer: return framesOfAnswer(field, test, reading)
    }
  }

  /// The frames whose field passes a test.
  mutating func frames(stored field: Field, _ test: FieldTest, _ reading: Reading) -> DecisionDiagram.Node {
    let isShort = reading.isIPv4 && (field == .source || field == .destination)
    let place = isShort ? FrameVariables.ipv4(field) : FrameVariables[field]
    switch test {
    case .range(let range):
      guard range.lowerBound <= place.maximum else { return .nothing }
      return diagram.range(place, range.lowerBound...min(range.upperBound, place.maximum))
    case .masked(let value, let mask):
      guard value <= place.maximum else { return .nothing }
      return diagram.masked(place, value: value, mask: mask)
    }
  }
}

/// What a condition asks of one number.
enum FieldTest {
  case range(ClosedRange<UInt128>)
  case masked(value: UInt128, mask: UInt128)

  func holds(for number: UInt128) -> Bool {
    switch self {
    case .range(let range): range.contains(number)
    case .masked(let value, let mask): number & mask == value
    }
  }
}

extension Condition {
  /// Whether only frames of IPv4 meet it.
  fileprivate var isAboutIPv4: Bool {
    !isNegated && test == .range(.etherType, UInt128(EtherType.ipv4)...UInt128(EtherType.ipv4))
  }
}
