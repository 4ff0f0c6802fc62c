// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// One thing that can be wrong with a policy although each of its lines is right.
protocol PolicyCheck: Sendable {
  var description: CheckDescription { get }

  func findings(in context: CheckContext) -> [Diagnostic]
}

extension PolicyCheck {
  /// A finding with the check's own code and severity.
  func finding(
    _ message: String, at range: SourceRange?, expected: String? = nil, hint: String, notes: [Diagnostic.Note] = []
  ) -> Diagnostic {
    Diagnostic(
      description.code, message, severity: description.severity, at: range, expected: expected, hint: hint,
      notes: notes)
  }
}

/// What a check looks for, for people.
public struct CheckDescription: Sendable, Hashable {
  /// A policy with one mistake, and the same policy without it.
  public struct Example: Sendable, Hashable {
    /// A policy file that the check finds something in, and no other check.
    public var wrong: String
    /// The file, mended: no check finds anything.
    public var right: String
  }

  public var code: Diagnostic.Code
  /// What it means, in one sentence.
  public var title: String
  /// What to do about it, in one sentence.
  public var repair: String
  public var severity: Diagnostic.Severity
  /// When exactly it speaks up, and when it keeps quiet; Markdown.
  public var explanation: String
  public var example: Example

  init(
    _ code: Diagnostic.Code, severity: Diagnostic.Severity = .warning, title: String, repair: String,
    explanation: String, wrong: String, right: String
  ) {
    self.code = code
    self.severity = severity
    self.title = title
    self.repair = repair
    self.explanation = explanation
    example = Example(wrong: wrong, right: right)
  }
}
