// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
public import Planning

/// An undo that lies on the host's machine before anything is changed, and happens unless somebody confirms in time.
///
/// A process of its own waits for the deadline, so that neither the end of the command that armed it nor the loss of the
/// caller's connection stops it. `confirm` removes the file, and with it the undo. Whoever changes or takes the file holds
/// the host's lock, so that an apply, its undo and its confirmation exclude each other.
public struct ArmedUndo: Sendable {
  struct Document: Codable {
    var host: String
    var uri: String
    /// Steps that take the change back, in the order in which to do them.
    var steps: [StepDocument]
    /// When it happens, in seconds of the machine's uptime (CLOCK_BOOTTIME).
    var deadline: Double
  }

  /// An undo whose time has come.
  public struct Due: Sendable {
    public var host: String
    public var uri: String
    /// In the order in which to do them.
    public var steps: [Step]
  }

  /// How an attempt to carry it out ended.
  public enum Attempt: Sendable {
    /// All is as it was: the file goes.
    case done
    /// The host did not take it, and may do so later.
    case again
    /// What is left is not for nwfleet to decide: the file stays, and somebody has to look.
    case left
  }

  /// How it ended as a whole.
  public enum End: Sendable, Hashable {
    case confirmed, done, left
  }

  public let path: String

  /// Arms an undo of steps that have not been done yet.
  ///
  /// - Parameter seconds: until it happens; `extend` puts it off.
  public init(undoing steps: [Step], host: String, uri: String, after seconds: Double) throws(HostError) {
    path = try RuntimeFolder.file("undo", uri: uri)
    try Self.requireNone(for: host, uri: uri)
    let document = Document(
      host: host, uri: uri, steps: Self.inverses(of: steps), deadline: Self.uptime() + seconds)
    unlink(readyPath)
    try JSONFile.write(document, to: path)
  }

  /// One that is armed already.
  public init(path: String) { self.path = path }

  /// Where it lies while it is carried out, and afterwards where something of it is left.
  private var claimedPath: String { "\(path).undoing" }
  /// Made by the process that waits, once it does.
  private var readyPath: String { "\(path).ready" }
  /// What the process that waits says.
  public var logPath: String { "\(path).log" }

  /// Finds the undo of a host, if one is armed, or was not carried out as a whole.
  public static func find(uri: String) throws(HostError) -> ArmedUndo? {
    let undo = ArmedUndo(path: try RuntimeFolder.file("undo", uri: uri))
    return undo.isArmed || undo.isClaimed ? undo : nil
  }

  private var isArmed: Bool { FileManager.default.fileExists(atPath: path) }
  /// Whether its time has come.
  public var isClaimed: Bool { FileManager.default.fileExists(atPath: claimedPath) }

  /// Makes sure that no undo is armed: it would take back parts of what is changed now.
  ///
  /// - Throws: `HostError` with code `locked`.
  public static func requireNone(for host: String, uri: String) throws(HostError) {
    guard let undo = try find(uri: uri) else { return }
    guard undo.isClaimed else {
      throw HostError(
        .locked, "\(host) still waits for a confirmation of an earlier apply",
        hint: "say 'nwfleet confirm', or wait until that apply is taken back")
    }
    throw HostError(
      .locked, "an earlier apply to \(host) was not confirmed, and is not taken back as a whole",
      hint: "see \(undo.logPath); to keep what \(host) has now, say 'nwfleet confirm'")
  }

  // MARK: While the apply runs

  /// Covers more steps, before they are done.
  public func add(_ steps: [Step]) throws(HostError) {
    var document = try JSONFile.read(Document.self, from: path)
    document.steps = Self.inverses(of: steps) + document.steps
    try JSONFile.write(document, to: path)
  }

  /// Lets it happen this many seconds from now.
  public func extend(to seconds: Double) throws(HostError) {
    var document = try JSONFile.read(Document.self, from: path)
    document.deadline = Self.uptime() + seconds
    try JSONFile.write(document, to: path)
  }

