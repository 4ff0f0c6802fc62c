// SPDX-License-Identifier: Apache-2.0

extension PacketSet {
  /// Drops regions that others cover, merges regions that differ in one field, and takes out of a field what another region
  /// holds anyway if that leaves fewer ranges, until nothing of that is possible.
  ///
  /// Afterwards the regions are sorted; the result depends on the regions, not on their order. Regions whose port fields
  /// hold different things (ports, ICMP types, nothing) are merged only where they leave these fields full.
  public mutating func simplify() { self = simplified() }

  /// The same packets in fewer regions: see ``simplify()``.
  public func simplified() -> PacketSet {
    if regions.count < 2 { return self }
    var result = regions.sorted()
    var before: [PacketRegion]
    // Each step leaves at most as many ranges (of all fields of a region, multiplied), and fewer of them or fewer regions
    // if it changes anything: so this ends.
    repeat {
      before = result
      result = Self.withoutCoveredByOne(result)
      result = Self.trimmed(result)
      result = Self.merged(result)
      if result == before { result = Self.withoutCoveredByAll(result) }
    } while result != before
    return PacketSet(result)
  }

  /// Joins what touches first: each such pair is one range less, while a merge of ranges with a gap between them can
  /// stand in the way of one that touches.
  private static func merged(_ regions: [PacketRegion]) -> [PacketRegion] {
    var result = regions
    for touching in [true, false] {
      result = merged(result, along: \.destinationPorts, .destinationPorts, touching: touching)
      result = merged(result, along: \.sourcePorts, .sourcePorts, touching: touching)
      result = merged(result, along: \.source, .source, touching: touching)
      result = merged(result, along: \.destination, .destination, touching: touching)
      result = merged(result, along: \.protocols, .protocols, touching: touching)
    }
    return result.sorted()
  }

  private struct GroupKey: Hashable {
    /// The region without the field.
    let region: PacketRegion
    /// Set if the field is the protocols and the ports are not full.
    let portUse: PortUse?
    let hasAllPorts: Bool
  }

  /// Up to so many regions, comparing each with each takes less than hashing them.
  private static let mostCompared = 24

  /// Merges regions that differ in one field only; of those, the ones whose ranges touch if `touching`, else all.
  private static func merged<Bound>(
    _ regions: [PacketRegion], along path: WritableKeyPath<PacketRegion, IntervalSet<Bound>>, _ field: RegionField,
    touching: Bool
  ) -> [PacketRegion] {
    let groups =
      regions.count <= mostCompared ? comparedGroups(regions, field) : hashedGroups(regions, along: path)
    if groups.count == regions.count { return regions }
    return groups.flatMap { touching ? joinedWhereTouching($0, path) : joined($0, path) }
  }

  /// Regions that agree in all fields but one, together.
  private static func comparedGroups(_ regions: [PacketRegion], _ field: RegionField) -> [[PacketRegion]] {
    var groups: [[PacketRegion]] = []
    groups.reserveCapacity(regions.count)
    for region in regions {
      if let index = groups.firstIndex(where: { $0[0].agrees(with: region, outside: field) }) {
        groups[index].append(region)
      } else {
        groups.append([region])
      }
    }
    return groups
  }

  /// The same for many regions.
  private static func hashedGroups<Bound>(
    _ regions: [PacketRegion], along path: WritableKeyPath<PacketRegion, IntervalSet<Bound>>
  ) -> [[PacketRegion]] {
    var groups: [[PacketRegion]] = []
    var groupIndex: [GroupKey: Int] = [:]
    for region in regions {
      var rest = region
      rest[keyPath: path] = IntervalSet()
      let hasAllPorts = region.hasAllPorts
      // For every other field the protocols are part of the key.
      let key = GroupKey(region: rest, portUse: hasAllPorts ? nil : region.portUse, hasAllPorts: hasAllPorts)
      if let index = groupIndex[key] {
        groups[index].append(region)
      } else {
        groupIndex[key] = groups.count
        groups.append([region])
      }
    }
    return groups
  }

  private static func joined<Bound>(
    _ group: [PacketRegion], _ field: WritableKeyPath<PacketRegion, IntervalSet<Bound>>
  ) -> [PacketRegion] {
    guard group.count > 1 else { return group }
    var result = group[0]
    result[keyPath: field] = IntervalSet(group.flatMap { $0[keyPath: field].ranges })
    return [result]
  }

