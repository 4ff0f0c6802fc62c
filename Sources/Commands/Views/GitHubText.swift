// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// Diagnostics as workflow commands, which GitHub shows beside the lines (docs.github.com, "Workflow commands for GitHub
/// Actions").
enum GitHubText {
  /// - Parameter prefix: what comes before the paths of files, with `/` at its end; empty for nothing.
  static func text(_ diagnostics: [Diagnostic], prefix: String) -> String {
    DiagnosticRenderer.sorted(diagnostics).map { line($0, prefix) }.joined()
  }

  private static func line(_ diagnostic: Diagnostic, _ prefix: String) -> String {
    var properties: [(String, String)] = []
    if let range = diagnostic.range {
      properties = [("file", prefix + range.file), ("line", String(range.start.line))]
      properties.append(("endLine", String(range.end.line)))
      // Columns are for places within one line only; the last one is included.
      if range.start.line == range.end.line {
        properties.append(("col", String(range.start.column)))
        properties.append(("endColumn", String(max(range.start.column, range.end.column - 1))))
      }
    }
    properties.append(("title", diagnostic.code.rawValue))
    let words = properties.map { "\($0)=\(escaped($1, isProperty: true))" }.joined(separator: ",")
    return "::\(diagnostic.severity.rawValue) \(words)::\(escaped(message(diagnostic), isProperty: false))\n"
  }

  private static func message(_ diagnostic: Diagnostic) -> String {
    var lines = [diagnostic.message]
    if let expected = diagnostic.expected { lines.append("expected: \(expected)") }
    lines += diagnostic.notes.map { note in note.range.map { "note: \(note.message): \($0)" } ?? "note: \(note.message)"
    }
    if let hint = diagnostic.hint { lines.append("hint: \(hint)") }
    return lines.joined(separator: "\n")
  }

  /// What would end a property or the command (actions/toolkit, command.ts).
  private static func escaped(_ text: String, isProperty: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "%": result += "%25"
      case "\r": result += "%0D"
      case "\n": result += "%0A"
      case ":" where isProperty: result += "%3A"
      case "," where isProperty: result += "%2C"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
