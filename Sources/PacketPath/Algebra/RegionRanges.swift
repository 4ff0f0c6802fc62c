// SPDX-License-Identifier: Apache-2.0

/// From the lowest to the highest number of a set.
@usableFromInline
struct Extent<Bound: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable, Hashable {
  @usableFromInline
  let first: Bound
  @usableFromInline
  let last: Bound

  /// Of the empty set an extent that no number is in.
  @inlinable
  init(_ set: IntervalSet<Bound>) {
    if let hull = set.hull { (first, last) = (hull.lowerBound, hull.upperBound) } else { (first, last) = (.max, .min) }
  }

  @inlinable
  init(first: Bound, last: Bound) {
    self.first = first
    self.last = last
  }

  /// - Precondition: the extent is not that of the empty set.
  @inlinable
  var set: IntervalSet<Bound> { IntervalSet(first...last) }

  @inlinable
  var isFull: Bool { first == .min && last == .max }

  @inlinable
  func isInside(_ other: Extent) -> Bool { other.first <= first && last <= other.last }

  @inlinable
  func overlaps(_ other: Extent) -> Bool { first <= other.last && other.first <= last }

  /// How many numbers there are, rounded.
  @inlinable
  var approximateCount: Double {
    // In halves: the library's own conversion of 128 bits is a slow one.
    let width = last - first
    return Double(UInt64(truncatingIfNeeded: width >> 64)) * 0x1p64 + Double(UInt64(truncatingIfNeeded: width)) + 1
  }

  /// Which part of the numbers is in the other extent, 0 to 1, rounded.
  ///
  /// - Precondition: the extents overlap.
  @inlinable
  func share(in other: Extent) -> Double {
    if isInside(other) { return 1 }
    return Extent(first: max(first, other.first), last: min(last, other.last)).approximateCount / approximateCount
  }

  /// The order of the sets that these are.
  @inlinable
  static func < (left: Extent, right: Extent) -> Bool {
    left.first == right.first ? left.last < right.last : left.first < right.first
  }
}

/// The sets of a region's fields, where one of them is not one range.
@usableFromInline
final class RegionRanges: Sendable, Hashable {
  @usableFromInline
  let protocols: IntervalSet<UInt8>
  @usableFromInline
  let source: AddressSet
  @usableFromInline
  let destination: AddressSet
  @usableFromInline
  let sourcePorts: IntervalSet<UInt16>
  @usableFromInline
  let destinationPorts: IntervalSet<UInt16>

  /// nil where each field is one range.
  init?(
    protocols: IntervalSet<UInt8>, source: AddressSet, destination: AddressSet, sourcePorts: IntervalSet<UInt16>,
    destinationPorts: IntervalSet<UInt16>
  ) {
    if protocols.ranges.count == 1, source.ranges.count == 1, destination.ranges.count == 1,
      sourcePorts.ranges.count == 1, destinationPorts.ranges.count == 1
    {
      return nil
    }
    self.protocols = protocols
    self.source = source
    self.destination = destination
    self.sourcePorts = sourcePorts
    self.destinationPorts = destinationPorts
  }

  @usableFromInline
  var isEmpty: Bool {
    protocols.isEmpty || source.isEmpty || destination.isEmpty || sourcePorts.isEmpty || destinationPorts.isEmpty
  }

  @usableFromInline
  static func == (left: RegionRanges, right: RegionRanges) -> Bool {
    left === right
      || left.protocols == right.protocols && left.source == right.source && left.destination == right.destination
        && left.sourcePorts == right.sourcePorts && left.destinationPorts == right.destinationPorts
  }

  @usableFromInline
  func hash(into hasher: inout Hasher) {
    hasher.combine(protocols)
    hasher.combine(source)
    hasher.combine(destination)
    hasher.combine(sourcePorts)
    hasher.combine(destinationPorts)
  }
}
