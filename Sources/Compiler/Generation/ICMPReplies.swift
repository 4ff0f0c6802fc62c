// SPDX-License-Identifier: Apache-2.0

import PacketPath

extension PacketRegion {
  /// Whether the region is about some types of ICMP and not about all of them.
  var hasMessages: Bool { portUse == .messages && !destinationPorts.isFull }

  /// The packets that answer these.
  ///
  /// For ICMP of given types only the answers to queries; error messages belong to the flow that they are about.
  func replies() -> PacketRegion? {
    var result = reversed()
    guard hasMessages else { return result }
    let ranges = destinationPorts.ranges.flatMap { range in
      (UInt8(range.lowerBound >> 8)...UInt8(range.upperBound >> 8)).compactMap { type in
        ConnectionTracking.reply(to: type, family).map(Self.messages)
      }
    }
    result.destinationPorts = IntervalSet(ranges)
    return result.isEmpty ? nil : result
  }

  /// All codes of one type of ICMP.
  static func messages(_ type: UInt8) -> ClosedRange<UInt16> { UInt16(type) << 8...UInt16(type) << 8 | 255 }
}

extension PacketRegion {
  /// The messages of a region of ICMP that are in a set, and the others.
  func split(by messages: IntervalSet<UInt16>) -> (inside: PacketRegion?, outside: PacketRegion?) {
    var inside = self
    inside.destinationPorts = destinationPorts.intersection(messages)
    var outside = self
    outside.destinationPorts = destinationPorts.subtracting(messages)
    return (inside.isEmpty ? nil : inside, outside.isEmpty ? nil : outside)
  }
}

extension IntervalSet<UInt16> {
  /// The messages of ICMPv6 that no match of a state ever finds.
  static let untrackedICMPv6 = IntervalSet(
    ConnectionTracking.untrackedTypes.ranges.map { UInt16($0.lowerBound) << 8...UInt16($0.upperBound) << 8 | 255 })

  /// The messages that begin a flow for Linux.
  static func queries(_ family: AddressFamily) -> Self { family == .ipv4 ? queriesIPv4 : queriesIPv6 }

  private static let queriesIPv4 = queryTypes(.ipv4)
  private static let queriesIPv6 = queryTypes(.ipv6)

  private static func queryTypes(_ family: AddressFamily) -> Self {
    IntervalSet((0...255).filter { ConnectionTracking.reply(to: $0, family) != nil }.map(PacketRegion.messages))
  }
}
