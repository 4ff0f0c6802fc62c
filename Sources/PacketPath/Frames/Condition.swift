// SPDX-License-Identifier: Apache-2.0

/// One thing that a kernel rule demands of a frame.
public struct Condition: Sendable, Hashable {
  /// What is looked at.
  public enum Test: Sendable, Hashable {
    /// The field is one of these numbers.
    case range(Field, ClosedRange<UInt128>)
    /// The field has `value` where `mask` has ones; `value` has none elsewhere.
    case masked(Field, value: UInt128, mask: UInt128)
    /// Two fields of one width are equal.
    case equal(Field, Field)
    /// The TCP header has an option of this number.
    case tcpOption(UInt8)
    /// The packet is in a kernel set.
    case member(SetLookup)
    /// All of these hold; none given always holds.
    case all([Condition])
  }

  public var test: Test
  /// Whether the frame must fail the test.
  public var isNegated: Bool

  public init(_ test: Test, isNegated: Bool = false) {
    self.test = test
    self.isNegated = isNegated
  }
}

extension Condition {
  /// Holds for no frame.
  public static let never = Condition(.all([]), isNegated: true)

  public static func equals(_ field: Field, _ value: UInt128, isNegated: Bool = false) -> Condition {
    Condition(.range(field, value...value), isNegated: isNegated)
  }

  /// A range that ends before it begins holds no number.
  public static func between(
    _ field: Field, _ first: UInt128, _ last: UInt128, isNegated: Bool = false
  ) -> Condition {
    guard first <= last else { return Condition(.all([.never]), isNegated: isNegated) }
    return Condition(.range(field, first...last), isNegated: isNegated)
  }

  /// A test of the bits of `mask`; in its simplest form.
  ///
  /// - Parameter value: bits outside of the mask fail every frame, as in the kernel.
  public static func masked(
    _ field: Field, _ value: UInt128, mask: UInt128, isNegated: Bool = false
  ) -> Condition {
    let mask = mask & field.last
    guard value & ~mask == 0 else { return Condition(.all([.never]), isNegated: isNegated) }
    let rest = field.last & ~mask
    if rest & (rest &+ 1) == 0 { return .between(field, value, value | rest, isNegated: isNegated) }
    return Condition(.masked(field, value: value, mask: mask), isNegated: isNegated)
  }

  /// One of some states.
  static func state(_ states: [Tracking.State]) -> Condition {
    let numbers = states.map { UInt128($0.rawValue) }.sorted()
    guard let first = numbers.first, let last = numbers.last else { return .never }
    if last - first == UInt128(numbers.count - 1) { return .between(.state, first, last) }
    return Condition(.all(numbers.map { .equals(.state, $0, isNegated: true) }), isNegated: true)
  }

  /// Whether a frame satisfies the condition.
  public func holds(for frame: borrowing TrackedFrame) -> Bool {
    let isMet =
      switch test {
      case .range(let field, let range): range.contains(frame[field])
      case .masked(let field, let value, let mask): frame[field] & mask == value
      case .equal(let first, let second): frame[first] == frame[second]
      case .tcpOption(let number): frame.frame.tcpOptions.contains(number)
      case .member(let lookup): frame.frame.memberships.contains(lookup)
      case .all(let conditions): conditions.allHold(for: frame)
      }
    return isMet != isNegated
  }
}

extension [Condition] {
  /// Whether a frame satisfies them all.
  @inlinable
  public func allHold(for frame: borrowing TrackedFrame) -> Bool {
    for condition in self where !condition.holds(for: frame) { return false }
    return true
  }
}