  /// Waits until a process waits for the deadline; without it the undo would never happen.
  ///
  /// - Throws: `HostError` with code `file` when none does within the time; the undo is taken away then.
  public func waitUntilReady(within time: Duration = .seconds(10)) async throws(HostError) {
    let end = ContinuousClock.now + time
    while ContinuousClock.now < end {
      if unlink(readyPath) == 0 { return }
      try? await Task.sleep(for: .milliseconds(10))
    }
    disarm()
    throw HostError(
      .file, "the process that would take the change back does not start, so nothing was changed",
      hint: "see \(logPath)")
  }

  /// Takes it away where it cannot work.
  public func disarm() { unlink(path) }

  /// Takes the undo away: what was applied stays. The caller holds the host's lock.
  ///
  /// - Throws: `HostError` with code `file` when it has happened already.
  public func confirm() throws(HostError) {
    let removed = [unlink(path), unlink(claimedPath)]
    guard removed.contains(0) else {
      throw HostError(
        .file, "there is nothing to confirm any more", hint: "see 'nwfleet plan' for what the host has now")
    }
  }

  // MARK: The process that waits

  /// Waits until the deadline and carries it out, until that succeeds or somebody confirms.
  ///
  /// It never runs beside something else that changes the host. The file stays until all is done, so that a second run
  /// goes on where the first one ended.
  ///
  /// - Parameter attempt: called with the host's lock held.
  public func run(_ attempt: (Due) async -> Attempt) async throws(HostError) -> End {
    _ = FileManager.default.createFile(atPath: readyPath, contents: nil)
    defer { unlink(readyPath) }
    var pause = Duration.milliseconds(500)
    while try await waitUntilDue() {
      guard let lock = try lockIfFree() else {
        try? await Task.sleep(for: .milliseconds(100))
        continue
      }
      if let due = try claim() {
        switch await attempt(due) {
        case .done:
          unlink(claimedPath)
          return .done
        case .left: return .left
        case .again: break
        }
      }
      // Free in between: somebody may confirm.
      lock.release()
      try? await Task.sleep(for: pause)
      pause = min(pause * 2, .seconds(20))
    }
    return .confirmed
  }

  /// - Returns: false when somebody confirmed.
  private func waitUntilDue() async throws(HostError) -> Bool {
    while !isClaimed {
      guard isArmed else { return isClaimed }
      guard let document = try readIfThere(path) else { continue }
      let left = document.deadline - Self.uptime()
      if left <= 0 { return true }
      try? await Task.sleep(for: .milliseconds(min(200, max(10, Int(left * 1000)))))
    }
    return true
  }

  private func lockIfFree() throws(HostError) -> HostLock? {
    do throws(HostError) {
      return try HostLock(path: lockPath, of: "the host")
    } catch  where error.code == .locked {
      return nil
    }
  }

  /// The lock of the host whose undo this is, whatever its URI leads to now.
  private var lockPath: String {
    let url = URL(fileURLWithPath: path)
    let name = url.lastPathComponent
    let lock = name.hasPrefix("undo-") ? "lock-\(name.dropFirst(5))" : "\(name).lock"
    return url.deletingLastPathComponent().appendingPathComponent(lock).path
  }

  /// With the lock held: nil when it was confirmed or put off meanwhile.
  private func claim() throws(HostError) -> Due? {
    if !isClaimed {
      guard let document = try readIfThere(path), document.deadline <= Self.uptime(), rename(path, claimedPath) == 0
      else { return nil }
    }
    guard let document = try readIfThere(claimedPath) else { return nil }
    var steps: [Step] = []
    for record in document.steps { steps.append(try record.step()) }
    return Due(host: document.host, uri: document.uri, steps: steps)
  }

  private func readIfThere(_ path: String) throws(HostError) -> Document? {
    do throws(HostError) {
      return try JSONFile.read(Document.self, from: path)
    } catch {
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      throw error
    }
  }

  private static func inverses(of steps: [Step]) -> [StepDocument] { steps.reversed().map { StepDocument($0.inverse) } }

  /// Seconds since the machine started, sleep included; no clock that somebody can set.
  private static func uptime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
