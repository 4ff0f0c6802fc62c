// SPDX-License-Identifier: Apache-2.0

/// An IPv4 address.
public struct IPv4Address: Sendable, Hashable, Comparable {
  public var bits: UInt32

  public init(bits: UInt32) { self.bits = bits }

  /// Reads four decimal numbers with dots between.
  ///
  /// Stricter than libvirt, whose reader takes a leading zero for octal (`010.0.0.1` is 8.0.0.1) and accepts fewer than four
  /// numbers (nwfilter_conf.c, virSocketAddrParse): both are refused here.
  public init?(_ text: String) {
    var bits: UInt32 = 0
    var parts = 0
    var digits = 0
    var number: UInt32 = 0
    for byte in text.utf8 {
      if byte == UInt8(ascii: ".") {
        guard digits > 0, parts < 3 else { return nil }
        bits = bits << 8 | number
        parts += 1
        digits = 0
        number = 0
      } else {
        guard byte.isDigit, !(digits > 0 && number == 0) else { return nil }
        number = number * 10 + UInt32(byte - UInt8(ascii: "0"))
        digits += 1
        guard number <= 255 else { return nil }
      }
    }
    guard parts == 3, digits > 0 else { return nil }
    self.bits = bits << 8 | number
  }

  public static func < (left: IPv4Address, right: IPv4Address) -> Bool { left.bits < right.bits }
}

extension IPv4Address: CustomStringConvertible {
  public var description: String { "\(bits >> 24).\(bits >> 16 & 255).\(bits >> 8 & 255).\(bits & 255)" }
}

/// An IPv6 address without a zone.
public struct IPv6Address: Sendable, Hashable, Comparable {
  public var high: UInt64
  public var low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Reads any textual form of RFC 4291, section 2.2, a dotted IPv4 tail included.
  public init?(_ text: String) {
    var words: [UInt16] = []
    var gap: Int?
    var rest = Substring(text)
    if rest.hasPrefix("::") {
      gap = 0
      rest = rest.dropFirst(2)
    }
    while !rest.isEmpty {
      let end = rest.firstIndex(of: ":") ?? rest.endIndex
      let part = rest[..<end]
      if part.contains(".") {
        guard end == rest.endIndex, let tail = IPv4Address(String(part)) else { return nil }
        words.append(UInt16(tail.bits >> 16))
        words.append(UInt16(tail.bits & 0xffff))
        rest = ""
        break
      }
      guard !part.isEmpty, part.utf8.count <= 4, part.utf8.allSatisfy(\.isHexDigit), let word = UInt16(part, radix: 16)
      else { return nil }
      words.append(word)
      guard end < rest.endIndex else { break }
      rest = rest[rest.index(after: end)...]
      if rest.isEmpty { return nil }
      if rest.first == ":" {
        guard gap == nil else { return nil }
        gap = words.count
        rest = rest.dropFirst()
      }
    }
    guard gap == nil ? words.count == 8 : words.count <= 7 else { return nil }
    if let gap {
      words.insert(contentsOf: repeatElement(0, count: 8 - words.count), at: gap)
    }
    high = words[..<4].reduce(0) { $0 << 16 | UInt64($1) }
    low = words[4...].reduce(0) { $0 << 16 | UInt64($1) }
  }

  public static func < (left: IPv6Address, right: IPv6Address) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}

extension IPv6Address: CustomStringConvertible {
  /// The form that glibc's inet_ntop prints, which is libvirt's canonical one.
  public var description: String {
    let words = (0..<8).map { index in
      UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> (48 - 16 * UInt64(index % 4)))
    }
    var zeros = 0..<0
    var start = 0
    while start < 8 {
      let end = words[start...].firstIndex { $0 != 0 } ?? 8
      if end - start > zeros.count { zeros = start..<end }
      start = end + 1
    }
    if zeros.count < 2 { zeros = 0..<0 }
    let isMapped = zeros == 0..<5 && words[5] == 0xffff
    if isMapped || zeros == 0..<6 {
      let tail = IPv4Address(bits: UInt32(truncatingIfNeeded: low)).description
      return isMapped ? "::ffff:\(tail)" : "::\(tail)"
    }
    func join(_ part: some Sequence<UInt16>) -> String {
      part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    return zeros.isEmpty ? join(words) : "\(join(words[..<zeros.lowerBound]))::\(join(words[zeros.upperBound...]))"
  }
}

/// An address of either family.
public enum IPAddress: Sendable, Hashable {
  case ipv4(IPv4Address)
  case ipv6(IPv6Address)

  /// Reads what `IPv4Address` or `IPv6Address` reads.
  public init?(_ text: String) {
    if let address = IPv4Address(text) {
      self = .ipv4(address)
    } else if let address = IPv6Address(text) {
      self = .ipv6(address)
    } else {
      return nil
    }
  }
}

extension IPAddress: CustomStringConvertible {
  public var description: String {
    switch self {
    case .ipv4(let address): address.description
    case .ipv6(let address): address.description
    }
  }
}

/// An Ethernet address, or a mask of one.
public struct MACAddress: Sendable, Hashable, Comparable {
  /// 48 bits, the first byte on the wire the highest.
  public var bits: UInt64

  public init(bits: UInt64) { self.bits = bits }

  /// Reads six numbers of one or two hexadecimal digits with colons between.
  public init?(_ text: String) {
    var bits: UInt64 = 0
    var parts = 0
    var digits = 0
    var number: UInt64 = 0
    for byte in text.utf8 {
      if byte == UInt8(ascii: ":") {
        guard digits > 0, parts < 5 else { return nil }
        bits = bits << 8 | number
        parts += 1
        digits = 0
        number = 0
      } else {
        guard let digit = byte.hexDigit, digits < 2 else { return nil }
        number = number << 4 | UInt64(digit)
        digits += 1
      }
    }
    guard parts == 5, digits > 0 else { return nil }
    self.bits = bits << 8 | number
  }

  /// Whether the bits are ones followed by zeros, as libvirt demands of a mask (nwfilter_conf.c, checkMACMask).
  public var isContiguousMask: Bool {
    let zeros = ~bits & 0xffff_ffff_ffff
    return zeros & (zeros + 1) == 0
  }

  public static func < (left: MACAddress, right: MACAddress) -> Bool { left.bits < right.bits }
}

extension MACAddress: CustomStringConvertible {
  /// Lower case, two digits a byte.
  public var description: String {
    (0..<6).map { index in
      let byte = UInt8(truncatingIfNeeded: bits >> (40 - 8 * UInt64(index)))
      return (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined(separator: ":")
  }
}

extension UInt8 {
  var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  var isHexDigit: Bool { hexDigit != nil }
  var isLetter: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20) }

  var hexDigit: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
