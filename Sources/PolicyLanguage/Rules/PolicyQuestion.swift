// SPDX-License-Identifier: Apache-2.0

public import Compiler
public import Diagnostics

/// Questions in the grammar of tests, as people type them.
public enum PolicyQuestion {
  /// What diagnostics name as the file of a question.
  public static let file = "question"

  /// `DIRECTION WHAT [from PEERS] [to PEERS] [via ROUTE]`, about NICs that are named elsewhere.
  ///
  /// - Throws: all that is wrong with it.
  public static func aboutNICs(_ text: String) throws(DiagnosticError) -> PolicyTest {
    try parse(text) { $0.question($1) }
  }

  /// `SOURCE -> TARGET WHAT [via ROUTE]`.
  ///
  /// - Throws: all that is wrong with it.
  public static func betweenEnds(_ text: String) throws(DiagnosticError) -> PolicyTest {
    try parse(text) { $0.pathTest($1, isNever: false) }
  }

  private static func parse(
    _ text: String, _ read: (inout RuleParser, RuleText) -> PolicyTest?
  ) throws(DiagnosticError) -> PolicyTest {
    let start = SourcePosition(line: 1, column: 1)
    let end = SourcePosition(line: 1, column: 1 + text.unicodeScalars.count)
    let range = SourceRange(file: file, start: start, end: end)
    var parser = RuleParser(.test)
    let test = read(&parser, RuleText(Node.Scalar(text: text, style: .plain), range))
    guard let test, parser.diagnostics.isEmpty else { throw DiagnosticError(parser.diagnostics) }
    return test
  }
}
