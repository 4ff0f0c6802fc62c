// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
public import Planning

/// An undo that lies on the host's machine before anything is changed, and happens unless somebody confirms in time.
///
/// A process of its own waits for the deadline, so that neither the end of the command that armed it nor the loss of the
/// caller's connection stops it. `confirm` removes the file, and with it the undo.
public struct ArmedUndo: Sendable {
  struct Document: Codable {
    var host: String
    var uri: String
    /// Steps that take the change back, in the order in which to do them.
    var steps: [StepDocument]
    /// When it happens, in seconds of the machine's uptime (CLOCK_BOOTTIME).
    var deadline: Double
  }

  public let path: String

  /// Arms an undo of steps that have not been done yet.
  ///
  /// - Parameter seconds: until it happens; `extend` puts it off.
  public init(undoing steps: [Step], host: String, uri: String, after seconds: Double) throws(HostError) {
    path = try RuntimeFolder.file("undo", uri: uri)
    try Self.requireNone(for: host, uri: uri)
    let document = Document(
      host: host, uri: uri, steps: steps.reversed().map { StepDocument($0.inverse) },
      deadline: Self.uptime() + seconds)
    try JSONFile.write(document, to: path)
  }

  /// One that is armed already.
  public init(path: String) { self.path = path }

  /// Finds the undo of a host, if one is armed.
  public static func find(uri: String) throws(HostError) -> ArmedUndo? {
    let path = try RuntimeFolder.file("undo", uri: uri)
    return FileManager.default.fileExists(atPath: path) ? ArmedUndo(path: path) : nil
  }

  /// Makes sure that no undo is armed: it would take back parts of what is changed now.
  ///
  /// - Throws: `HostError` with code `locked`.
  public static func requireNone(for host: String, uri: String) throws(HostError) {
    guard try find(uri: uri) == nil else {
      throw HostError(
        .locked, "\(host) still waits for a confirmation of an earlier apply",
        hint: "say 'nwfleet confirm', or wait until that apply is taken back")
    }
  }

  /// Lets it happen this many seconds from now.
  public func extend(to seconds: Double) throws(HostError) {
    var document = try JSONFile.read(Document.self, from: path)
    document.deadline = Self.uptime() + seconds
    try JSONFile.write(document, to: path)
  }

  /// Takes the undo away: what was applied stays.
  ///
  /// - Throws: `HostError` with code `file` when it has happened already.
  public func confirm() throws(HostError) {
    guard unlink(path) == 0 else {
      throw HostError(
        .file, "there is nothing to confirm any more", hint: "see 'nwfleet plan' for what the host has now")
    }
  }

  /// Waits until the deadline; nil when somebody confirmed before.
  ///
  /// The file is taken away before the undo starts, so that only one of undo and confirmation wins.
  public func wait() async throws(HostError) -> (host: String, uri: String, steps: [Step])? {
    while true {
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      let document = try JSONFile.read(Document.self, from: path)
      let left = document.deadline - Self.uptime()
      if left <= 0 {
        guard unlink(path) == 0 else { return nil }
        var steps: [Step] = []
        for record in document.steps { steps.append(try record.step()) }
        return (document.host, document.uri, steps)
      }
      try? await Task.sleep(for: .milliseconds(min(200, max(10, Int(left * 1000)))))
    }
  }

  /// Seconds since the machine started, sleep included; no clock that somebody can set.
  private static func uptime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
