// SPDX-License-Identifier: Apache-2.0

extension PacketRegion {
  /// Whether every packet is in one of the regions; false also where that takes too long to find out.
  func isCovered(by regions: [PacketRegion]) -> Bool {
    if isEmpty { return true }
    for other in regions where isSubset(of: other) { return true }
    // What does not suffice even if nothing overlaps is rejected without a search.
    guard mostShare(in: regions) > Self.nearlyAll else { return false }
    let shares = regions.filter { intersects($0) }.map { (region: $0, share: share(in: $0)) }
    // The larger the holes, the fewer the pieces between them.
    let ordered = shares.sorted { $0.share > $1.share }.map(\.region)
    var budget = Self.mostPieces
    return hasNothing(outside: ordered[...], &budget)
  }

  /// The most that the part of the packets in the regions can be: what it is if these do not overlap. Rounded; what is not
  /// above `nearlyAll` is not all.
  public func mostShare(in regions: [PacketRegion]) -> Double {
    var sum = 0.0
    for other in regions where intersects(other) { sum += share(in: other) }
    return sum
  }

  /// A smaller share is not all: the rest of the way to 1 is far more than all rounding.
  public static let nearlyAll = 0.999_999

  /// Regions that overlap at random leave exponentially many pieces: after so many, what is looked for counts as not covered.
  private static let mostPieces = 5_000

  /// Which part of the packets is in the other region, which this one meets: 0 to 1, rounded.
  private func share(in other: PacketRegion) -> Double {
    if ranges == nil, other.ranges == nil {
      return protocolExtent.share(in: other.protocolExtent) * sourceExtent.share(in: other.sourceExtent)
        * destinationExtent.share(in: other.destinationExtent) * sourcePortExtent.share(in: other.sourcePortExtent)
        * destinationPortExtent.share(in: other.destinationPortExtent)
    }
    func part<Bound>(_ all: IntervalSet<Bound>, _ other: IntervalSet<Bound>) -> Double {
      all.isSubset(of: other) ? 1 : all.intersection(other).approximateCount / all.approximateCount
    }
    return part(protocols, other.protocols) * part(source, other.source) * part(destination, other.destination)
      * part(sourcePorts, other.sourcePorts) * part(destinationPorts, other.destinationPorts)
  }

  /// Follows one piece to its end before the next, so that the first packet outside all regions ends the search.
  private func hasNothing(outside regions: ArraySlice<PacketRegion>, _ budget: inout Int) -> Bool {
    budget -= 1
    guard budget > 0, let index = regions.firstIndex(where: { intersects($0) }) else { return false }
    for piece in subtracting(regions[index]) {
      guard piece.hasNothing(outside: regions[(index + 1)...], &budget) else { return false }
    }
    return true
  }
}
