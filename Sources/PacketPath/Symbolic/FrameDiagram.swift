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
  private var knownRules: [RuleReading: DecisionDiagram.Node] = [:]
  var flowFacts: FlowFacts?

  public init() {}

  /// A condition, and how it is read.
  private struct ConditionReading: Hashable {
    var condition: Condition
    var reading: Reading
  }

  /// Conditions of a rule, and how they are read.
  private struct RuleReading: Hashable {
    var conditions: [Condition]
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
      frames(.sourcePort, in: region.sourcePorts.widened),
      frames(.destinationPort, in: region.destinationPorts.widened),
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
    let key = RuleReading(conditions: conditions, reading: reading)
    if let result = knownRules[key] { return result }
    let result = newFrames(conditions, reading)
    knownRules[key] = result
    return result
  }

  private mutating func newFrames(_ conditions: [Condition], _ reading: Reading) -> DecisionDiagram.Node {
    let reading = reading.narrowed(by: conditions)
    // What is decided by something else than fields first: that is often nothing.
    var result = DecisionDiagram.Node.everything
    var direct: [(place: DiagramField, test: FieldTest, isNegated: Bool)] = []
    for condition in conditions {
      if let (field, test) = condition.fieldTest, let stored = reading.stored(field) {
        direct.append((place(of: stored, reading), test, condition.isNegated))
      } else {
        result = diagram.and(frames(condition, reading), result)
      }
    }
    if result.isNothing { return .nothing }
    // Late fields first: the others are put on top, without a walk through what is there.
    direct.sort { $0.place.first > $1.place.first }
    for (place, test, isNegated) in direct {
      if place.last < diagram.variable(result) {
        result = frames(
          place, test, inside: isNegated ? .nothing : result, outside: isNegated ? result : .nothing)
      } else {
        let met = frames(place, test, inside: .everything, outside: .nothing)
        result = diagram.and(isNegated ? met.complement : met, result)
      }
    }
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
    case .range(let field, let range): return frames(field, .range(range), reading)
    case .masked(let field, let value, let mask): return frames(field, .masked(value: value, mask: mask), reading)
    case .equal(let first, let second):
      return diagram.equal(FrameVariables[reading.mirrored(first)], FrameVariables[reading.mirrored(second)])
    case .tcpOption(let number): return isSet(FrameVariables.tcpOption(number))
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
    if let stored = reading.stored(field) { return frames(stored: stored, test, reading) }
    return reading.view == .request ? framesOfRequest(field, test) : framesOfAnswer(field, test, reading)
  }

  /// The frames whose field passes a test.
  mutating func frames(stored field: Field, _ test: FieldTest, _ reading: Reading) -> DecisionDiagram.Node {
    frames(place(of: field, reading), test, inside: .everything, outside: .nothing)
  }

  private func place(of field: Field, _ reading: Reading) -> DiagramField {
    let isShort = reading.isIPv4 && (field == .source || field == .destination)
    return isShort ? FrameVariables.ipv4(field) : FrameVariables[field]
  }

  private mutating func frames(
    _ place: DiagramField, _ test: FieldTest, inside: DecisionDiagram.Node, outside: DecisionDiagram.Node
  ) -> DecisionDiagram.Node {
    switch test {
    case .range(let range):
      guard range.lowerBound <= place.maximum else { return outside }
      return diagram.range(
        place, range.lowerBound...min(range.upperBound, place.maximum), inside: inside, outside: outside)
    case .masked(let value, let mask):
      guard value <= place.maximum else { return outside }
      return diagram.masked(place, value: value, mask: mask, inside: inside, outside: outside)
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
  /// What is asked of a single field, but for the sign; nil for other conditions.
  fileprivate var fieldTest: (field: Field, test: FieldTest)? {
    switch test {
    case .range(let field, let range): (field, .range(range))
    case .masked(let field, let value, let mask): (field, .masked(value: value, mask: mask))
    case .equal, .tcpOption, .member, .all: nil
    }
  }
}
