// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// Lays out policy files: two blanks a level, one between tokens, at most one empty line, comments kept.
///
/// Order, quotes, line breaks and comments are the author's. Formatting twice gives what formatting once gives.
public enum Formatter {
  public struct Result: Sendable {
    /// The new text; the old one where the file cannot be formatted.
    public var text: String
    /// Why it cannot be.
    public var diagnostics: [Diagnostic]
  }

  /// Formats the text of one file, whatever its sections say.
  public static func format(_ text: String, file: String) -> Result {
    let original = SourceText(Array(text.utf8))
    let parsed = NodeParser.parse(original, file: file)
    guard parsed.isComplete, parsed.diagnostics.isEmpty else {
      return Result(text: text, diagnostics: parsed.diagnostics)
    }
    let normalized = SourceText(normalizeLineEnds(original.bytes))
    do throws(LibYAMLProblem) {
      var layout = Layout(lines: normalized.lines())
      let formatted = layout.format(try SourceToken.scan(Array(normalized.bytes)))
      // libyaml keeps no comments: that nothing but the layout changed is checked, not assumed.
      if hasSameContent(normalized, SourceText(Array(formatted.utf8)), file: file) {
        return Result(text: formatted, diagnostics: [])
      }
    } catch {
      return Result(
        text: text, diagnostics: [SyntaxProblem(original, file: file).diagnostic(for: error)])
    }
    let start = SourcePosition(line: 1, column: 1)
    return Result(
      text: text,
      diagnostics: [
        Diagnostic(
          "cannot-format", "\(file) has a layout that cannot be rewritten without changing what it says",
          at: SourceRange(file: file, start: start, end: SourcePosition(line: 1, column: 2)),
          hint: "write texts of several lines without indentation indicators and explicit keys (?)")
      ])
  }

  /// LF only, the last line ended.
  private static func normalizeLineEnds(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var result = bytes.filter { $0 != UInt8(ascii: "\r") }
    if let last = result.last, last != UInt8(ascii: "\n") { result.append(UInt8(ascii: "\n")) }
    return result
  }

  private static func hasSameContent(_ before: SourceText, _ after: SourceText, file: String) -> Bool {
    let trees = (NodeParser.parse(before, file: file), NodeParser.parse(after, file: file))
    guard trees.1.isComplete, trees.1.diagnostics.isEmpty else { return false }
    switch (trees.0.root, trees.1.root) {
    case (nil, nil): return true
    case (let left?, let right?): return left.hasSameContent(as: right)
    default: return false
    }
  }
}
