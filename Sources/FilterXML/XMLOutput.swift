// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// Bytes of an XML text; what needs no string is written without one.
struct XMLOutput {
  private var bytes: [UInt8] = []

  init() { bytes.reserveCapacity(2048) }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  mutating func append(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  mutating func append(raw: [UInt8]) { bytes.append(contentsOf: raw) }

  mutating func append(_ number: Int) {
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    decimal(UInt64(number.magnitude))
  }

  /// ` name='value'`, escaped.
  mutating func attribute(_ name: StaticString, _ value: String) {
    bytes.append(UInt8(ascii: " "))
    append(name)
    append("='")
    append(escaping: value)
    bytes.append(UInt8(ascii: "'"))
  }

  /// The value's canonical text.
  mutating func append(_ value: Value, as kind: ValueKind) {
    switch value {
    case .number(let number):
      if case .number(_, let names) = kind, let name = names.name(of: number) {
        append(name)
      } else {
        decimal(UInt64(number))
      }
    case .prefixLength(let length): decimal(UInt64(length))
    case .ipv4(let address):
      for shift in [24, 16, 8, 0] as [UInt32] {
        decimal(UInt64(address.bits >> shift & 255))
        if shift > 0 { bytes.append(UInt8(ascii: ".")) }
      }
    case .mac(let address):
      for shift in stride(from: UInt64(40), through: 0, by: -8) {
        let byte = UInt8(truncatingIfNeeded: address.bits >> shift)
        bytes.append(Self.hexDigit(byte >> 4))
        bytes.append(Self.hexDigit(byte & 15))
        if shift > 0 { bytes.append(UInt8(ascii: ":")) }
      }
    default: append(escaping: kind.text(value))
    }
  }

  /// Text in an attribute or an element. Blanks other than spaces would be normalised away without the escape (XML 1.0,
  /// section 3.3.3); other control characters have no form in XML.
  mutating func append(escaping text: String) {
    if text.utf8.allSatisfy(Self.isPlain) { return append(text) }
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "&"): append("&amp;")
      case UInt8(ascii: "<"): append("&lt;")
      case UInt8(ascii: ">"): append("&gt;")
      case UInt8(ascii: "'"): append("&apos;")
      case UInt8(ascii: "\""): append("&quot;")
      case 9: append("&#9;")
      case 10: append("&#10;")
      case 13: append("&#13;")
      case 0..<0x20: append("\u{fffd}")
      default: bytes.append(byte)
      }
    }
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0..<0x20, UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "'"), UInt8(ascii: "\""): false
    default: true
    }
  }

  private mutating func decimal(_ number: UInt64) {
    if number >= 10 { decimal(number / 10) }
    bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }
}
