// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// The bytes of one file, checked to be text in which a line ends at a line feed and nowhere else.
struct SourceText: Sendable {
  /// Bytes of one file at most: 1 MiB.
  static let mostBytes = 1 << 20
  /// Bytes of the address lock at most, which no person writes: 16 MiB, some 100 bytes for each NIC.
  static let mostLockBytes = 16 << 20

  static func mostBytes(_ file: String) -> Int { file == AddressLockFile.name ? mostLockBytes : mostBytes }

  /// Without a byte order mark.
  let bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    self.bytes = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes.dropFirst(3) : bytes[...]
  }

  /// Where the lines begin, the end of the text last unless it ends a line.
  func lineStarts() -> [Int] {
    var starts = [bytes.startIndex]
    for index in bytes.indices where bytes[index] == Self.lineFeed { starts.append(index + 1) }
    if starts.last != bytes.endIndex { starts.append(bytes.endIndex) }
    return starts
  }

  /// The text between two starts of lines, without its end.
  func line(_ range: Range<Int>) -> String {
    let line = bytes[range]
    return Self.text(line.last == Self.lineFeed ? line.dropLast() : line)
  }

  /// All lines without their ends; the last one is left out if it is empty.
  func lines() -> [String] {
    var lines = bytes.split(separator: Self.lineFeed, omittingEmptySubsequences: false).map(Self.text)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  private static func text(_ line: ArraySlice<UInt8>) -> String {
    String(decoding: line.last == carriageReturn ? line.dropLast() : line, as: UTF8.self)
  }

  /// What YAML does not allow in a text, and line ends that editors and YAML readers do not agree about.
  func firstProblem(in file: String) -> Diagnostic? {
    let most = Self.mostBytes(file)
    if bytes.count > most {
      return Diagnostic(
        "file-too-large", "\(file) has \(bytes.count) bytes", at: place(file, line: 1, column: 1),
        expected: "at most \(most) bytes (\(most >> 20) MiB) in one file",
        hint: most == Self.mostBytes ? "split it into several files" : "'nwfleet lock --prune' takes out what is gone")
    }
    guard let index = firstSuspect() else { return nil }
    return firstProblem(from: index, in: file)
  }

  /// The first byte that is not printable ASCII, a tab, or a line end: most files have none.
  private func firstSuspect() -> Int? {
    bytes.firstIndex { byte in
      byte >= 0x7f || (byte < 0x20 && byte != Self.lineFeed && byte != 0x09)
    }
  }

  private func firstProblem(from suspect: Int, in file: String) -> Diagnostic? {
    let before = bytes[..<suspect]
    var line = before.reduce(1) { $1 == Self.lineFeed ? $0 + 1 : $0 }
    var column = suspect - (before.lastIndex(of: Self.lineFeed).map { $0 + 1 } ?? before.startIndex) + 1
    var decoder = UTF8()
    var iterator = bytes[suspect...].makeIterator()
    var followsCarriageReturn = false
    while true {
      switch decoder.decode(&iterator) {
      case .emptyInput:
        return followsCarriageReturn ? carriageReturnProblem(file, line, column - 1) : nil
      case .error:
        return Diagnostic(
          "not-utf8", "the file is not UTF-8 text", at: place(file, line: line, column: column),
          hint: "save it as UTF-8")
      case .scalarValue(let scalar):
        if followsCarriageReturn, scalar != "\n" { return carriageReturnProblem(file, line, column - 1) }
        followsCarriageReturn = scalar == "\r"
        if !Self.isAllowed(scalar) {
          let hex = String(scalar.value, radix: 16, uppercase: true)
          let name = "U+" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
          return Diagnostic(
            "bad-character", "character \(name) is not allowed in a policy file",
            at: place(file, line: line, column: column),
            hint: "remove it, or write it as an escape in a double-quoted text")
        }
        if scalar == "\n" {
          line += 1
          column = 1
        } else {
          column += 1
        }
      }
    }
  }

  private func carriageReturnProblem(_ file: String, _ line: Int, _ column: Int) -> Diagnostic {
    Diagnostic(
      "bad-character", "a carriage return without a line feed", at: place(file, line: line, column: column),
      expected: "lines that end in LF or CRLF", hint: "convert the line ends, e.g. with dos2unix -c mac")
  }

  /// The printable characters of YAML 1.1, section 5.1, without those that are line ends to some readers only.
  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0a, 0x0d, 0x20...0x7e: true
    case 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff: false
    case 0xa0...0xfffd, 0x10000...0x10ffff: true
    default: false
    }
  }

  private func place(_ file: String, line: Int, column: Int) -> SourceRange {
    SourceRange(
      file: file, start: SourcePosition(line: line, column: column), end: SourcePosition(line: line, column: column + 1)
    )
  }

  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")
}
