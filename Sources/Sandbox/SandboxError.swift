// SPDX-License-Identifier: Apache-2.0

internal import Processes

/// Why a sandbox could not do what was asked.
public struct SandboxError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of failure it was: an open set, compare with the static members.
  public struct Code: RawRepresentable, Sendable, Hashable {
    /// The stable text of the code.
    public let rawValue: String

    /// A code of the given text.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Namespaces, bridges and libvirtd need root.
    public static let notRoot = Code(rawValue: "not-root")
    /// A program that the sandbox stands on is not installed.
    public static let missingTool = Code(rawValue: "missing-tool")
    /// An option is out of its range.
    public static let invalidOption = Code(rawValue: "invalid-option")
    /// The root folder cannot be used for a sandbox.
    public static let invalidRoot = Code(rawValue: "invalid-root")
    /// No host of that number is up.
    public static let notRunning = Code(rawValue: "not-running")
    /// The host has no VM of that name.
    public static let unknownMachine = Code(rawValue: "unknown-machine")
    /// A host is up already, on another kind of network.
    public static let conflict = Code(rawValue: "conflict")
    /// Another process is starting or stopping hosts of this root.
    public static let busy = Code(rawValue: "busy")
    /// A program did not end, or a host did not come up, in time.
    public static let timedOut = Code(rawValue: "timed-out")
    /// A step failed; the message has the words of the program that refused.
    public static let failed = Code(rawValue: "failed")
  }

  /// What kind of failure it was.
  public let code: Code
  /// What happened, in one sentence.
  public let message: String
  /// What to do about it, where that is known.
  public let hint: String?

  /// An error with what to do about it.
  public init(code: Code, message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }

  /// The message, with the hint in brackets.
  public var description: String {
    hint.map { "\(message) (\($0))" } ?? message
  }
}

extension SandboxError {
  /// The error of a program that did not run to its end, or not well.
  init(_ error: ProcessError, doing step: String) {
    switch error.code {
    case .timedOut: self.init(code: .timedOut, message: "\(step): \(error.message)")
    case .notFound: self.init(code: .missingTool, message: "\(step): \(error.message)")
    default: self.init(code: .failed, message: "\(step): \(error)")
    }
  }

  /// The error of a system call, by its errno.
  static func system(_ step: String, _ number: Int32) -> SandboxError {
    SandboxError(code: .failed, message: "\(step): \(SystemCalls.text(of: number))")
  }
}
