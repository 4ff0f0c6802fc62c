// SPDX-License-Identifier: Apache-2.0

/// Addresses of one family as numbers; IPv4 uses 0...2³²−1.
public typealias AddressSet = IntervalSet<UInt128>

/// Made once, as most fields of most regions share them.
private let allIPv4 = AddressSet(0...AddressFamily.ipv4.lastAddress)
private let allIPv6 = AddressSet(0...AddressFamily.ipv6.lastAddress)

extension AddressSet {
  /// Every address of a family.
  public static func all(_ family: AddressFamily) -> AddressSet { family == .ipv4 ? allIPv4 : allIPv6 }

  /// Whether the set is every address of the family.
  public func isAll(_ family: AddressFamily) -> Bool {
    ranges.count == 1 && ranges[0] == 0...family.lastAddress
  }

  /// The addresses of a prefix; bits of `first` beyond the length are ignored.
  ///
  /// - Precondition: `length` is in 0...`family.bitCount`, and `first` is an address of the family.
  public static func prefix(first: UInt128, length: Int, family: AddressFamily) -> ClosedRange<UInt128> {
    precondition((0...family.bitCount).contains(length) && first <= family.lastAddress)
    let hostBits = UInt128.max >> (128 - (family.bitCount - length))
    return first & ~hostBits...first | hostBits
  }

  /// The fewest prefixes that cover exactly this set, lowest first.
  ///
  /// - Precondition: the set holds addresses of the family only.
  public func prefixes(_ family: AddressFamily) -> [(first: UInt128, length: Int)] {
    var result: [(first: UInt128, length: Int)] = []
    for range in ranges {
      precondition(range.upperBound <= family.lastAddress)
      var first = range.lowerBound
      while true {
        // The largest aligned block that begins here and does not reach beyond the end.
        let more = range.upperBound - first
        let fitting = more == .max ? 128 : 127 - (more + 1).leadingZeroBitCount
        let hostBitCount = Swift.min(fitting, first.trailingZeroBitCount)
        result.append((first: first, length: family.bitCount - hostBitCount))
        let last = first | UInt128.max >> (128 - hostBitCount)
        if last == range.upperBound { break }
        first = last + 1
      }
    }
    return result
  }

  /// The ranges with their family, for output.
  public func addressRanges(_ family: AddressFamily) -> [AddressRange] {
    ranges.map { AddressRange(family: family, range: $0) }
  }
}
