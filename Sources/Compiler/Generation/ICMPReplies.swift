// SPDX-License-Identifier: Apache-2.0

import PacketPath

extension PacketRegion {
  /// The protocol number of the family's ICMP.
  static func icmp(_ family: AddressFamily) -> UInt8 { family == .ipv4 ? 1 : 58 }

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
        ICMPMessages.reply(to: type, family).map(Self.messages)
      }
    }
    result.destinationPorts = IntervalSet(ranges)
    return result.isEmpty ? nil : result
  }

  /// All codes of one type of ICMP.
  static func messages(_ type: UInt8) -> ClosedRange<UInt16> { UInt16(type) << 8...UInt16(type) << 8 | 255 }
}

/// Types of ICMPv6 that Linux does not track, so that no match of a state ever finds them: neighbour and multicast listener
/// discovery (Linux 6.1, nf_conntrack_proto_icmpv6.c, `noct_valid_new`).
enum UntrackedICMPv6 {
  static let messages = IntervalSet<UInt16>((130...136).map(PacketRegion.messages) + [PacketRegion.messages(143)])
}
