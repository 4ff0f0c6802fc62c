// SPDX-License-Identifier: Apache-2.0

import PacketPath

/// A box around all regions of each family: tells most pairs of rules apart without a look at their regions.
struct PacketBounds: Sendable {
  private struct Box: Sendable {
    var protocols: ClosedRange<UInt8>
    var source: ClosedRange<UInt128>
    var destination: ClosedRange<UInt128>
    var destinationPorts: ClosedRange<UInt16>

    func overlaps(_ other: Box) -> Bool {
      destinationPorts.overlaps(other.destinationPorts) && source.overlaps(other.source)
        && destination.overlaps(other.destination) && protocols.overlaps(other.protocols)
    }
  }

  private var ipv4: Box?
  private var ipv6: Box?

  init(_ packets: PacketSet) {
    for region in packets.regions {
      if region.family == .ipv4 { Self.extend(&ipv4, region) } else { Self.extend(&ipv6, region) }
    }
  }

  private static func extend(_ box: inout Box?, _ region: PacketRegion) {
    guard let protocols = region.protocols.hull, let source = region.source.hull,
      let destination = region.destination.hull, let ports = region.destinationPorts.hull
    else { return }
    guard let old = box else {
      box = Box(protocols: protocols, source: source, destination: destination, destinationPorts: ports)
      return
    }
    box = Box(
      protocols: join(old.protocols, protocols), source: join(old.source, source),
      destination: join(old.destination, destination), destinationPorts: join(old.destinationPorts, ports))
  }

  private static func join<Bound: Comparable>(
    _ first: ClosedRange<Bound>, _ second: ClosedRange<Bound>
  ) -> ClosedRange<Bound> {
    min(first.lowerBound, second.lowerBound)...max(first.upperBound, second.upperBound)
  }

  /// False only where no packet is in both.
  func mayMeet(_ other: PacketBounds) -> Bool {
    if let ipv4, let others = other.ipv4, ipv4.overlaps(others) { return true }
    if let ipv6, let others = other.ipv6, ipv6.overlaps(others) { return true }
    return false
  }
}
