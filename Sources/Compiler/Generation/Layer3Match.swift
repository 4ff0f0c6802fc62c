// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// Regions of packets as layer-3 matches of nwfilter: one element of one protocol each.
enum Layer3Match {
  /// The protocols that have an element at layer 3, by number, in the order in which they are written.
  static func elements(_ family: AddressFamily) -> [(number: UInt8, element: FilterProtocol)] {
    family == .ipv4 ? elementsIPv4 : elementsIPv6
  }

  private static let elementsIPv4: [(number: UInt8, element: FilterProtocol)] = [
    (6, .tcp), (17, .udp), (136, .udplite), (132, .sctp), (1, .icmp), (2, .igmp), (50, .esp), (51, .ah),
  ]
  private static let elementsIPv6: [(number: UInt8, element: FilterProtocol)] = [
    (6, .tcpIPv6), (17, .udpIPv6), (136, .udpliteIPv6), (132, .sctpIPv6), (58, .icmpv6), (50, .espIPv6), (51, .ahIPv6),
  ]

  /// The numbers of `elements`.
  static func named(_ family: AddressFamily) -> IntervalSet<UInt8> { family == .ipv4 ? namedIPv4 : namedIPv6 }

  private static let namedIPv4 = IntervalSet(elements(.ipv4).map { $0.number...$0.number })
  private static let namedIPv6 = IntervalSet(elements(.ipv6).map { $0.number...$0.number })

  /// The protocol of the authentication header (RFC 4302).
  static let authenticationHeader: UInt8 = 51

  /// Those of `named` that ebtables finds in packets: in IPv6 it looks through an authentication header.
  static func seen(_ family: AddressFamily) -> IntervalSet<UInt8> { family == .ipv4 ? namedIPv4 : seenIPv6 }

  private static let seenIPv6 = namedIPv6.subtracting(IntervalSet(authenticationHeader...authenticationHeader))

  /// The protocols without element that ebtables finds in no packet of IPv6, or in all later fragments: it looks through
  /// extension headers, and what has no next header matches nothing (ebt_ip6, ipv6_skip_exthdr).
  static let unseenIPv6 = IntervalSet<UInt8>([0...0, 43...44, 59...60])

  static func all(_ family: AddressFamily) -> FilterProtocol { family == .ipv4 ? .all : .allIPv6 }

  /// How many matches a region takes.
  static func cost(of region: PacketRegion) -> Int {
    let addresses = region.source.ranges.count * destinationCount(of: region)
    if region.isAboutAllProtocols { return addresses }
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
    return count * addresses
  }

  private static func destinationCount(of region: PacketRegion) -> Int {
    region.family == .ipv4 || region.destination.isAll(.ipv6)
      ? region.destination.ranges.count : region.destination.prefixes(.ipv6).count
  }

  /// Regions that take one match each and together are the region; protocols without an element are left out.
  static func pieces(of region: PacketRegion) -> [PacketRegion] {
    if region.isAboutAllProtocols { return addressed(region) }
    if isPiece(region) { return [region] }
    var result: [PacketRegion] = []
    for (number, _) in elements(region.family) where region.protocols.contains(number) {
      var piece = region
      piece.protocols = IntervalSet(number...number)
      for detail in detailed(piece, number) { result += addressed(detail) }
    }
    return result
  }

  /// Whether a region is surely its own only piece: most are.
  private static func isPiece(_ region: PacketRegion) -> Bool {
    guard region.hasOneRangeEach, let numbers = region.protocols.hull, numbers.count == 1 else { return false }
    let number = numbers.lowerBound
    let hasPorts = number != 136 && PortUse(protocolNumber: number) == .ports
    return (hasPorts || region.hasAllPorts) && destinationCount(of: region) == 1
      && named(region.family).contains(number)
  }

  /// The region of one protocol with each combination of ports, or of types and codes.
  private static func detailed(_ region: PacketRegion, _ number: UInt8) -> [PacketRegion] {
    var base = region
    switch PortUse(protocolNumber: number) {
    case .messages where !region.destinationPorts.isFull:
      return messages(in: region).map { message in
        let codes = PacketRegion.messages(message.type)
        let code = message.code.map { codes.lowerBound + UInt16($0) }
        base.destinationPorts = IntervalSet(code.map { $0...$0 } ?? codes)
        return base
      }
    // libvirt knows no ports of UDP-Lite; the language has none either.
    case .ports where number != 136:
      return region.sourcePorts.ranges.flatMap { source in
        region.destinationPorts.ranges.map { destination in
          base.sourcePorts = IntervalSet(source)
          base.destinationPorts = IntervalSet(destination)
          return base
        }
      }
    default: return [region]
    }
  }

  private static func addressed(_ region: PacketRegion) -> [PacketRegion] {
    let sources = region.source.ranges
    if sources.count == 1, destinationCount(of: region) == 1 { return [region] }
    let destinations = destinations(of: region)
    return sources.flatMap { source in
      (destinations.isEmpty ? Array(region.destination.ranges) : destinations.map(\.range)).map { destination in
        var piece = region
        piece.source = AddressSet(source)
        piece.destination = AddressSet(destination)
        return piece
      }
    }
  }

  /// The match for a region that `pieces(of:)` has made.
  static func match(for piece: PacketRegion) -> Match {
    guard !piece.isAboutAllProtocols, let number = piece.protocols.hull?.lowerBound,
      let element = elements(piece.family).first(where: { $0.number == number })?.element
    else { return addresses(of: piece, Match(all(piece.family))) }
    var match = Match(element)
    switch PortUse(protocolNumber: number) {
    case .messages:
      if let message = piece.destinationPorts.isFull ? nil : messages(in: piece).first {
        match.set("type", .number(UInt32(message.type)))
        if let code = message.code { match.set("code", .number(UInt32(code))) }
      }
    case .ports where number != 136:
      if !piece.sourcePorts.isFull, let ports = piece.sourcePorts.hull { match.set(.source, ports: ports) }
      if !piece.destinationPorts.isFull, let ports = piece.destinationPorts.hull {
        match.set(.destination, ports: ports)
      }
    default: break
    }
    return addresses(of: piece, match)
  }

  private static func addresses(of piece: PacketRegion, _ match: Match) -> Match {
    var match = match
    if let source = piece.source.hull, !piece.source.isAll(piece.family) {
      match.set(.source, AddressRange(family: piece.family, range: source))
    }
    if let destination = piece.destination.hull, !piece.destination.isAll(piece.family) {
      match.set(.destination, AddressRange(family: piece.family, range: destination))
    }
    return match
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
