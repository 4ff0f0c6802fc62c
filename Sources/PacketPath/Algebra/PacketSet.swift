// SPDX-License-Identifier: Apache-2.0

/// Packets as a union of regions, which may overlap.
///
/// `==` compares the regions; ``isEquivalent(to:)`` compares the packets.
public struct PacketSet: Sendable, Hashable {
  /// The regions, none of them empty.
  public private(set) var regions: [PacketRegion]

  /// The empty set.
  public init() { regions = [] }

  public init(_ region: PacketRegion) { regions = region.isEmpty ? [] : [region] }

  /// The packets of all regions.
  public init(_ regions: some Sequence<PacketRegion>) {
    self.regions = Array(regions)
    self.regions.removeAll { $0.isEmpty }
  }

  /// - Precondition: no region is empty.
  init(nonEmpty regions: [PacketRegion]) { self.regions = regions }

  /// Every packet of both families.
  public static var all: PacketSet { PacketSet(AddressFamily.allCases.map(PacketRegion.all)) }

  /// No packet.
  public static var empty: PacketSet { PacketSet() }

  public var isEmpty: Bool { regions.isEmpty }

  /// The smallest packet of the set; nil if it is empty.
  public var example: Packet? { regions.lazy.compactMap(\.example).min() }
}

// MARK: Questions

extension PacketSet {
  public func contains(_ packet: Packet) -> Bool { regions.contains { $0.contains(packet) } }

  /// Whether some packet is in both sets.
  public func intersects(_ other: PacketSet) -> Bool {
    for region in regions where other.intersects(region) { return true }
    return false
  }

  /// Whether some packet of the region is in the set.
  public func intersects(_ region: PacketRegion) -> Bool {
    for own in regions where own.intersects(region) { return true }
    return false
  }

  /// Whether every packet of this set is in the other.
  ///
  /// Exact when true. Where the other set has very many overlapping regions, false may also mean that it was not found out.
  public func isSubset(of other: PacketSet) -> Bool {
    for region in regions where !region.isCovered(by: other.regions) { return false }
    return true
  }

  /// Whether both sets hold the same packets.
  public func isEquivalent(to other: PacketSet) -> Bool {
    isSubset(of: other) && other.isSubset(of: self)
  }
}

// MARK: Algebra

extension PacketSet {
  public func union(_ other: PacketSet) -> PacketSet {
    if isEmpty { return other }
    var result = self
    result.regions += other.regions.filter { region in !regions.contains { region.isSubset(of: $0) } }
    return result
  }

  public func intersection(_ other: PacketSet) -> PacketSet {
    var result: [PacketRegion] = []
    for region in regions {
      for other in other.regions {
        if let common = region.intersection(other) { result.append(common) }
      }
    }
    return PacketSet(nonEmpty: result)
  }

  public func intersection(_ region: PacketRegion) -> PacketSet {
    PacketSet(regions.compactMap(region.intersection))
  }

  public func subtracting(_ other: PacketSet) -> PacketSet {
    var result: [PacketRegion] = []
    for region in regions {
      var pieces = [region]
      for hole in other.regions where hole.intersects(region) { pieces = pieces.flatMap { $0.subtracting(hole) } }
      result += pieces
    }
    return PacketSet(nonEmpty: result)
  }

  public func subtracting(_ region: PacketRegion) -> PacketSet {
    PacketSet(regions.flatMap { $0.subtracting(region) })
  }

  /// The packets that go the other way; see ``PacketRegion/reversed()``.
  public func reversed() -> PacketSet { PacketSet(regions.map { $0.reversed() }) }
}
