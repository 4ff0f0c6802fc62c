// SPDX-License-Identifier: Apache-2.0

extension PacketRegion {
  /// Whether every packet is in one of the regions; false also where that takes too long to find out.
  func isCovered(by regions: [PacketRegion]) -> Bool {
    if isEmpty { return true }
    var near: [PacketRegion] = []
    for other in regions where intersects(other) {
      if isSubset(of: other) { return true }
      near.append(other)
    }
    if near.count < 2 { return false }
    let shares = near.map { (region: $0, share: share(in: $0)) }
    // What does not suffice even if nothing overlaps is rejected without a search; the rest of the way to 1 is far more
    // than all rounding.
    guard shares.reduce(0, { $0 + $1.share }) > 0.999_999 else { return false }
    // The larger the holes, the fewer the pieces between them.
    let ordered = shares.sorted { $0.share > $1.share }.map(\.region)
    var budget = Self.mostPieces
    return hasNothing(outside: ordered[...], &budget)
  }

  /// Whether the regions together are large enough to hold every packet: without that nothing can cover this region.
  public func mayBeCovered(by regions: some Sequence<PacketRegion>) -> Bool {
    var sum = 0.0
    for other in regions where intersects(other) {
      sum += share(in: other)
      if sum > 0.999_999 { return true }
    }
    return false
  }

  /// Regions that overlap at random leave exponentially many pieces: after so many, what is looked for counts as not covered.
  private static let mostPieces = 5_000

  /// Which part of the packets is in the other region, 0 to 1, rounded.
  private func share(in other: PacketRegion) -> Double {
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
