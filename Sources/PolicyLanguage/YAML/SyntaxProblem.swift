// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// Says what is wrong where libyaml stopped, by a look at the source at that place.
struct SyntaxProblem {
  private let file: String
  private let lines: [[Unicode.Scalar]]

  init(_ source: SourceText, file: String) {
    self.file = file
    lines = source.lines().map { Array($0.unicodeScalars) }
  }

  func diagnostic(for problem: LibYAMLProblem) -> Diagnostic {
    let mark = clamped(problem.mark)
    let opening = problem.contextMark.flatMap { context in scalar(at: context).map { (context, $0) } }
    return tab(at: mark) ?? quoted(at: mark) ?? address(at: mark) ?? dash(at: mark) ?? special(
      at: mark, opening: opening)
      ?? unclosed(at: mark, opening: opening) ?? nestedColon(at: mark) ?? missingColon(at: mark) ?? unclosedAtEnd(mark)
      ?? indentation(at: mark) ?? general(problem, at: mark)
  }

  // MARK: Causes

  private func tab(at mark: Mark) -> Diagnostic? {
    for line in [mark.line, mark.line - 1] where lines.indices.contains(Int(line) - 1) {
      let blanks = lines[Int(line) - 1].prefix { $0 == " " || $0 == "\t" }
      if let place = blanks.firstIndex(of: "\t") {
        return report(
          "yaml-tab", "a tab indents this line", Mark(line: line, column: Int32(place) + 1),
          expected: "blanks: YAML does not indent with tabs", hint: "replace the tab by two blanks")
      }
    }
    return nil
  }

  /// Characters that mean something to YAML at the start of a text.
  private func special(at mark: Mark, opening: (Mark, Unicode.Scalar)?) -> Diagnostic? {
    if let character = scalar(at: mark), "@`%".unicodeScalars.contains(character) {
      return report(
        "yaml-unquoted", "a text cannot begin with \(character) here", mark, hint: "put the text in quotes")
    }
    guard let (place, character) = opening, "*&!%".unicodeScalars.contains(character) else { return nil }
    return report(
      "yaml-unquoted", "a text cannot begin with \(character) here", place,
      hint: "put the text in quotes" + (character == "*" ? ", as in name: \"*\"" : ""))
  }

  /// A backslash that begins no escape, and text behind closing quotes.
  private func quoted(at mark: Mark) -> Diagnostic? {
    guard let line = line(mark), let character = scalar(at: mark) else { return nil }
    if character == "\\" {
      let escape = line[(Int(mark.column) - 1)...].prefix(2).map(String.init).joined()
      return report(
        "yaml-escape", "\(escape) means nothing inside \"…\"", mark, expected: "\\\\ for a backslash",
        hint: "use '…', where a backslash is a backslash")
    }
    let before = line.prefix(Int(mark.column) - 1)
    guard let last = before.last, last == "\"" || last == "'", !" ,:]}#".unicodeScalars.contains(character) else {
      return nil
    }
    return report(
      "yaml-quotes", "text goes on behind the closing \(last)", mark, hint: "put all of the text in quotes, or none")
  }

  /// An IPv6 address inside [ ] or { } that begins or ends with a colon.
  private func address(at mark: Mark) -> Diagnostic? {
    guard let line = line(mark), line.indices.contains(Int(mark.column) - 1) else { return nil }
    let isWord = { (scalar: Unicode.Scalar) in
      scalar.properties.isASCIIHexDigit || ":./".unicodeScalars.contains(scalar)
    }
    let place = Int(mark.column) - 1
    let start = line[..<place].lastIndex { !isWord($0) }.map { $0 + 1 } ?? 0
    let end = line[place...].firstIndex { !isWord($0) } ?? line.count
    var text = ""
    text.unicodeScalars.append(contentsOf: line[start..<max(start, end)])
    let address = text.prefix { $0 != "/" }
    guard address.hasPrefix(":") || address.hasSuffix(":"), text.count(where: { $0 == ":" }) > 1 else { return nil }
    let span = Span(
      start: Mark(line: mark.line, column: Int32(start) + 1), end: Mark(line: mark.line, column: Int32(end) + 1))
    return Diagnostic(
      "yaml-ipv6", "YAML reads the colons of \(text)", at: span.range(in: file),
      hint: "put the address in quotes: \"\(text)\"")
  }

