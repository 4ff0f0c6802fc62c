// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A text in the grammar of rules, and where its characters stand in the file.
struct RuleText {
  let bytes: [UInt8]
  let range: SourceRange
  /// Columns before the first character: that of a quote. nil where a character of the file is not one of the text: in
  /// texts of several lines, and in those with escapes, whose columns are more than their characters.
  private let indent: Int?
  private let isASCII: Bool

  init(_ scalar: Node.Scalar, _ range: SourceRange) {
    bytes = Array(scalar.text.utf8)
    self.range = range
    isASCII = bytes.allSatisfy { $0 < 0x80 }
    let count = isASCII ? bytes.count : scalar.text.unicodeScalars.count
    let width = range.end.column - range.start.column
    let isOneLine = range.start.line == range.end.line
    switch scalar.style {
    case .plain: indent = isOneLine && width == count ? 0 : nil
    case .singleQuoted, .doubleQuoted: indent = isOneLine && width == count + 2 ? 1 : nil
    case .literal, .folded: indent = nil
    }
  }

  func text(_ part: Range<Int>) -> String { String(decoding: bytes[part], as: UTF8.self) }

  /// The place of some of the bytes; of all of the text where they have none of their own.
  func range(_ part: Range<Int>) -> SourceRange {
    guard let indent else { return range }
    let start = range.start.column + indent + scalars(0..<part.lowerBound)
    return SourceRange(
      file: range.file, start: SourcePosition(line: range.start.line, column: start),
      end: SourcePosition(line: range.start.line, column: start + max(1, scalars(part))))
  }

  private func scalars(_ part: Range<Int>) -> Int {
    isASCII ? part.count : bytes[part].count { $0 & 0xc0 != 0x80 }
  }
}

/// A word or a comma of a rule.
struct RuleToken {
  var isComma: Bool
  /// Its bytes in the text.
  var part: Range<Int>
}

extension RuleText {
  /// The first character that looks like a blank or like nothing, and is neither to the grammar: no-break spaces, spaces of
  /// other widths, and those of no width.
  var foreignBlank: Range<Int>? {
    if isASCII { return nil }
    var start = 0
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      let end = start + scalar.utf8.count
      switch scalar.value {
      case 0xa0, 0x1680, 0x2000...0x200b, 0x202f, 0x205f, 0x2060, 0x3000, 0xfeff: return start..<end
      default: start = end
      }
    }
    return nil
  }

  /// Words end at blanks and commas. Names of VMs, which may hold both, can stand in quotes: `vm:"db 1"`.
  func tokens() -> [RuleToken] {
    var tokens: [RuleToken] = []
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      let start = index
      index += 1
      if Self.isBlank(byte) { continue }
      if byte == Self.comma {
        tokens.append(RuleToken(isComma: true, part: start..<index))
        continue
      }
      if bytes[start...].starts(with: Self.quotedMachine) {
        index = start + Self.quotedMachine.count
        while index < bytes.count, bytes[index] != Self.quote { index += 1 }
      }
      while index < bytes.count, !Self.isBlank(bytes[index]), bytes[index] != Self.comma { index += 1 }
      tokens.append(RuleToken(isComma: false, part: start..<index))
    }
    return tokens
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d }
  private static let comma = UInt8(ascii: ",")
  private static let quote = UInt8(ascii: "\"")
  private static let quotedMachine = Array("vm:\"".utf8)
}
