// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// The two versions of IP; a packet is of one of them.
public enum AddressFamily: UInt8, Sendable, Hashable, CaseIterable, Comparable {
  case ipv4 = 4
  case ipv6 = 6

  /// How many bits an address has: 32 or 128.
  public var bitCount: Int { self == .ipv4 ? 32 : 128 }

  /// The last address, as a number; the first is 0.
  public var lastAddress: UInt128 { self == .ipv4 ? UInt128(UInt32.max) : .max }

  /// The number of the family's ICMP: 1 or 58 (IANA, Assigned Internet Protocol Numbers).
  public var icmp: UInt8 { self == .ipv4 ? 1 : 58 }

  public static func < (left: AddressFamily, right: AddressFamily) -> Bool { left.rawValue < right.rawValue }

  /// The canonical text of an address, as libvirt prints it.
  ///
  /// - Precondition: `number` is at most `lastAddress`.
  public func text(_ number: UInt128) -> String {
    switch self {
    case .ipv4: IPv4Address(number: number).description
    case .ipv6: IPv6Address(number: number).description
    }
  }
}

extension IPv4Address {
  /// The address as a number in 0...2³²−1.
  public var number: UInt128 { UInt128(bits) }

  /// - Precondition: `number` is at most 2³²−1.
  public init(number: UInt128) { self.init(bits: UInt32(number)) }
}

extension IPv6Address {
  /// The address as a number.
  public var number: UInt128 { UInt128(high) << 64 | UInt128(low) }

  public init(number: UInt128) {
    self.init(high: UInt64(truncatingIfNeeded: number >> 64), low: UInt64(truncatingIfNeeded: number))
  }
}
