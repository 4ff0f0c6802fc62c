// SPDX-License-Identifier: Apache-2.0

/// A box of packets: every field independent of the others.
///
/// Regions are compared with each other very often, and in nearly all of them each field is one range: then the region holds
/// no memory of its own, and a look at the ends of its fields decides.
public struct PacketRegion: Sendable, Hashable {
  @usableFromInline
  var sourceExtent: Extent<UInt128>
  @usableFromInline
  var destinationExtent: Extent<UInt128>
  @usableFromInline
  var sourcePortExtent: Extent<UInt16>
  @usableFromInline
  var destinationPortExtent: Extent<UInt16>
  @usableFromInline
  var protocolExtent: Extent<UInt8>
  public var family: AddressFamily
  /// nil where each field is one range, which then is its extent.
  @usableFromInline
  var ranges: RegionRanges?

  /// A field that is left out holds everything.
  public init(
    family: AddressFamily, protocols: IntervalSet<UInt8> = .full, source: AddressSet? = nil,
    destination: AddressSet? = nil, sourcePorts: IntervalSet<UInt16> = .full,
    destinationPorts: IntervalSet<UInt16> = .full
  ) {
    let source = source ?? .all(family)
    let destination = destination ?? .all(family)
    self.family = family
    protocolExtent = Extent(protocols)
    sourceExtent = Extent(source)
    destinationExtent = Extent(destination)
    sourcePortExtent = Extent(sourcePorts)
    destinationPortExtent = Extent(destinationPorts)
    ranges = RegionRanges(
      protocols: protocols, source: source, destination: destination, sourcePorts: sourcePorts,
      destinationPorts: destinationPorts)
  }

  /// Every packet of a family.
  public static func all(_ family: AddressFamily) -> PacketRegion { PacketRegion(family: family) }

  /// Whether no packet is in the region: one empty field is enough.
  @inlinable
  public var isEmpty: Bool { ranges?.isEmpty ?? false }

  /// Whether each field is one range, from a first to a last value.
  @inlinable
  public var hasOneRangeEach: Bool { ranges == nil }

  /// Whether the region says nothing about ports, types and codes.
  public var hasAllPorts: Bool {
    sourcePortExtent.isFull && destinationPortExtent.isFull
      && (ranges.map { $0.sourcePorts.isFull && $0.destinationPorts.isFull } ?? true)
  }

  /// What the port fields of the region's protocols hold; nil if these differ or there is no protocol.
  public var portUse: PortUse? {
    if protocolExtent.first == protocolExtent.last { return PortUse(protocolNumber: protocolExtent.first) }
    guard let hull = protocols.hull else { return nil }
    let use = PortUse(protocolNumber: hull.lowerBound)
    for range in protocols.ranges {
      for number in range where PortUse(protocolNumber: number) != use { return nil }
    }
    return use
  }
}

// MARK: Fields

extension PacketRegion {
  /// Numbers of protocols (IANA, Assigned Internet Protocol Numbers).
  public var protocols: IntervalSet<UInt8> {
    @inlinable get { ranges?.protocols ?? protocolExtent.set }
    set {
      protocolExtent = Extent(newValue)
      if ranges != nil || newValue.ranges.count != 1 { setRanges(protocols: newValue) }
    }
  }

  /// `AddressSet.all(family)` for any.
  public var source: AddressSet {
    @inlinable get { ranges?.source ?? sourceExtent.set }
    set {
      sourceExtent = Extent(newValue)
      if ranges != nil || newValue.ranges.count != 1 { setRanges(source: newValue) }
    }
  }

  /// `AddressSet.all(family)` for any.
  public var destination: AddressSet {
    @inlinable get { ranges?.destination ?? destinationExtent.set }
    set {
      destinationExtent = Extent(newValue)
      if ranges != nil || newValue.ranges.count != 1 { setRanges(destination: newValue) }
    }
  }

