// SPDX-License-Identifier: Apache-2.0

/// A box of packets: every field independent of the others.
public struct PacketRegion: Sendable, Hashable {
  public var family: AddressFamily
  /// Numbers of protocols (IANA, Assigned Internet Protocol Numbers).
  public var protocols: IntervalSet<UInt8>
  /// `AddressSet.all(family)` for any.
  public var source: AddressSet
  /// `AddressSet.all(family)` for any.
  public var destination: AddressSet
  /// Full for protocols without ports.
  public var sourcePorts: IntervalSet<UInt16>
  /// For ICMP and ICMPv6 the type, shifted left by 8, and the code; full for other protocols without ports.
  public var destinationPorts: IntervalSet<UInt16>

  /// A field that is left out holds everything.
  public init(
    family: AddressFamily, protocols: IntervalSet<UInt8> = .full, source: AddressSet? = nil,
    destination: AddressSet? = nil, sourcePorts: IntervalSet<UInt16> = .full,
    destinationPorts: IntervalSet<UInt16> = .full
  ) {
    self.family = family
    self.protocols = protocols
    self.source = source ?? .all(family)
    self.destination = destination ?? .all(family)
    self.sourcePorts = sourcePorts
    self.destinationPorts = destinationPorts
  }

  /// Every packet of a family.
  public static func all(_ family: AddressFamily) -> PacketRegion { PacketRegion(family: family) }

  /// Whether no packet is in the region: one empty field is enough.
  public var isEmpty: Bool {
    protocols.isEmpty || source.isEmpty || destination.isEmpty || sourcePorts.isEmpty || destinationPorts.isEmpty
  }

  /// Whether the region says nothing about ports, types and codes.
  public var hasAllPorts: Bool { sourcePorts.isFull && destinationPorts.isFull }

  /// What the port fields of the region's protocols hold; nil if these differ or there is no protocol.
  public var portUse: PortUse? {
    guard let hull = protocols.hull else { return nil }
    let use = PortUse(protocolNumber: hull.lowerBound)
    for range in protocols.ranges {
      for number in range where PortUse(protocolNumber: number) != use { return nil }
    }
    return use
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
  public func intersects(_ other: PacketRegion) -> Bool {
    family == other.family && protocols.intersects(other.protocols)
      && destinationPorts.intersects(other.destinationPorts) && source.intersects(other.source)
      && destination.intersects(other.destination) && sourcePorts.intersects(other.sourcePorts)
  }

  /// Whether every packet of this region is in the other.
  public func isSubset(of other: PacketRegion) -> Bool {
    if isEmpty { return true }
    return family == other.family && protocols.isSubset(of: other.protocols)
      && destinationPorts.isSubset(of: other.destinationPorts) && source.isSubset(of: other.source)
      && destination.isSubset(of: other.destination) && sourcePorts.isSubset(of: other.sourcePorts)
  }

  /// The smallest packet of the region; nil if it is empty.
  public var example: Packet? {
    guard let protocols = protocols.hull, let source = source.hull, let destination = destination.hull,
      let sourcePorts = sourcePorts.hull, let destinationPorts = destinationPorts.hull
    else { return nil }
    return Packet(
      family: family, protocolNumber: protocols.lowerBound, source: source.lowerBound,
      destination: destination.lowerBound, sourcePort: sourcePorts.lowerBound,
      destinationPort: destinationPorts.lowerBound)
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
    rest.split(\.protocols, other.protocols, into: &pieces)
    rest.split(\.destination, other.destination, into: &pieces)
    rest.split(\.source, other.source, into: &pieces)
    rest.split(\.destinationPorts, other.destinationPorts, into: &pieces)
    rest.split(\.sourcePorts, other.sourcePorts, into: &pieces)
    return pieces
  }

  /// Adds the part outside `other` in one field to the pieces, and keeps the part inside.
  private mutating func split<Bound>(
    _ field: WritableKeyPath<PacketRegion, IntervalSet<Bound>>, _ other: IntervalSet<Bound>,
    into pieces: inout [PacketRegion]
  ) {
    let value = self[keyPath: field]
    if value.isSubset(of: other) { return }
    var piece = self
    piece[keyPath: field] = value.subtracting(other)
    pieces.append(piece)
    self[keyPath: field] = value.intersection(other)
  }

  /// The packets that go the other way: source and destination swapped, ports as well.
  ///
  /// Types and codes of ICMP stay where they are; which type answers which is not a matter of the algebra.
  public func reversed() -> PacketRegion {
    var result = self
    swap(&result.source, &result.destination)
    if portUse != .messages { swap(&result.sourcePorts, &result.destinationPorts) }
    return result
  }
}

extension PacketRegion: Comparable {
  /// An order for stable output: family, protocols, destination, its ports, source, its ports.
  public static func < (left: PacketRegion, right: PacketRegion) -> Bool {
    if left.family != right.family { return left.family < right.family }
    if left.protocols != right.protocols { return left.protocols < right.protocols }
    if left.destination != right.destination { return left.destination < right.destination }
    if left.destinationPorts != right.destinationPorts { return left.destinationPorts < right.destinationPorts }
    if left.source != right.source { return left.source < right.source }
    return left.sourcePorts < right.sourcePorts
  }
}
