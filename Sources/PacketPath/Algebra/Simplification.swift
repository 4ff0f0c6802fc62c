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
    // Of most sets nothing can be merged, and that is soon seen.
    if result.count <= Self.mostCompared, Self.areApart(result) { return PacketSet(nonEmpty: result) }
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
    return PacketSet(nonEmpty: result)
  }

  /// Whether no regions overlap, and none can be merged.
  private static func areApart(_ regions: [PacketRegion]) -> Bool {
    for first in regions.indices.dropLast() {
      for second in first + 1..<regions.count {
        if regions[first].intersects(regions[second]) { return false }
        if regions[first].fieldOfMerge(with: regions[second]) != nil { return false }
      }
    }
    return true
  }

  /// Joins what touches first: each such pair is one range less, while a merge of ranges with a gap between them can
  /// stand in the way of one that touches.
  private static func merged(_ regions: [PacketRegion]) -> [PacketRegion] {
    var fields = mergeableFields(regions)
    if fields.isEmpty { return regions }
    var result = regions
    func merge<Bound>(_ field: MergeField<Bound>, _ touching: Bool) {
      guard fields.contains(field.name) else { return }
      let count = result.count
      result = merged(result, along: field, touching: touching)
      if result.count < count { fields = mergeableFields(result) }
    }
    for touching in [true, false] {
      merge(.destinationPorts, touching)
      merge(.sourcePorts, touching)
      merge(.source, touching)
      merge(.destination, touching)
      merge(.protocols, touching)
    }
    return result.sorted()
  }

  /// The fields along which some two regions can be merged; of many regions each field that may be one.
  private static func mergeableFields(_ regions: [PacketRegion]) -> RegionField {
    if regions.count > mostCompared { return .any }
    var fields: RegionField = []
    for first in regions.indices.dropLast() {
      for second in first + 1..<regions.count {
        if let field = regions[first].fieldOfMerge(with: regions[second]) { fields.formUnion(field) }
      }
    }
    return fields
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
    _ regions: [PacketRegion], along field: MergeField<Bound>, touching: Bool
  ) -> [PacketRegion] {
    let groups =
      regions.count <= mostCompared ? comparedGroups(regions, field.name) : hashedGroups(regions, along: field)
    if groups.count == regions.count { return regions }
    return groups.flatMap { touching ? joinedWhereTouching($0, field) : joined($0, field) }
  }

  /// Regions that agree in all fields but one, together.
  private static func comparedGroups(_ regions: [PacketRegion], _ field: RegionField) -> [[PacketRegion]] {
    var groups: [[PacketRegion]] = []
    groups.reserveCapacity(regions.count)
    for region in regions {
      let index = groups.firstIndex { group in
        group[0].fieldOfMerge(with: region)?.contains(field) ?? false
      }
      if let index { groups[index].append(region) } else { groups.append([region]) }
    }
    return groups
  }

  /// The same for many regions.
  private static func hashedGroups<Bound>(
    _ regions: [PacketRegion], along field: MergeField<Bound>
  ) -> [[PacketRegion]] {
    var groups: [[PacketRegion]] = []
    var groupIndex: [GroupKey: Int] = [:]
    for region in regions {
      var rest = region
      field.set(&rest, IntervalSet())
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
    _ group: [PacketRegion], _ field: MergeField<Bound>
  ) -> [PacketRegion] {
    guard group.count > 1 else { return group }
    var result = group[0]
    field.set(&result, IntervalSet(group.flatMap { field.get($0).ranges }))
    return [result]
  }

  private static func joinedWhereTouching<Bound>(
    _ group: [PacketRegion], _ field: MergeField<Bound>
  ) -> [PacketRegion] {
    guard group.count > 1 else { return group }
    var result: [PacketRegion] = []
    for region in group.sorted(by: { field.get($0) < field.get($1) }) {
      if let last = result.last {
        let (first, second) = (field.get(last), field.get(region))
        let union = first.union(second)
        if union.ranges.count < first.ranges.count + second.ranges.count {
          field.set(&result[result.count - 1], union)
          continue
        }
      }
      result.append(region)
    }
    return result
  }

  /// Drops regions that lie in one other region.
  private static func withoutCoveredByOne(_ regions: [PacketRegion]) -> [PacketRegion] {
    func isCovered(_ index: Int) -> Bool {
      for other in regions.indices where other != index && regions[index].isSubset(of: regions[other]) {
        // Of equal ones the first stays.
        if other < index || regions[index] != regions[other] { return true }
      }
      return false
    }
    let covered = regions.indices.filter(isCovered)
    if covered.isEmpty { return regions }
    var result = regions
    for index in covered.reversed() { result.remove(at: index) }
    return result
  }

  /// Drops regions that all the others together cover, from the last to the first.
  private static func withoutCoveredByAll(_ regions: [PacketRegion]) -> [PacketRegion] {
    var result = regions
    for index in regions.indices.reversed() {
      var near: [PacketRegion] = []
      for other in result.indices where other != index && result[index].intersects(result[other]) {
        near.append(result[other])
      }
      if !near.isEmpty, result[index].isCovered(by: near) { result.remove(at: index) }
    }
    return result
  }
}