  private static func joinedWhereTouching<Bound>(
    _ group: [PacketRegion], _ field: WritableKeyPath<PacketRegion, IntervalSet<Bound>>
  ) -> [PacketRegion] {
    guard group.count > 1 else { return group }
    var result: [PacketRegion] = []
    for region in group.sorted(by: { $0[keyPath: field] < $1[keyPath: field] }) {
      if let last = result.last {
        let union = last[keyPath: field].union(region[keyPath: field])
        if union.ranges.count < last[keyPath: field].ranges.count + region[keyPath: field].ranges.count {
          result[result.count - 1][keyPath: field] = union
          continue
        }
      }
      result.append(region)
    }
    return result
  }

  /// Drops regions that lie in one other region.
  private static func withoutCoveredByOne(_ regions: [PacketRegion]) -> [PacketRegion] {
    let hulls = regions.map(RegionHull.init)
    return regions.indices.filter { index in
      !regions.indices.contains { other in
        other != index && hulls[index].isInside(hulls[other]) && regions[index].isSubset(of: regions[other])
          // Of equal ones the first stays.
          && (other < index || regions[index] != regions[other])
      }
    }.map { regions[$0] }
  }

  /// Drops regions that all the others together cover, from the last to the first.
  private static func withoutCoveredByAll(_ regions: [PacketRegion]) -> [PacketRegion] {
    var result = regions
    var hulls = regions.map(RegionHull.init)
    for index in regions.indices.reversed() {
      let near = result.indices.filter { other in
        other != index && hulls[index].overlaps(hulls[other]) && result[index].intersects(result[other])
      }.map { result[$0] }
      if result[index].isCovered(by: near) {
        result.remove(at: index)
        hulls.remove(at: index)
      }
    }
    return result
  }
}

/// The fields of a region in which regions can be merged.
private enum RegionField {
  case protocols, source, destination, sourcePorts, destinationPorts
}

extension PacketRegion {
  /// Whether two regions can be merged along a field: see `PacketSet.GroupKey`.
  fileprivate func agrees(with other: PacketRegion, outside field: RegionField) -> Bool {
    guard family == other.family, field == .protocols || protocols == other.protocols,
      field == .destinationPorts || destinationPorts == other.destinationPorts,
      field == .source || source == other.source, field == .destination || destination == other.destination,
      field == .sourcePorts || sourcePorts == other.sourcePorts, hasAllPorts == other.hasAllPorts
    else { return false }
    return field != .protocols || hasAllPorts || portUse == other.portUse
  }
}

// MARK: Trimming

extension PacketSet {
  /// Takes out of each region what another one holds, where that is a matter of one field and leaves fewer ranges.
  ///
  /// Ports 80 and 443 from one network and port 80 from everywhere: port 443 is left to the first.
  private static func trimmed(_ regions: [PacketRegion]) -> [PacketRegion] {
    var result = regions
    var hulls = regions.map(RegionHull.init)
    for index in result.indices where result[index].hasSeveralRanges {
      for other in result.indices where other != index && hulls[index].overlaps(hulls[other]) {
        if result[index].trim(by: result[other]) { hulls[index] = RegionHull(result[index]) }
      }
    }
    return result.sorted()
  }
}

extension PacketRegion {
  fileprivate var hasSeveralRanges: Bool {
    destinationPorts.ranges.count > 1 || sourcePorts.ranges.count > 1 || source.ranges.count > 1
      || destination.ranges.count > 1 || protocols.ranges.count > 1
  }

  /// Whether something was taken out. A region never loses all its packets.
  fileprivate mutating func trim(by other: PacketRegion) -> Bool {
    guard family == other.family else { return false }
    let isInside = [
      protocols.isSubset(of: other.protocols), destination.isSubset(of: other.destination),
      source.isSubset(of: other.source), destinationPorts.isSubset(of: other.destinationPorts),
      sourcePorts.isSubset(of: other.sourcePorts),
    ]
    guard isInside.count(where: { !$0 }) == 1 else { return false }
    if !isInside[0] { return trim(\.protocols, other.protocols) }
    if !isInside[1] { return trim(\.destination, other.destination) }
    if !isInside[2] { return trim(\.source, other.source) }
    if !isInside[3] { return trim(\.destinationPorts, other.destinationPorts) }
    return trim(\.sourcePorts, other.sourcePorts)
  }

  private mutating func trim<Bound>(
    _ field: WritableKeyPath<PacketRegion, IntervalSet<Bound>>, _ other: IntervalSet<Bound>
  ) -> Bool {
    let rest = self[keyPath: field].subtracting(other)
    guard rest.ranges.count < self[keyPath: field].ranges.count else { return false }
    self[keyPath: field] = rest
    return true
  }
}
