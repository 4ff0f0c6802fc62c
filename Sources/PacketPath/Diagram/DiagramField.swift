// SPDX-License-Identifier: Apache-2.0

/// A number among the bits of a vector: which variables hold it, the highest bit first.
public struct DiagramField: Sendable, Hashable {
  /// The variable of the highest bit.
  public let first: UInt32
  /// The number of bits, 1 to 128.
  public let width: Int
  /// From the variable of one bit to that of the next: 2 where the bits of two numbers take turns.
  public let stride: UInt32

  /// - Precondition: the width is in 1...128, and the stride is not 0.
  public init(first: UInt32, width: Int, stride: UInt32 = 1) {
    precondition((1...128).contains(width) && stride > 0)
    self.first = first
    self.width = width
    self.stride = stride
  }

  /// The variable of the lowest bit.
  public var last: UInt32 { first + stride * UInt32(width - 1) }

  /// The largest number.
  public var maximum: UInt128 { .max >> UInt128(128 - width) }

  /// The variable of a bit, of which 0 is the highest.
  func variable(_ place: Int) -> UInt32 { first + stride * UInt32(place) }

  /// Whether the variable is one of the field's.
  func holds(_ variable: UInt32) -> Bool {
    variable >= first && variable <= last && (variable - first).isMultiple(of: stride)
  }

  /// The bit of a number at a place, of which 0 is the highest.
  func bit(at place: Int, of value: UInt128) -> Bool { value >> UInt128(width - 1 - place) & 1 == 1 }
}

// MARK: Sets of numbers

extension DecisionDiagram {
  /// The vectors whose field is in a range.
  ///
  /// - Precondition: the range ends at `field.maximum` or before.
  public mutating func range(_ field: DiagramField, _ range: ClosedRange<UInt128>) -> Node {
    self.range(field, range, inside: .everything, outside: .nothing)
  }

  /// The vectors of one set where their field is in a range, those of another where it is not.
  ///
  /// - Precondition: the range ends at `field.maximum` or before, and both sets depend on later variables only.
  mutating func range(
    _ field: DiagramField, _ range: ClosedRange<UInt128>, inside: Node, outside: Node
  ) -> Node {
    precondition(range.upperBound <= field.maximum)
    // From the lowest bit up to the highest that differs: what is left to decide for at least the lower bound, and for at most
    // the upper one.
    let width = UInt128(field.width)
    let sharedBits = (range.lowerBound ^ range.upperBound).leadingZeroBitCount - 128 + field.width
    var atLeast = inside
    var atMost = inside
    var place = field.width - 1
    var bit: UInt128 = 1
    while place > sharedBits {
      let variable = field.variable(place)
      if range.lowerBound & bit == 0 {
        atLeast = branch(variable, low: atLeast, high: inside)
      } else {
        atLeast = branch(variable, low: outside, high: atLeast)
      }
      if range.upperBound & bit == 0 {
        atMost = branch(variable, low: atMost, high: outside)
      } else {
        atMost = branch(variable, low: inside, high: atMost)
      }
      place -= 1
      bit <<= 1
    }
    var both = inside
    if place == sharedBits, sharedBits < field.width {
      both = branch(field.variable(place), low: atLeast, high: atMost)
      place -= 1
    }
    // Above, the bounds are the same.
    while place >= 0 {
      let isOne = range.lowerBound >> (width - 1 - UInt128(place)) & 1 == 1
      both =
        isOne
        ? branch(field.variable(place), low: outside, high: both)
        : branch(field.variable(place), low: both, high: outside)
      place -= 1
    }
    return both
  }

  /// The vectors whose field is in a set of numbers.
  ///
  /// - Precondition: the set ends at `field.maximum` or before.
  public mutating func members(_ field: DiagramField, _ numbers: IntervalSet<UInt128>) -> Node {
    if numbers.ranges.count == 1 { return range(field, numbers.ranges[0]) }
    let parts = numbers.ranges.map { range(field, $0) }
    return union(parts)
  }

  /// The vectors whose field has the bits of the value where the mask has a 1.
  public mutating func masked(_ field: DiagramField, value: UInt128, mask: UInt128) -> Node {
    masked(field, value: value, mask: mask, inside: .everything, outside: .nothing)
  }

  /// The vectors of one set where their field has the bits of the value in the mask, those of another where it has not.
  ///
  /// - Precondition: both sets depend on later variables only.
  mutating func masked(
    _ field: DiagramField, value: UInt128, mask: UInt128, inside: Node, outside: Node
  ) -> Node {
    var result = inside
    for place in (0..<field.width).reversed() where field.bit(at: place, of: mask) {
      let variable = field.variable(place)
      result =
        field.bit(at: place, of: value)
        ? branch(variable, low: outside, high: result) : branch(variable, low: result, high: outside)
    }
    return result
  }

  /// The vectors in which two fields of one width hold the same number.
  ///
  /// As large as the width where the bits of the two take turns, exponential in it where they do not.
  public mutating func equal(_ left: DiagramField, _ right: DiagramField) -> Node {
    precondition(left.width == right.width)
    var result = Node.everything
    for place in (0..<left.width).reversed() {
      let first = min(left.variable(place), right.variable(place))
      let second = max(left.variable(place), right.variable(place))
      let isClear = branch(second, low: .everything, high: .nothing)
      let isSame = branch(first, low: isClear, high: isClear.complement)
      result = and(isSame, result)
    }
    return result
  }
}
