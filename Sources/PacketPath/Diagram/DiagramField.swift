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
    precondition(range.upperBound <= field.maximum)
    // From the lowest bit up: what the bits so far must be for at least the lower bound, at most the upper bound, and both.
    var atLeast = Node.everything
    var atMost = Node.everything
    var both = Node.everything
    for place in (0..<field.width).reversed() {
      let variable = field.variable(place)
      let lower = field.bit(at: place, of: range.lowerBound)
      let upper = field.bit(at: place, of: range.upperBound)
      if lower == upper {
        both = lower ? branch(variable, low: .nothing, high: both) : branch(variable, low: both, high: .nothing)
      } else if upper {
        both = branch(variable, low: atLeast, high: atMost)
      } else {
        // Only above a higher bit that differs, where `both` is made anew.
        both = .nothing
      }
      atLeast = lower ? branch(variable, low: .nothing, high: atLeast) : branch(variable, low: atLeast, high: .everything)
      atMost = upper ? branch(variable, low: .everything, high: atMost) : branch(variable, low: atMost, high: .nothing)
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
    var result = Node.everything
    for place in (0..<field.width).reversed() where field.bit(at: place, of: mask) {
      let variable = field.variable(place)
      result =
        field.bit(at: place, of: value)
        ? branch(variable, low: .nothing, high: result) : branch(variable, low: result, high: .nothing)
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
