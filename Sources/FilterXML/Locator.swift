// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// Finds the place of an element or attribute in the source text; libxml2 knows no more than a line.
struct Locator {
  private let file: String
  private let bytes: [UInt8]
  /// The offset at which each line begins.
  private let lines: [Int]

  init(file: String, text: String) {
    self.file = file
    bytes = Array(text.utf8)
    var lines = [0]
    for (offset, byte) in bytes.enumerated() where byte == newline { lines.append(offset + 1) }
    self.lines = lines
  }

  /// The attribute inside the element's start tag, else the tag's name, else the line.
  func range(of element: XMLElement, attribute: String? = nil) -> SourceRange {
    let line = element.line
    guard (1...lines.count).contains(line), let tag = tag(named: element.name, endingOn: line) else {
      return range(line: line)
    }
    if let attribute, let place = place(of: attribute, after: tag.upperBound) { return range(place) }
    return range(tag)
  }

  /// The whole line without the blanks around it; the first where there is none such.
  func range(line: Int) -> SourceRange {
    guard (1...lines.count).contains(line) else { return range(0..<0) }
    var start = lines[line - 1]
    var end = self.end(ofLine: line)
    while start < end, bytes[start].isBlank { start += 1 }
    while end > start, bytes[end - 1].isBlank { end -= 1 }
    return range(start..<end)
  }

  private func end(ofLine line: Int) -> Int { line < lines.count ? lines[line] - 1 : bytes.count }

  /// `<name`, searched backwards from the line on which the start tag ends.
  private func tag(named name: String, endingOn line: Int) -> Range<Int>? {
    let pattern = [UInt8(ascii: "<")] + Array(name.utf8)
    var start = end(ofLine: line) - pattern.count
    while start >= 0 {
      let end = start + pattern.count
      if bytes[start] == pattern[0], bytes[start..<end].elementsEqual(pattern),
        end == bytes.count || bytes[end].isBlank || bytes[end] == UInt8(ascii: ">") || bytes[end] == UInt8(ascii: "/")
      {
        return start..<end
      }
      start -= 1
    }
    return nil
  }

  /// `name='value'` up to the end of the tag.
  private func place(of attribute: String, after start: Int) -> Range<Int>? {
    var at = start
    while at < bytes.count, bytes[at] != UInt8(ascii: ">"), bytes[at] != UInt8(ascii: "/") {
      while at < bytes.count, bytes[at].isBlank { at += 1 }
      let name = at
      while at < bytes.count, bytes[at] != UInt8(ascii: "="), bytes[at] != UInt8(ascii: ">"), !bytes[at].isBlank {
        at += 1
      }
      let isWanted = bytes[name..<at].elementsEqual(attribute.utf8)
      guard let opening = bytes[at...].firstIndex(where: { $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "\"") }),
        let closing = bytes[(opening + 1)...].firstIndex(of: bytes[opening])
      else { return nil }
      at = closing + 1
      if isWanted { return name..<at }
    }
    return nil
  }

  private func range(_ place: Range<Int>) -> SourceRange {
    SourceRange(file: file, start: position(place.lowerBound), end: position(place.upperBound))
  }

  private func position(_ offset: Int) -> SourcePosition {
    var low = 0
    var high = lines.count
    while low + 1 < high {
      let middle = (low + high) / 2
      if lines[middle] <= offset { low = middle } else { high = middle }
    }
    let scalars = bytes[lines[low]..<offset].count { $0 & 0xc0 != 0x80 }
    return SourcePosition(line: low + 1, column: scalars + 1)
  }
}

private let newline = UInt8(ascii: "\n")

extension UInt8 {
  fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || (9...13).contains(self) }
}
