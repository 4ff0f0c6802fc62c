// SPDX-License-Identifier: Apache-2.0

/// Lines as they are written: no empty ones at the ends, and no two of them in a row unless they are part of a text.
struct LayoutOutput {
  private var lines: [String] = []
  private var current: String?
  private var isEmptyLinePending = false
  private(set) var indentOfLine = 0

  mutating func startLine(indent: Int) {
    endLine()
    if isEmptyLinePending, !lines.isEmpty { lines.append("") }
    isEmptyLinePending = false
    indentOfLine = indent
    current = String(repeating: " ", count: indent)
  }

  mutating func append(_ text: String) { current = (current ?? "") + text }

  mutating func appendEmptyLine() {
    endLine()
    isEmptyLinePending = true
  }

  /// Lines that are part of a text.
  mutating func appendVerbatim(_ text: [String]) {
    endLine()
    lines += text
  }

  mutating func finish() -> String {
    endLine()
    return lines.isEmpty ? "" : lines.joined(separator: "\n") + "\n"
  }

  private mutating func endLine() {
    if let line = current { lines.append(line) }
    current = nil
  }
}
