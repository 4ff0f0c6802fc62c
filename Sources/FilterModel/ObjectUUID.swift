// SPDX-License-Identifier: Apache-2.0

/// A UUID (RFC 9562), printed as libvirt does: lower case with hyphens.
public struct ObjectUUID: Sendable, Hashable, Comparable {
  public var high: UInt64
  public var low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Reads 32 hexadecimal digits, hyphens anywhere between, as libvirt does (viruuid.c, virUUIDParse).
  public init?(_ text: String) {
    var high: UInt64 = 0
    var low: UInt64 = 0
    var count = 0
    for byte in text.utf8 {
      if byte == UInt8(ascii: "-"), count > 0 { continue }
      guard let digit = byte.hexDigit, count < 32 else { return nil }
      if count < 16 {
        high = high << 4 | UInt64(digit)
      } else {
        low = low << 4 | UInt64(digit)
      }
      count += 1
    }
    guard count == 32 else { return nil }
    self.init(high: high, low: low)
  }

  /// The name-based UUID, version 5 (RFC 9562, section 5.5): the same everywhere for the same namespace and name.
  public init(namespace: ObjectUUID, name: String) {
    var message = namespace.bytes
    message.append(contentsOf: name.utf8)
    let digest = SHA1.digest(message)
    func word(_ start: Int) -> UInt64 { digest[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
    high = word(0) & ~0xf000 | 0x5000
    low = word(8) & ~(3 << 62) | 1 << 63
  }

  var bytes: [UInt8] {
    (0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> (56 - 8 * UInt64($0 % 8))) }
  }

  public static func < (left: ObjectUUID, right: ObjectUUID) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}

extension ObjectUUID: CustomStringConvertible {
  public var description: String {
    var text = ""
    for (index, byte) in bytes.enumerated() {
      if [4, 6, 8, 10].contains(index) { text += "-" }
      text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
    return text
  }
}
