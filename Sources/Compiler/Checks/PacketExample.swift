// SPDX-License-Identifier: Apache-2.0

import PacketPath

extension PacketSet {
  /// A packet of the set in the words of a rule, such as `tcp/22 from 198.51.100.7`; nil for the empty set.
  func example(_ direction: TrafficDirection) -> String? {
    guard let region = regions.min() else { return nil }
    return region.example(direction)
  }
}

extension PacketRegion {
  /// Addresses for examples (RFC 5737, RFC 3849): where a set has them, nobody takes them for somebody's.
  private static let strangers: [AddressFamily: UInt128] = [
    .ipv4: 0xc633_6407, .ipv6: 0x2001_0db8 << 96 | 7,
  ]

  fileprivate func example(_ direction: TrafficDirection) -> String? {
    guard let ports = destinationPorts.hull else { return nil }
    let number = [6, 17, 1, 58].first(where: protocols.contains) ?? protocols.hull?.lowerBound ?? 0
    let use = PortUse(protocolNumber: number)
    let port =
      use == .ports && ports.lowerBound == 0 ? [443, 1].first(where: destinationPorts.contains) ?? 0 : ports.lowerBound
    var words: String
    switch use {
    case .messages: words = "\(number == 1 ? "icmpv4" : "icmpv6")/\(port >> 8)/\(port & 0xff)"
    case .ports:
      words =
        PortProtocol.allCases.first { $0.number == number }.map { "\($0.rawValue)/\(port)" }
        ?? Traffic.ipProtocol(number).spelling
    case .none: words = Traffic.ipProtocol(number).spelling
    }
    if let source = source.isAll(family) && direction == .out ? nil : Self.pick(from: source, family) {
      words += " from \(source)"
    }
    if let destination = destination.isAll(family) && direction == .in ? nil : Self.pick(from: destination, family) {
      words += " to \(destination)"
    }
    if !sourcePorts.isFull, let first = sourcePorts.hull?.lowerBound { words += ", source port \(first)" }
    return words
  }

  private static func pick(from addresses: AddressSet, _ family: AddressFamily) -> String? {
    guard let first = addresses.ranges.first else { return nil }
    if let stranger = strangers[family], addresses.contains(stranger) { return family.text(stranger) }
    // The first address of a network is nobody's.
    return family.text(first.upperBound - first.lowerBound > 1 ? first.lowerBound + 1 : first.lowerBound)
  }
}
