// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// Regions of packets as layer-3 matches of nwfilter: one element of one protocol each.
enum Layer3Match {
  /// The protocols that have an element at layer 3, by number, in the order in which they are written.
  static func elements(_ family: AddressFamily) -> [(number: UInt8, element: FilterProtocol)] {
    family == .ipv4
      ? [
        (6, .tcp), (17, .udp), (136, .udplite), (132, .sctp), (1, .icmp), (2, .igmp), (50, .esp), (51, .ah),
      ]
      : [
        (6, .tcpIPv6), (17, .udpIPv6), (136, .udpliteIPv6), (132, .sctpIPv6), (58, .icmpv6), (50, .espIPv6),
        (51, .ahIPv6),
      ]
  }

  /// The numbers of `elements`.
  static func named(_ family: AddressFamily) -> IntervalSet<UInt8> { family == .ipv4 ? namedIPv4 : namedIPv6 }

  private static let namedIPv4 = IntervalSet(elements(.ipv4).map { $0.number...$0.number })
  private static let namedIPv6 = IntervalSet(elements(.ipv6).map { $0.number...$0.number })

  static func all(_ family: AddressFamily) -> FilterProtocol { family == .ipv4 ? .all : .allIPv6 }

  /// How many matches a region takes.
  static func cost(of region: PacketRegion) -> Int {
    if region.isAboutAllProtocols { return max(1, sources(of: region).count) * max(1, destinations(of: region).count) }
    var count = 0
    for (number, _) in elements(region.family) where region.protocols.contains(number) {
      switch PortUse(protocolNumber: number) {
      case .none: count += 1
      case .messages: count += region.destinationPorts.isFull ? 1 : messages(in: region).count
      case .ports where number == 136: count += 1
      case .ports:
        count +=
          (region.sourcePorts.isFull ? 1 : region.sourcePorts.ranges.count)
          * (region.destinationPorts.isFull ? 1 : region.destinationPorts.ranges.count)
      }
    }
    return count * max(1, sources(of: region).count) * max(1, destinations(of: region).count)
  }

  /// The matches that together are the region; protocols without an element are left out.
  static func matches(for region: PacketRegion) -> [Match] {
    if region.isAboutAllProtocols { return addressed(Match(all(region.family)), region) }
    return elements(region.family).flatMap { number, element in
      guard region.protocols.contains(number) else { return [Match]() }
      return detailed(element, number, region).flatMap { addressed($0, region) }
    }
  }

  /// The element with each combination of ports, or of types and codes.
  private static func detailed(_ element: FilterProtocol, _ number: UInt8, _ region: PacketRegion) -> [Match] {
    let base = Match(element)
    switch PortUse(protocolNumber: number) {
    case .none: return [base]
    case .messages:
      if region.destinationPorts.isFull { return [base] }
      return messages(in: region).map { message in
        var match = base
        match.set("type", .number(UInt32(message.type)))
        if let code = message.code { match.set("code", .number(UInt32(code))) }
        return match
      }
    case .ports:
      // libvirt knows no ports of UDP-Lite; the language has none either.
      if number == 136 { return [base] }
      let sources: [ClosedRange<UInt16>?] = region.sourcePorts.isFull ? [nil] : Array(region.sourcePorts.ranges)
      let destinations: [ClosedRange<UInt16>?] = region.destinationPorts.isFull ? [nil] : Array(region.destinationPorts.ranges)
      return sources.flatMap { source in
        destinations.map { destination in
          var match = base
          if let source { match.set(.source, ports: source) }
          if let destination { match.set(.destination, ports: destination) }
          return match
        }
      }
    }
  }

  /// Types of ICMP, with a code where not all codes of the type are meant.
  private static func messages(in region: PacketRegion) -> [(type: UInt8, code: UInt8?)] {
    var result: [(type: UInt8, code: UInt8?)] = []
    for range in region.destinationPorts.ranges {
      var next = UInt32(range.lowerBound)
      while next <= UInt32(range.upperBound) {
        let type = UInt8(next >> 8)
        if next & 255 == 0, next + 255 <= UInt32(range.upperBound) {
          result.append((type, nil))
          next += 256
        } else {
          result.append((type, UInt8(next & 255)))
          next += 1
        }
      }
    }
    return result
  }

  private static func addressed(_ match: Match, _ region: PacketRegion) -> [Match] {
    let sources = sources(of: region)
    let destinations = destinations(of: region)
    if sources.isEmpty, destinations.isEmpty { return [match] }
    let withSources =
      sources.isEmpty
      ? [match]
      : sources.map { range in
        var match = match
        match.set(.source, range)
        return match
      }
    if destinations.isEmpty { return withSources }
    return withSources.flatMap { match in
      destinations.map { range in
        var match = match
        match.set(.destination, range)
        return match
      }
    }
  }

  /// Empty for all.
  private static func sources(of region: PacketRegion) -> [AddressRange] {
    region.source.isAll(region.family) ? [] : region.source.addressRanges(region.family)
  }

  /// Empty for all. libvirt reads the end of a range of IPv6 destinations as an IPv4 address: prefixes only.
  private static func destinations(of region: PacketRegion) -> [AddressRange] {
    if region.destination.isAll(region.family) { return [] }
    return region.family == .ipv4
      ? region.destination.addressRanges(.ipv4) : region.destination.prefixRanges(.ipv6)
  }
}

extension AddressSet {
  /// The fewest prefixes that are this set.
  func prefixRanges(_ family: AddressFamily) -> [AddressRange] {
    prefixes(family).map {
      AddressRange(family: family, range: AddressSet.prefix(first: $0.first, length: $0.length, family: family))
    }
  }
}

extension PacketRegion {
  /// Whether the region tells neither protocols nor ports apart.
  var isAboutAllProtocols: Bool { protocols.isFull && hasAllPorts }
}
