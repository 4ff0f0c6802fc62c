// SPDX-License-Identifier: Apache-2.0

/// Why another program could not be run to its end.
public struct ProcessError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of failure it was: an open set, compare with the static members.
  public struct Code: RawRepresentable, Sendable, Hashable {
    /// The stable text of the code.
    public let rawValue: String

    /// A code of the given text.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// No such program on PATH or in the system's sbin folders.
    public static let notFound = Code(rawValue: "not-found")
    /// The program is there but could not be started.
    public static let notStarted = Code(rawValue: "not-started")
    /// The deadline passed; the program and its process group were killed.
    public static let timedOut = Code(rawValue: "timed-out")
    /// The program ended with a status other than 0.
    public static let failed = Code(rawValue: "failed")
    /// The program wrote more than the limit; it was killed.
    public static let outputTooLarge = Code(rawValue: "output-too-large")
    /// The calling task was cancelled; the program and its process group were killed.
    public static let cancelled = Code(rawValue: "cancelled")
  }

  /// What kind of failure it was.
  public let code: Code
  /// The program as the caller named it.
  public let executable: String
  /// Its arguments.
  public let arguments: [String]
  /// One sentence, without the program's own words.
  public let message: String
  /// The program's exit status (128 + signal for a signal), where it ran to its end.
  public let status: Int32?
  /// What the program wrote to its standard error, where it ran to its end.
  public let errorOutput: String

  /// An error about one command.
  public init(
    code: Code, executable: String, arguments: [String], message: String, status: Int32? = nil, errorOutput: String = ""
  ) {
    self.code = code
    self.executable = executable
    self.arguments = arguments
    self.message = message
    self.status = status
    self.errorOutput = errorOutput
  }

  /// The message and, where there is some, the program's own words.
  public var description: String {
    errorOutput.isEmpty ? message : "\(message): \(errorOutput)"
  }
}