  /// Full for protocols without ports.
  public var sourcePorts: IntervalSet<UInt16> {
    @inlinable get { ranges?.sourcePorts ?? sourcePortExtent.set }
    set {
      sourcePortExtent = Extent(newValue)
      if ranges != nil || newValue.ranges.count != 1 { setRanges(sourcePorts: newValue) }
    }
  }

  /// For ICMP and ICMPv6 the type, shifted left by 8, and the code; full for other protocols without ports.
  public var destinationPorts: IntervalSet<UInt16> {
    @inlinable get { ranges?.destinationPorts ?? destinationPortExtent.set }
    set {
      destinationPortExtent = Extent(newValue)
      if ranges != nil || newValue.ranges.count != 1 { setRanges(destinationPorts: newValue) }
    }
  }

  private mutating func setRanges(
    protocols: IntervalSet<UInt8>? = nil, source: AddressSet? = nil, destination: AddressSet? = nil,
    sourcePorts: IntervalSet<UInt16>? = nil, destinationPorts: IntervalSet<UInt16>? = nil
  ) {
    ranges = RegionRanges(
      protocols: protocols ?? self.protocols, source: source ?? self.source,
      destination: destination ?? self.destination, sourcePorts: sourcePorts ?? self.sourcePorts,
      destinationPorts: destinationPorts ?? self.destinationPorts)
  }
}

// MARK: Questions

extension PacketRegion {
  public func contains(_ packet: Packet) -> Bool {
    family == packet.family && protocols.contains(packet.protocolNumber) && source.contains(packet.source)
      && destination.contains(packet.destination) && sourcePorts.contains(packet.sourcePort)
      && destinationPorts.contains(packet.destinationPort)
  }

  /// Whether some packet is in both regions.
  @inlinable
  public func intersects(_ other: PacketRegion) -> Bool {
    extentsOverlap(other) && (ranges == nil && other.ranges == nil || rangesIntersect(other))
  }

  /// Whether every packet of this region is in the other.
  @inlinable
  public func isSubset(of other: PacketRegion) -> Bool {
    if ranges != nil, isEmpty { return true }
    return extentsAreInside(other) && (other.ranges == nil || rangesAreSubset(of: other))
  }

  @inlinable
  func extentsOverlap(_ other: PacketRegion) -> Bool {
    destinationPortExtent.overlaps(other.destinationPortExtent) && protocolExtent.overlaps(other.protocolExtent)
      && family == other.family && sourceExtent.overlaps(other.sourceExtent)
      && destinationExtent.overlaps(other.destinationExtent) && sourcePortExtent.overlaps(other.sourcePortExtent)
  }

  @inlinable
  func extentsAreInside(_ other: PacketRegion) -> Bool {
    destinationPortExtent.isInside(other.destinationPortExtent) && protocolExtent.isInside(other.protocolExtent)
      && family == other.family && sourceExtent.isInside(other.sourceExtent)
      && destinationExtent.isInside(other.destinationExtent) && sourcePortExtent.isInside(other.sourcePortExtent)
  }

  @usableFromInline
  func rangesIntersect(_ other: PacketRegion) -> Bool {
    protocols.intersects(other.protocols) && destinationPorts.intersects(other.destinationPorts)
      && source.intersects(other.source) && destination.intersects(other.destination)
      && sourcePorts.intersects(other.sourcePorts)
  }

  @usableFromInline
  func rangesAreSubset(of other: PacketRegion) -> Bool {
    protocols.isSubset(of: other.protocols) && destinationPorts.isSubset(of: other.destinationPorts)
      && source.isSubset(of: other.source) && destination.isSubset(of: other.destination)
      && sourcePorts.isSubset(of: other.sourcePorts)
  }

  /// The smallest packet of the region; nil if it is empty.
  public var example: Packet? {
    if isEmpty { return nil }
    return Packet(
      family: family, protocolNumber: protocolExtent.first, source: sourceExtent.first,
      destination: destinationExtent.first,
      sourcePort: sourcePortExtent.first, destinationPort: destinationPortExtent.first)
  }
}

