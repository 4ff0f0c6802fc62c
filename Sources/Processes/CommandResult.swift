// SPDX-License-Identifier: Apache-2.0

/// How a program ended and what it wrote.
public struct CommandResult: Sendable, Hashable {
  /// The program as the caller named it.
  public let executable: String
  /// Its arguments.
  public let arguments: [String]
  /// The exit status; 128 + the number of the signal that ended it, as shells count.
  public let status: Int32
  /// Standard output.
  public let outputBytes: [UInt8]
  /// Standard error, as UTF-8; bytes that are not become U+FFFD.
  public let errorOutput: String

  /// Standard output, as UTF-8; bytes that are not become U+FFFD.
  public var output: String { String(decoding: outputBytes, as: UTF8.self) }

  /// Whether the program ended with status 0.
  public var succeeded: Bool { status == 0 }

  /// The result itself, if the program ended with status 0.
  ///
  /// - Throws: `ProcessError` with code `failed`.
  @discardableResult
  public func requireSuccess() throws(ProcessError) -> CommandResult {
    guard succeeded else {
      throw ProcessError(
        code: .failed, executable: executable, arguments: arguments,
        message: "\(executable) ended with status \(status)", status: status, errorOutput: errorOutput.trimmingNewlines)
    }
    return self
  }
}

extension String {
  /// The text without line ends at its end.
  var trimmingNewlines: String {
    var text = self[...]
    while let last = text.last, last.isNewline { text.removeLast() }
    return String(text)
  }
}