  /// `-name` in a list, for `- name`.
  private func dash(at mark: Mark) -> Diagnostic? {
    for row in [Int(mark.line) - 1, Int(mark.line) - 2] where lines.indices.contains(row) {
      let line = lines[row]
      let blanks = line.prefix { $0 == " " }.count
      if line.count > blanks + 1, line[blanks] == "-", line[blanks + 1] == "\t" {
        return report(
          "yaml-tab", "a tab stands behind this '-'", Mark(line: Int32(row) + 1, column: Int32(blanks) + 2),
          expected: "a blank", hint: "replace the tab by a blank")
      }
      guard line.count > blanks + 1, line[blanks] == "-", !" -0123456789".unicodeScalars.contains(line[blanks + 1])
      else {
        continue
      }
      return report(
        "yaml-dash", "there is no blank after this '-'", Mark(line: Int32(row) + 1, column: Int32(blanks) + 1),
        expected: "'- ' before each element of a list")
    }
    return nil
  }

  private func unclosed(at mark: Mark, opening: (Mark, Unicode.Scalar)?) -> Diagnostic? {
    guard let (place, character) = opening, let closing = Self.closings[character] else { return nil }
    let isQuote = character == closing
    if isQuote, !isAtEnd(mark) {
      return nil
    }
    if isAtEnd(mark) || (mark.line > place.line && !isFlow(scalar(at: mark))) {
      return report(
        "yaml-unclosed", "nothing closes this \(character)", place, expected: "a \(closing) further on",
        hint: isQuote ? "close the quotes; in '…' write '' for a quote, in \"…\" write \\\"" : "add \(closing)")
    }
    return Diagnostic(
      "yaml-flow", "this does not fit here inside \(character)\(closing)", at: range(mark),
      expected: "a comma or \(closing)", hint: "put texts with : , [ ] { } in quotes",
      notes: [Diagnostic.Note("the \(character) is here", at: range(place))])
  }

  /// Where libyaml names no opening bracket, the last one that is open at the end of the file.
  private func unclosedAtEnd(_ mark: Mark) -> Diagnostic? {
    guard isAtEnd(mark) else { return nil }
    var open: [(Mark, Unicode.Scalar)] = []
    var quote: Unicode.Scalar?
    for (row, line) in lines.enumerated() {
      var before: Unicode.Scalar = " "
      for (column, scalar) in line.enumerated() {
        let startsToken = " \t[]{},".unicodeScalars.contains(before)
        before = scalar
        if let current = quote {
          if scalar == current { quote = nil }
        } else if scalar == "#", startsToken {
          break
        } else if startsToken, scalar == "\"" || scalar == "'" {
          quote = scalar
        } else if scalar == "[" || scalar == "{" {
          open.append((Mark(line: Int32(row) + 1, column: Int32(column) + 1), scalar))
        } else if scalar == "]" || scalar == "}" {
          _ = open.popLast()
        }
      }
    }
    return open.last.flatMap { unclosed(at: mark, opening: $0) }
  }

  private func nestedColon(at mark: Mark) -> Diagnostic? {
    guard scalar(at: mark) == ":", let line = line(mark) else { return nil }
    let before = line.prefix(Int(mark.column) - 1)
    guard before.contains(":") else { return nil }
    return report(
      "yaml-colon", "a second ': ' in one line: this would begin a mapping inside a text", mark,
      hint: "put the text in quotes, or the mapping on lines of its own")
  }

