// SPDX-License-Identifier: Apache-2.0

/// The ranges of an interval set, lowest first.
///
/// Most sets are one range: the first needs no memory of its own.
public struct IntervalRanges<Bound: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable, Hashable {
  private var head: ClosedRange<Bound>?
  /// All but the first.
  private var tail: [ClosedRange<Bound>] = []

  init() {}

  init(_ range: ClosedRange<Bound>) { head = range }

  mutating func append(_ range: ClosedRange<Bound>) {
    if head == nil { head = range } else { tail.append(range) }
  }

  mutating func reserveCapacity(_ count: Int) {
    if count > 1 { tail.reserveCapacity(count - 1) }
  }
}

extension IntervalRanges: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { head == nil ? 0 : tail.count + 1 }
  public var count: Int { endIndex }

  public internal(set) subscript(index: Int) -> ClosedRange<Bound> {
    get {
      guard index == 0, let head else { return tail[index - 1] }
      return head
    }
    set {
      if index == 0 { head = newValue } else { tail[index - 1] = newValue }
    }
  }
}
