// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// Addresses of one family from a first to a last, both included.
public struct AddressRange: Sendable, Hashable, Comparable {
  public let family: AddressFamily
  /// The addresses as numbers, at most `family.lastAddress`.
  public let range: ClosedRange<UInt128>

  /// - Precondition: the range holds addresses of the family only.
  public init(family: AddressFamily, range: ClosedRange<UInt128>) {
    precondition(range.upperBound <= family.lastAddress)
    self.family = family
    self.range = range
  }

  public static func < (left: AddressRange, right: AddressRange) -> Bool {
    (left.family, left.range.lowerBound, left.range.upperBound)
      < (right.family, right.range.lowerBound, right.range.upperBound)
  }

  /// The addresses as a set.
  public var set: AddressSet { AddressSet(range) }

  /// The length of the prefix that the range is; nil if it is none. A single address is the longest prefix.
  public var prefixLength: Int? {
    let hostBits = range.upperBound ^ range.lowerBound
    guard hostBits & (hostBits &+ 1) == 0, range.lowerBound & hostBits == 0 else { return nil }
    return family.bitCount - (128 - hostBits.leadingZeroBitCount)
  }
}

extension AddressRange: CustomStringConvertible {
  /// `10.0.0.1`, `10.0.0.0/8`, or `10.0.0.1-10.0.0.9` where no prefix is exactly the range.
  public var description: String {
    let first = family.text(range.lowerBound)
    if range.lowerBound == range.upperBound { return first }
    if let prefixLength { return "\(first)/\(prefixLength)" }
    return "\(first)-\(family.text(range.upperBound))"
  }
}

/// Why a text is no range of addresses.
public enum AddressRangeProblem: Error, Sendable, Hashable {
  /// The text, or a part of it, is neither an IPv4 nor an IPv6 address, or the length of a prefix is no number.
  case notAnAddress
  /// A prefix is longer than the addresses of its family.
  case prefixTooLong
  /// An address has bits beyond its prefix: probably a mistake. `canonical` is the text without them.
  case hostBits(canonical: String)
  /// The last address is before the first.
  case inverted
  /// The first address is of one family, the last of the other.
  case mixedFamilies
}

extension AddressRange {
  /// Reads an address, a prefix or a range: `10.0.0.1`, `10.0.0.0/8`, `10.0.0.1-10.0.0.9`, `2001:db8::/32`.
  ///
  /// Neither blanks nor leading zeros are accepted, so a text has one reading.
  public init(parsing text: String) throws(AddressRangeProblem) {
    if let dash = text.utf8.firstIndex(of: UInt8(ascii: "-")) {
      let first = try Self.address(text[..<dash])
      let last = try Self.address(text[text.utf8.index(after: dash)...])
      guard first.family == last.family else { throw .mixedFamilies }
      guard first.number <= last.number else { throw .inverted }
      self.init(family: first.family, range: first.number...last.number)
    } else if let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")) {
      let (family, number) = try Self.address(text[..<slash])
      let length = try Self.length(text[text.utf8.index(after: slash)...], family)
      let range = AddressSet.prefix(first: number, length: length, family: family)
      guard range.lowerBound == number else {
        throw .hostBits(canonical: Self(family: family, range: range).description)
      }
      self.init(family: family, range: range)
    } else {
      let (family, number) = try Self.address(text[...])
      self.init(family: family, range: number...number)
    }
  }

  private static func address(
    _ text: Substring
  ) throws(AddressRangeProblem) -> (family: AddressFamily, number: UInt128) {
    let text = String(text)
    if let address = IPv4Address(text) { return (.ipv4, address.number) }
    if let address = IPv6Address(text) { return (.ipv6, address.number) }
    throw .notAnAddress
  }

  private static func length(_ text: Substring, _ family: AddressFamily) throws(AddressRangeProblem) -> Int {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard !text.isEmpty, text == "0" || text.first != "0", text.utf8.allSatisfy(digits.contains) else {
      throw .notAnAddress
    }
    guard let length = Int(text), length <= family.bitCount else { throw .prefixTooLong }
    return length
  }
}

extension AddressRange {
  /// One address.
  public init(_ address: IPAddress) {
    switch address {
    case .ipv4(let address): self.init(family: .ipv4, range: address.number...address.number)
    case .ipv6(let address): self.init(family: .ipv6, range: address.number...address.number)
    }
  }
}