  /// A line above that should be a key: `web` for `web:`, or `chain:ipv4` for `chain: ipv4`.
  private func missingColon(at mark: Mark) -> Diagnostic? {
    guard let above = lines[..<max(0, Int(mark.line) - 1)].lastIndex(where: Self.hasContent) else { return nil }
    let line = lines[above]
    let blanks = line.prefix { $0 == " " }.count
    var text = line[blanks...]
    if let comment = text.indices.first(where: { text[$0] == "#" && text[$0 - 1] == " " }) { text = text[..<comment] }
    while text.last == " " { text.removeLast() }
    guard text.last != ":", !text.contains(where: { "[]{}\"',|>".unicodeScalars.contains($0) }),
      !text.indices.dropLast().contains(where: { text[$0 + 1] == " " && ":-?".unicodeScalars.contains(text[$0]) })
    else { return nil }
    let start = Mark(line: Int32(above) + 1, column: Int32(blanks) + 1)
    let span = Span(start: start, end: Mark(line: start.line, column: start.column + Int32(text.count)))
    let hasColon = text.contains(":")
    return Diagnostic(
      "yaml-missing-colon",
      hasColon ? "there is no blank after the ':' of this key" : "this line is no key: it has no ':'",
      at: span.range(in: file), expected: hasColon ? "KEY: VALUE" : "KEY: or KEY: VALUE",
      notes: [Diagnostic.Note("it was taken for a text, under which this cannot stand", at: range(mark))])
  }

  private func indentation(at mark: Mark) -> Diagnostic? {
    guard let line = line(mark) else { return nil }
    let blanks = line.prefix { $0 == " " }.count
    guard blanks < line.count, blanks + 1 >= Int(mark.column) || scalar(at: mark) == ":" else { return nil }
    guard let above = lines[..<(Int(mark.line) - 1)].lastIndex(where: Self.hasContent) else { return nil }
    let aboveBlanks = lines[above].prefix { $0 == " " }.count
    let place = Mark(line: mark.line, column: Int32(blanks) + 1)
    return Diagnostic(
      "yaml-indentation", "this line does not fit under the lines above it", at: range(place),
      expected: "an indentation that a line above has, or deeper below a key that ends in ':'",
      hint: "check the indentation and that every key ends in ': '",
      notes: [
        Diagnostic.Note(
          "the line above begins at column \(aboveBlanks + 1), this one at column \(blanks + 1)",
          at: range(Mark(line: Int32(above) + 1, column: Int32(aboveBlanks) + 1)))
      ])
  }

  private func general(_ problem: LibYAMLProblem, at mark: Mark) -> Diagnostic {
    report(
      "yaml-syntax", "this is not YAML: \(problem.text)", mark, hint: "put texts with special characters in quotes")
  }

  // MARK: The source

  private static let closings: [Unicode.Scalar: Unicode.Scalar] = ["[": "]", "{": "}", "\"": "\"", "'": "'"]

  private static func hasContent(_ line: [Unicode.Scalar]) -> Bool {
    line.first { $0 != " " && $0 != "\t" }.map { $0 != "#" } ?? false
  }

  private func isFlow(_ scalar: Unicode.Scalar?) -> Bool { scalar.map { "[]{},".unicodeScalars.contains($0) } ?? false }

  private func line(_ mark: Mark) -> [Unicode.Scalar]? {
    let index = Int(mark.line) - 1
    return lines.indices.contains(index) ? lines[index] : nil
  }

  private func scalar(at mark: Mark) -> Unicode.Scalar? {
    guard let line = line(mark) else { return nil }
    let column = Int(mark.column) - 1
    return line.indices.contains(column) ? line[column] : nil
  }

  /// libyaml's end of the text is a line that has no text.
  private func clamped(_ mark: Mark) -> Mark {
    guard Int(mark.line) > lines.count, let last = lines.last else { return mark }
    return Mark(line: Int32(lines.count), column: Int32(last.count) + 1)
  }

  private func isAtEnd(_ mark: Mark) -> Bool {
    Int(mark.line) >= lines.count && Int(mark.column) > (line(mark)?.count ?? 0)
  }

  private func range(_ mark: Mark) -> SourceRange {
    Span(start: mark, end: Mark(line: mark.line, column: mark.column + 1)).range(in: file)
  }

  private func report(
    _ code: Diagnostic.Code, _ message: String, _ mark: Mark, expected: String? = nil, hint: String? = nil
  ) -> Diagnostic {
    Diagnostic(code, message, at: range(mark), expected: expected, hint: hint)
  }
}
