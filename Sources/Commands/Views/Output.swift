// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Glibc
import PolicyLanguage
import Reconcile
import Synchronization

/// The one place that prints: results to standard output, everything else to standard error.
struct Output: Sendable {
  let isJSON: Bool
  let isQuiet: Bool
  let isVerbose: Bool
  let style: Style
  let errorStyle: Style
  private let lines = SourceLines()

  /// The text of lines, for diagnostics. Copies share it: errors are shown by the one that the command was called with.
  var line: @Sendable (_ file: String, _ number: Int) -> String? {
    get { lines.current.withLock { $0 } }
    set { lines.current.withLock { $0 = newValue } }
  }

  init(isJSON: Bool, isQuiet: Bool, isVerbose: Bool, style: Style, errorStyle: Style) {
    self.isJSON = isJSON
    self.isQuiet = isQuiet
    self.isVerbose = isVerbose
    self.style = style
    self.errorStyle = errorStyle
  }

  /// Adds the text of a question to what diagnostics can show.
  mutating func addQuestion(_ text: String) {
    let others = line
    line = { file, number in file == PolicyQuestion.file ? text : others(file, number) }
  }

  /// A result, as it is.
  func result(_ text: String) { Self.write(text, STDOUT_FILENO) }

  /// A result for machines.
  func result(_ document: some Encodable) { Self.write(JSONFile.text(document), STDOUT_FILENO) }

  /// Something that a person may want to know.
  func note(_ text: String) {
    if !isQuiet, !isJSON { Self.write(text, STDERR_FILENO) }
  }

  /// Something that only a person who looks into it wants to know, so beside JSON as well.
  func detail(_ text: String) {
    if isVerbose { Self.write(text, STDERR_FILENO) }
  }

  /// Findings: as JSON on standard output where JSON was asked for, else as text on standard error.
  func show(_ diagnostics: [Diagnostic]) {
    guard !diagnostics.isEmpty else { return }
    if isJSON {
      result(DiagnosticsDocument(diagnostics))
    } else {
      Self.write(DiagnosticRenderer(style: errorStyle, line: line).render(diagnostics), STDERR_FILENO)
    }
  }

  /// Something that a person must know to act in time, however little output was asked for.
  func announce(_ text: String) { Self.write(text, STDERR_FILENO) }

  /// Warnings beside a result: text for people; JSON results carry their own.
  func warn(_ diagnostics: [Diagnostic]) {
    if !isJSON { show(diagnostics) }
  }

  /// A line that the next one replaces, on a terminal only.
  func progress(_ text: String) {
    guard !isQuiet, !isJSON, isatty(STDERR_FILENO) == 1 else { return }
    Self.write("\r\u{1b}[2K\(text)", STDERR_FILENO)
  }

  /// Takes the progress line away.
  func endProgress() { progress("") }

  /// Asks on the terminal; only the word `yes` is one.
  private func asks(_ question: String) -> Bool {
    Self.write("\(question)\n  Only 'yes' is taken for yes: ", STDERR_FILENO)
    return readLine()?.trimmed == "yes"
  }

  private static func write(_ text: String, _ descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
      }
    }
  }

  /// Whether a person says yes.
  ///
  /// - Throws: `DiagnosticError` where nobody can be asked.
  func isApproved(_ question: String) throws(DiagnosticError) -> Bool {
    guard isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else {
      throw DiagnosticError(
        Diagnostic("not-approved", "nobody can be asked here, so nothing was changed", hint: "say --auto-approve"))
    }
    if asks(question) { return true }
    note("Nothing was changed.\n")
    return false
  }
}

extension Duration {
  /// Milliseconds, with one digit after the point.
  var millisecondsText: String {
    let tenths = Int(self / .microseconds(100))
    return "\(tenths / 10).\(tenths % 10)"
  }
}

/// Where the lines of a command's sources come from, once they are read.
private final class SourceLines: Sendable {
  let current = Mutex<@Sendable (_ file: String, _ number: Int) -> String?>({ _, _ in nil })
}

extension Int {
  /// `1 filter`, `2 filters`.
  func counted(_ word: String) -> String { "\(self) \(word)\(self == 1 ? "" : "s")" }
}

extension String {
  var trimmed: String {
    String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
