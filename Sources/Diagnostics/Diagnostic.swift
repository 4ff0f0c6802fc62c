// SPDX-License-Identifier: Apache-2.0

/// One finding about an input: what is wrong, where, what was expected, and what to do.
public struct Diagnostic: Sendable, Hashable {
  /// How bad a finding is.
  public enum Severity: String, Sendable, Hashable, CaseIterable {
    /// Nothing is done with the input.
    case error
    /// The input is used, but probably does not do what its author wants.
    case warning
  }

  /// A stable name for a kind of finding, in kebab-case; `docs/diagnostics.md` has an entry for each.
  public struct Code: Sendable, Hashable, RawRepresentable, ExpressibleByStringLiteral {
    public var rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { self.rawValue = value }
  }

  /// Another place that has to do with the finding, such as the first definition of a name defined twice.
  public struct Note: Sendable, Hashable {
    public var message: String
    public var range: SourceRange?

    public init(_ message: String, at range: SourceRange? = nil) {
      self.message = message
      self.range = range
    }
  }

  public var code: Code
  public var severity: Severity
  /// One line, without a full stop, that names the offending input.
  public var message: String
  public var range: SourceRange?
  /// What would have been right here, e.g. `a number from 0 to 65535`.
  public var expected: String?
  /// What the user can do about it, as an instruction.
  public var hint: String?
  public var notes: [Note]

  public init(
    _ code: Code, _ message: String, severity: Severity = .error, at range: SourceRange? = nil,
    expected: String? = nil, hint: String? = nil, notes: [Note] = []
  ) {
    self.code = code
    self.severity = severity
    self.message = message
    self.range = range
    self.expected = expected
    self.hint = hint
    self.notes = notes
  }
}

/// Findings that stop a piece of work, as a thrown value.
public struct DiagnosticError: Error, Sendable, Hashable {
  public var diagnostics: [Diagnostic]

  public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }
  public init(_ diagnostic: Diagnostic) { self.diagnostics = [diagnostic] }
}
