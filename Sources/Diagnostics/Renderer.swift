// SPDX-License-Identifier: Apache-2.0

/// Turns diagnostics into text for people: the place, the line itself, a caret, what was expected, a hint.
public struct DiagnosticRenderer: Sendable {
  private let line: @Sendable (_ file: String, _ number: Int) -> String?
  private let style: Style

  /// - Parameters:
  ///   - style: `plain` where the reader is no terminal.
  ///   - line: the text of line `number` (from 1) of a file, without its line end; nil where it cannot be had.
  public init(style: Style = .plain, line: @escaping @Sendable (_ file: String, _ number: Int) -> String?) {
    self.style = style
    self.line = line
  }

  /// All findings in the order of their places, a blank line between two.
  public func render(_ diagnostics: [Diagnostic]) -> String {
    Self.sorted(diagnostics).map(render).joined(separator: "\n")
  }

  /// One finding, every line ended.
  public func render(_ diagnostic: Diagnostic) -> String {
    var text = ""
    if let range = diagnostic.range {
      text += style.bold("\(range): ")
    }
    let severity = diagnostic.severity.rawValue + ":"
    text += diagnostic.severity == .error ? style.red(severity) : style.yellow(severity)
    text += " \(diagnostic.message) [\(diagnostic.code.rawValue)]\n"
    if let range = diagnostic.range {
      text += excerpt(range)
    }
    if let expected = diagnostic.expected {
      text += "  expected: \(expected)\n"
    }
    for note in diagnostic.notes {
      text += note.range.map { "  note: \(note.message): \($0)\n" } ?? "  note: \(note.message)\n"
    }
    if let hint = diagnostic.hint {
      text += "  hint: \(hint)\n"
    }
    return text
  }

  /// Findings without a place first, then by file, line and column.
  public static func sorted(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
    diagnostics.enumerated().sorted { left, right in
      switch (left.element.range, right.element.range) {
      case (nil, nil): left.offset < right.offset
      case (nil, _): true
      case (_, nil): false
      case let (a?, b?): a == b ? left.offset < right.offset : a < b
      }
    }.map(\.element)
  }

  /// The source line with a caret below it; long lines are cut around the place.
  private func excerpt(_ range: SourceRange) -> String {
    guard let text = line(range.file, range.start.line) else { return "" }
    let scalars = Array(text.unicodeScalars)
    let widest = 160
    let first = max(0, min(range.start.column - 1, scalars.count))
    let skipped = first > widest - 40 ? first - 40 : 0
    let shown = scalars[skipped..<min(scalars.count, skipped + widest)]
    let number = String(range.start.line)
    let margin = String(repeating: " ", count: number.count)
    let length =
      range.end.line == range.start.line
      ? max(1, range.end.column - range.start.column) : max(1, scalars.count - first)
    var line = skipped > 0 ? "…" : ""
    line.unicodeScalars.append(contentsOf: shown.map { Self.isPrintable($0) ? $0 : " " })
    let indent = String(repeating: " ", count: first - skipped + (skipped > 0 ? 1 : 0))
    let room = max(1, shown.count - (first - skipped))
    let carets = String(repeating: "^", count: min(length, room))
    return "  \(number) | \(line)\n  \(margin) | \(indent)\(style.red(carets))\n"
  }

  /// Control characters would move the caret, or the reader's terminal.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= 0x20 && scalar.value != 0x7f && !(0x80...0x9f).contains(scalar.value)
  }
}
