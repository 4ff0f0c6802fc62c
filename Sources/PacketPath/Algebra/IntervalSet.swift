// SPDX-License-Identifier: Apache-2.0

/// A set of numbers as sorted, disjoint, non-adjacent closed ranges.
///
/// Every set has one such form, so `==` compares sets.
public struct IntervalSet<Bound: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable, Hashable {
  /// The ranges, lowest first; between two of them at least one number is missing.
  @inlinable
  public var ranges: IntervalRanges<Bound> { storage }

  @usableFromInline
  var storage: IntervalRanges<Bound>

  /// The empty set.
  @inlinable
  public init() { storage = IntervalRanges() }

  /// The numbers of one range.
  @inlinable
  public init(_ range: ClosedRange<Bound>) { storage = IntervalRanges(range) }

  /// The numbers of all ranges, which may come in any order and overlap.
  @inlinable
  public init(_ ranges: some Sequence<ClosedRange<Bound>>) {
    storage = IntervalRanges()
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) { append(range) }
  }

  @inlinable
  init(canonical ranges: IntervalRanges<Bound>) { storage = ranges }

  /// Every number that `Bound` has.
  @inlinable
  public static var full: Self { Self(.min ... .max) }

  /// No number.
  @inlinable
  public static var empty: Self { Self() }

  @inlinable
  public var isEmpty: Bool { ranges.isEmpty }

  /// Whether every number of `Bound` is in the set. All IPv4 addresses are not: see `AddressSet.all(_:)`.
  @inlinable
  public var isFull: Bool {
    guard ranges.count == 1 else { return false }
    return ranges[0].lowerBound == .min && ranges[0].upperBound == .max
  }

  /// From the lowest to the highest number; nil for the empty set.
  @inlinable
  public var hull: ClosedRange<Bound>? {
    guard let first = ranges.first, let last = ranges.last else { return nil }
    return first.lowerBound...last.upperBound
  }

  /// How many numbers there are, rounded: a `Bound` of 128 bits has no room for its own count.
  @inlinable
  var approximateCount: Double {
    ranges.reduce(0) { $0 + Extent(first: $1.lowerBound, last: $1.upperBound).approximateCount }
  }

  /// The index of the first range from `start` on that ends at `value` or later.
  @inlinable
  func index(endingAtOrAfter value: Bound, from start: Int = 0) -> Int {
    var low = start
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Adds a range that begins no earlier than the last one.
  @inlinable
  mutating func append(_ range: ClosedRange<Bound>) {
    guard let last = ranges.last,
      last.upperBound == .max || range.lowerBound <= last.upperBound + 1
    else {
      storage.append(range)
      return
    }
    if range.upperBound > last.upperBound {
      storage.replaceLast(last.lowerBound...range.upperBound)
    }
  }
}

// MARK: Questions

extension IntervalSet {
  @inlinable
  public func contains(_ value: Bound) -> Bool {
    let index = index(endingAtOrAfter: value)
    return index < ranges.count && ranges[index].lowerBound <= value
  }

  /// Whether every number of this set is in the other.
  @inlinable
  public func isSubset(of other: Self) -> Bool {
    guard let hull else { return true }
    guard let otherHull = other.hull, otherHull.lowerBound <= hull.lowerBound, hull.upperBound <= otherHull.upperBound
    else { return false }
    if other.ranges.count == 1 { return true }
    var index = 0
    for range in ranges {
      index = other.index(endingAtOrAfter: range.lowerBound, from: index)
      // The hull check above makes sure that there is a range.
      let candidate = other.ranges[index]
      guard candidate.lowerBound <= range.lowerBound, range.upperBound <= candidate.upperBound else { return false }
    }
    return true
  }

  /// Whether some number is in both sets.
  @inlinable
  public func intersects(_ other: Self) -> Bool {
    guard let hull, let otherHull = other.hull, hull.overlaps(otherHull) else { return false }
    let (few, many) = ranges.count <= other.ranges.count ? (self, other) : (other, self)
    var index = 0
    for range in few.ranges {
      index = many.index(endingAtOrAfter: range.lowerBound, from: index)
      guard index < many.ranges.count else { return false }
      if many.ranges[index].lowerBound <= range.upperBound { return true }
    }
    return false
  }

  /// Whether the other set is one range that holds all of this one.
  @inlinable
  func isInside(_ other: Self) -> Bool {
    guard other.ranges.count == 1, let hull else { return false }
    return other.ranges[0].lowerBound <= hull.lowerBound && hull.upperBound <= other.ranges[0].upperBound
  }
}

// MARK: Algebra

extension IntervalSet {
  @inlinable
  public func union(_ other: Self) -> Self {
    if isEmpty || isInside(other) { return other }
    if other.isEmpty || other.isInside(self) { return self }
    var result = Self()
    result.storage.reserveCapacity(ranges.count + other.ranges.count)
    var left = 0
    var right = 0
    while left < ranges.count || right < other.ranges.count {
      if right == other.ranges.count
        || left < ranges.count && ranges[left].lowerBound <= other.ranges[right].lowerBound
      {
        result.append(ranges[left])
        left += 1
      } else {
        result.append(other.ranges[right])
        right += 1
      }
    }
    return result
  }

  @inlinable
  public func intersection(_ other: Self) -> Self {
    guard let hull, let otherHull = other.hull, hull.overlaps(otherHull) else { return Self() }
    if isInside(other) { return self }
    if other.isInside(self) { return other }
    var result = IntervalRanges<Bound>()
    var left = 0
    var right = 0
    while left < ranges.count, right < other.ranges.count {
      let first = ranges[left]
      let second = other.ranges[right]
      let lower = max(first.lowerBound, second.lowerBound)
      let upper = min(first.upperBound, second.upperBound)
      if lower <= upper { result.append(lower...upper) }
      if first.upperBound < second.upperBound { left += 1 } else { right += 1 }
    }
    return Self(canonical: result)
  }

  @inlinable
  public func subtracting(_ other: Self) -> Self {
    guard let hull, let otherHull = other.hull, hull.overlaps(otherHull) else { return self }
    if isInside(other) { return Self() }
    var result = IntervalRanges<Bound>()
    var index = 0
    for range in ranges {
      index = other.index(endingAtOrAfter: range.lowerBound, from: index)
      var lower = range.lowerBound
      var isUsedUp = false
      while index < other.ranges.count, other.ranges[index].lowerBound <= range.upperBound {
        let hole = other.ranges[index]
        if hole.lowerBound > lower { result.append(lower...(hole.lowerBound - 1)) }
        // A hole that reaches the end may reach into the next range as well.
        if hole.upperBound >= range.upperBound {
          isUsedUp = true
          break
        }
        lower = hole.upperBound + 1
        index += 1
      }
      if !isUsedUp { result.append(lower...range.upperBound) }
    }
    return Self(canonical: result)
  }
}

extension IntervalSet: Comparable {
  /// An order for stable output: by the ranges, the first that differs decides.
  @inlinable
  public static func < (left: Self, right: Self) -> Bool {
    left.ranges.lexicographicallyPrecedes(right.ranges) {
      ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound)
    }
  }
}
