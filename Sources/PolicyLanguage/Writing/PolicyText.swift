// SPDX-License-Identifier: Apache-2.0

/// Scalars of YAML: plain where every reader takes them for the text that they are, else in double quotes.
enum PolicyText {
  /// - Parameter quotesNumbers: whether a plain decimal number is quoted too.
  static func scalar(_ text: String, quotesNumbers: Bool = false) -> String {
    if isPlain(text), !isTyped(text), !(quotesNumbers && isDecimal(text)) { return text }
    return quoted(text)
  }

  /// Letters, digits and characters that mean nothing in YAML, inside brackets as well.
  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return false }
    let canBegin = isAlphanumeric(first) || "_$/.".utf8.contains(first) || isDecimal(text)
    return canBegin && last != UInt8(ascii: " ")
      && text.utf8.allSatisfy { isAlphanumeric($0) || "_.-/+$()=; ".utf8.contains($0) }
  }

  /// Whether YAML 1.1 or 1.2 takes it for a truth value, nothing, or a number that is not written as one writes it.
  private static func isTyped(_ text: String) -> Bool {
    if words.contains(text.lowercased()) { return true }
    if isDecimal(text) { return false }
    guard let first = text.utf8.first, isDigit(first) || "+-.".utf8.contains(first) else { return false }
    let digits = text.filter { $0 != "_" }
    return Double(digits) != nil || Int(digits.replacing("0o", with: ""), radix: 8) != nil
  }

  private static let words: Set<String> = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "~"]

  private static func isDecimal(_ text: String) -> Bool {
    guard let number = Int(text) else { return false }
    return String(number) == text
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where isHidden(scalar): result += escape(scalar)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// What YAML does not allow, reads as a line end, or does not show.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f...0x9f, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff: true
    default: false
    }
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
