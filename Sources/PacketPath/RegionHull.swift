// SPDX-License-Identifier: Apache-2.0

/// From the lowest to the highest value of each field: rejects most pairs of regions without a look at their ranges.
struct RegionHull {
  let family: AddressFamily
  let protocols: ClosedRange<UInt8>
  let source: ClosedRange<UInt128>
  let destination: ClosedRange<UInt128>
  let sourcePorts: ClosedRange<UInt16>
  let destinationPorts: ClosedRange<UInt16>

  /// - Precondition: the region is not empty.
  init(_ region: PacketRegion) {
    family = region.family
    protocols = region.protocols.hull!
    source = region.source.hull!
    destination = region.destination.hull!
    sourcePorts = region.sourcePorts.hull!
    destinationPorts = region.destinationPorts.hull!
  }

  func isInside(_ other: RegionHull) -> Bool {
    Self.isInside(destinationPorts, other.destinationPorts) && Self.isInside(source, other.source)
      && Self.isInside(destination, other.destination) && Self.isInside(protocols, other.protocols)
      && Self.isInside(sourcePorts, other.sourcePorts) && family == other.family
  }

  func overlaps(_ other: RegionHull) -> Bool {
    destinationPorts.overlaps(other.destinationPorts) && source.overlaps(other.source)
      && destination.overlaps(other.destination) && protocols.overlaps(other.protocols)
      && sourcePorts.overlaps(other.sourcePorts) && family == other.family
  }

  private static func isInside<Bound>(_ inner: ClosedRange<Bound>, _ outer: ClosedRange<Bound>) -> Bool {
    outer.lowerBound <= inner.lowerBound && inner.upperBound <= outer.upperBound
  }
}

/// Regions of which many are asked which ones meet another region.
struct RegionIndex {
  private let regions: [PacketRegion]
  /// Empty for few regions: there the hulls cost more than they save.
  private let hulls: [RegionHull]

  /// - Precondition: no region is empty.
  init(_ regions: [PacketRegion]) {
    self.regions = regions
    hulls = regions.count < 16 ? [] : regions.map(RegionHull.init)
  }

  /// The regions that meet a region, which must not be empty, in their order.
  func meeting(_ region: PacketRegion) -> [PacketRegion] {
    if hulls.isEmpty { return regions.filter(region.intersects) }
    let hull = RegionHull(region)
    var result: [PacketRegion] = []
    for index in hulls.indices where hulls[index].overlaps(hull) && regions[index].intersects(region) {
      result.append(regions[index])
    }
    return result
  }
}
