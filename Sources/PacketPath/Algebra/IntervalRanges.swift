// SPDX-License-Identifier: Apache-2.0

/// The ranges of an interval set, lowest first.
///
/// Most sets are one range: the first needs no memory of its own. All of it is open to inlining: as generic code it was a
/// fifth of the compiler's time.
public struct IntervalRanges<Bound: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable, Hashable {
  @usableFromInline
  var head: ClosedRange<Bound>?
  /// All but the first.
  @usableFromInline
  var tail: [ClosedRange<Bound>] = []

  @inlinable
  init() {}

  @inlinable
  init(_ range: ClosedRange<Bound>) { head = range }

  @inlinable
  mutating func append(_ range: ClosedRange<Bound>) {
    if head == nil { head = range } else { tail.append(range) }
  }

  @inlinable
  mutating func reserveCapacity(_ count: Int) {
    if count > 1 { tail.reserveCapacity(count - 1) }
  }
}

extension IntervalRanges: RandomAccessCollection {
  @inlinable
  public var startIndex: Int { 0 }
  @inlinable
  public var endIndex: Int { head == nil ? 0 : tail.count + 1 }
  @inlinable
  public var count: Int { endIndex }

  @inlinable
  public subscript(index: Int) -> ClosedRange<Bound> {
    guard index == 0, let head else { return tail[index - 1] }
    return head
  }

  @inlinable
  mutating func replaceLast(_ range: ClosedRange<Bound>) {
    if tail.isEmpty { head = range } else { tail[tail.count - 1] = range }
  }
}