/// Fields of a region in which regions can be merged.
private struct RegionField: OptionSet {
  let rawValue: UInt8

  static let protocols = RegionField(rawValue: 1)
  static let source = RegionField(rawValue: 2)
  static let destination = RegionField(rawValue: 4)
  static let sourcePorts = RegionField(rawValue: 8)
  static let destinationPorts = RegionField(rawValue: 16)
  static let any: RegionField = [.protocols, .source, .destination, .sourcePorts, .destinationPorts]
}

/// A field with what reads and sets it: a key path would take longer than the merge.
private struct MergeField<Bound: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
  let name: RegionField
  let get: @Sendable (PacketRegion) -> IntervalSet<Bound>
  let set: @Sendable (inout PacketRegion, IntervalSet<Bound>) -> Void
}

extension MergeField<UInt8> {
  static let protocols = MergeField(name: .protocols, get: { $0.protocols }, set: { $0.protocols = $1 })
}

extension MergeField<UInt128> {
  static let source = MergeField(name: .source, get: { $0.source }, set: { $0.source = $1 })
  static let destination = MergeField(name: .destination, get: { $0.destination }, set: { $0.destination = $1 })
}

extension MergeField<UInt16> {
  static let sourcePorts = MergeField(name: .sourcePorts, get: { $0.sourcePorts }, set: { $0.sourcePorts = $1 })
  static let destinationPorts = MergeField(
    name: .destinationPorts, get: { $0.destinationPorts }, set: { $0.destinationPorts = $1 })
}

extension PacketRegion {
  /// The only field in which two regions differ, if they can be merged along it: see `PacketSet.GroupKey`. Any field if they
  /// are equal.
  fileprivate func fieldOfMerge(with other: PacketRegion) -> RegionField? {
    guard family == other.family else { return nil }
    var field = RegionField.any
    /// False where another field differs already.
    func note(_ isDifferent: Bool, _ next: RegionField) -> Bool {
      guard isDifferent else { return true }
      guard field == .any else { return false }
      field = next
      return true
    }
    // Most regions differ in the ends of two fields.
    guard note(destinationPortExtent != other.destinationPortExtent, .destinationPorts),
      note(sourceExtent != other.sourceExtent, .source), note(protocolExtent != other.protocolExtent, .protocols),
      note(destinationExtent != other.destinationExtent, .destination),
      note(sourcePortExtent != other.sourcePortExtent, .sourcePorts)
    else { return nil }
    if ranges != nil || other.ranges != nil {
      field = .any
      guard note(destinationPorts != other.destinationPorts, .destinationPorts),
        note(source != other.source, .source), note(protocols != other.protocols, .protocols),
        note(destination != other.destination, .destination),
        note(sourcePorts != other.sourcePorts, .sourcePorts)
      else { return nil }
    }
    guard hasAllPorts == other.hasAllPorts else { return nil }
    return field != .protocols || hasAllPorts || portUse == other.portUse ? field : nil
  }
}

// MARK: Trimming

extension PacketSet {
  /// Takes out of each region what another one holds, where that is a matter of one field and leaves fewer ranges.
  ///
  /// Ports 80 and 443 from one network and port 80 from everywhere: port 443 is left to the first.
  private static func trimmed(_ regions: [PacketRegion]) -> [PacketRegion] {
    var result = regions
    var isChanged = false
    for index in result.indices where result[index].ranges != nil {
      for other in result.indices where other != index && result[index].extentsOverlap(result[other]) {
        if result[index].trim(by: result[other]) { isChanged = true }
      }
    }
    return isChanged ? result.sorted() : regions
  }
}

extension PacketRegion {
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