// MARK: Algebra

extension PacketRegion {
  /// The packets in both regions; nil if there are none.
  public func intersection(_ other: PacketRegion) -> PacketRegion? {
    guard intersects(other) else { return nil }
    var result = self
    result.protocols = protocols.intersection(other.protocols)
    result.source = source.intersection(other.source)
    result.destination = destination.intersection(other.destination)
    result.sourcePorts = sourcePorts.intersection(other.sourcePorts)
    result.destinationPorts = destinationPorts.intersection(other.destinationPorts)
    return result
  }

  /// This region without the other's packets, as disjoint regions: at most one for each field.
  ///
  /// Protocols are split first: where `other` says nothing of ports for other protocols than its own, neither do the pieces.
  public func subtracting(_ other: PacketRegion) -> [PacketRegion] {
    if isEmpty { return [] }
    guard intersects(other) else { return [self] }
    var pieces: [PacketRegion] = []
    var rest = self
    if let parts = Self.split(rest.protocols, by: other.protocols) {
      rest.protocols = parts.outside
      pieces.append(rest)
      rest.protocols = parts.inside
    }
    if let parts = Self.split(rest.destination, by: other.destination) {
      rest.destination = parts.outside
      pieces.append(rest)
      rest.destination = parts.inside
    }
    if let parts = Self.split(rest.source, by: other.source) {
      rest.source = parts.outside
      pieces.append(rest)
      rest.source = parts.inside
    }
    if let parts = Self.split(rest.destinationPorts, by: other.destinationPorts) {
      rest.destinationPorts = parts.outside
      pieces.append(rest)
      rest.destinationPorts = parts.inside
    }
    if let parts = Self.split(rest.sourcePorts, by: other.sourcePorts) {
      rest.sourcePorts = parts.outside
      pieces.append(rest)
    }
    return pieces
  }

  /// nil where nothing is outside.
  private static func split<Bound>(
    _ set: IntervalSet<Bound>, by other: IntervalSet<Bound>
  ) -> (inside: IntervalSet<Bound>, outside: IntervalSet<Bound>)? {
    set.isSubset(of: other) ? nil : (set.intersection(other), set.subtracting(other))
  }

  /// The packets that go the other way: source and destination swapped, ports as well.
  ///
  /// Types and codes of ICMP stay where they are; which type answers which is not a matter of the algebra.
  public func reversed() -> PacketRegion {
    let hasPorts = portUse != .messages
    return PacketRegion(
      family: family, protocols: protocols, source: destination, destination: source,
      sourcePorts: hasPorts ? destinationPorts : sourcePorts,
      destinationPorts: hasPorts ? sourcePorts : destinationPorts)
  }
}

extension PacketRegion: Comparable {
  /// An order for stable output: family, protocols, destination, its ports, source, its ports.
  public static func < (left: PacketRegion, right: PacketRegion) -> Bool {
    if left.family != right.family { return left.family < right.family }
    if left.ranges == nil, right.ranges == nil { return left.extentsPrecede(right) }
    if left.protocols != right.protocols { return left.protocols < right.protocols }
    if left.destination != right.destination { return left.destination < right.destination }
    if left.destinationPorts != right.destinationPorts { return left.destinationPorts < right.destinationPorts }
    if left.source != right.source { return left.source < right.source }
    return left.sourcePorts < right.sourcePorts
  }

  /// The same order for regions each field of which is one range.
  private func extentsPrecede(_ other: PacketRegion) -> Bool {
    if protocolExtent != other.protocolExtent { return protocolExtent < other.protocolExtent }
    if destinationExtent != other.destinationExtent { return destinationExtent < other.destinationExtent }
    if destinationPortExtent != other.destinationPortExtent {
      return destinationPortExtent < other.destinationPortExtent
    }
    if sourceExtent != other.sourceExtent { return sourceExtent < other.sourceExtent }
    return sourcePortExtent < other.sourcePortExtent
  }
}
