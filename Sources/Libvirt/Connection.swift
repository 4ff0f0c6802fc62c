// SPDX-License-Identifier: Apache-2.0

internal import CLibvirt
internal import Synchronization

/// A connection to libvirt, each call of which has a deadline.
///
/// Calls run on threads of their own: writes one after the other, reads beside them. When a deadline passes the caller
/// gets `.timedOut` at once, the thread is abandoned, and the connection is given up: every later call throws
/// `.closed` without being sent. The same holds once a call has found the connection broken (`.outcomeUnknown`).
/// A process with an abandoned thread should leave by `_exit`.
public final class Connection: Sendable {
  /// What a connection may be used for.
  public enum Access: Sendable {
    /// Reading only; the daemon refuses the rest (`.readOnly`).
    case readOnly
    /// Reading and writing.
    case readWrite
  }

  private struct State {
    var givenUp: String?
    var isClosed = false
    var peer: Peer?
  }

  /// What the first call found out about the other end.
  private struct Peer {
    var version: Version
    /// From the question to the answer, for a call that is no work at the other end.
    var roundTrip: Duration
  }

  enum Lane: Sendable {
    case read
    case write
  }

  /// The URI it was opened with.
  public let uri: String
  /// The options it was opened with.
  public let options: ConnectionOptions

  private let root: ConnectionLease
  private let writes = SerialLane()
  private let state = Mutex(State())

  private init(taking pointer: OpaquePointer, uri: String, options: ConnectionOptions) {
    self.root = ConnectionLease(taking: pointer)
    self.uri = uri
    self.options = options
  }

  deinit {
    // Closing talks to the daemon and may block, so not on the thread that happens to drop the last reference.
    let root = root
    if !state.withLock({ $0.isClosed }) { _ = BlockingThread.start { root.end() } }
  }

  /// Opens a connection, within `options.openDeadline`.
  ///
  /// - Throws: `.unreachable`, `.timedOut`, `.accessDenied`, `.authenticationFailed`, `.unsupported`.
  public static func open(
    uri: String, access: Access, options: ConnectionOptions = ConnectionOptions()
  ) async throws(LibvirtError) -> Connection {
    Library.prepare()
    let call = access == .readOnly ? "virConnectOpenReadOnly" : "virConnectOpen"
    return try await PendingReply<Connection>.wait(
      deadline: options.openDeadline, onTimeout: { timedOut(call, uri, options.openDeadline) }
    ) { reply in
      let started = BlockingThread.start {
        reply.resume(with: connect(uri: uri, access: access, options: options, call: call))
      }
      if !started { reply.resume(with: .failure(noThread(call, uri))) }
    }
  }

  private static func connect(
    uri: String, access: Access, options: ConnectionOptions, call: String
  ) -> Result<Connection, LibvirtError> {
    guard let pointer = access == .readOnly ? virConnectOpenReadOnly(uri) : virConnectOpen(uri) else {
      return .failure(LibvirtError.last(call: call, subject: uri, connection: nil))
    }
    let connection = Connection(taking: pointer, uri: uri, options: options)
    // 1 means that the other end knows no keepalive: the deadlines remain.
    if let keepAlive = options.keepAlive, virConnectSetKeepAlive(pointer, keepAlive.interval, keepAlive.count) < 0 {
      return .failure(connection.root.lastError("virConnectSetKeepAlive", uri))
    }
    return .success(connection)
  }

  /// Closes the connection, within the read deadline, and returns how many references to it are left in libvirt.
  ///
  /// 0 is right after all calls have ended; more means calls that still run (or hang), or a leaked handle. A connection
  /// that is closed already returns 0.
  @discardableResult
  public func close() async throws(LibvirtError) -> Int {
    let wasClosed = state.withLock { state in
      defer { state.isClosed = true }
      return state.isClosed
    }
    if wasClosed { return 0 }
    let (root, uri, deadline) = (root, uri, options.readDeadline)
    return try await PendingReply<Int>.wait(
      deadline: deadline, onTimeout: { timedOut("virConnectClose", uri, deadline) }
    ) { reply in
      let started = BlockingThread.start {
        let left = root.end()
        if left >= 0 {
          reply.resume(with: .success(Int(left)))
        } else {
          reply.resume(with: .failure(.last(call: "virConnectClose", subject: uri, connection: nil)))
        }
      }
      if !started { reply.resume(with: .failure(noThread("virConnectClose", uri))) }
    }
  }

  /// The version of the libvirt at the other end; asked once.
  public func libraryVersion() async throws(LibvirtError) -> Version {
    try await perform("virConnectGetLibVersion", subject: uri, lane: .read, deadline: options.readDeadline) {
      lease throws(LibvirtError) in
      try self.version(lease)
    }
  }

  /// The name of the host at the other end, as it calls itself.
  public func hostname() async throws(LibvirtError) -> String {
    try await perform("virConnectGetHostname", subject: uri, lane: .read, deadline: options.readDeadline) {
      lease throws(LibvirtError) in
      guard let name = virConnectGetHostname(lease.pointer) else { throw lease.lastError("virConnectGetHostname") }
      return takeString(name)
    }
  }

  /// Whether the connection takes further calls, as far as is known here without asking the other end.
  public var isUsable: Bool {
    state.withLock { !$0.isClosed && $0.givenUp == nil }
  }
}

// MARK: Running calls

extension Connection {
  /// Runs `body` on a thread of its own, or on the one for writes, with a lease on the connection.
  ///
  /// The deadline counts from now, waiting for earlier writes included.
  func perform<Value: Sendable>(
    _ call: String, subject: String?, lane: Lane, deadline: Duration,
    body: @escaping @Sendable (ConnectionLease) throws(LibvirtError) -> Value
  ) async throws(LibvirtError) -> Value {
    try await PendingReply<Value>.wait(
      deadline: deadline,
      onTimeout: {
        self.giveUp("\(call) took longer than \(deadline)")
        return timedOut(call, subject, deadline)
      }
    ) { reply in
      let job: @Sendable () -> Void = { reply.resume(with: self.leased(call, subject, body)) }
      let started = lane == .write ? writes.run(job) : BlockingThread.start(job)
      if !started { reply.resume(with: .failure(noThread(call, subject))) }
    }
  }

  private func leased<Value>(
    _ call: String, _ subject: String?, _ body: (ConnectionLease) throws(LibvirtError) -> Value
  ) -> Result<Value, LibvirtError> {
    do throws(LibvirtError) {
      let lease = try begin(call, subject)
      defer { lease.end() }
      return .success(try body(lease))
    } catch {
      if error.code == .outcomeUnknown { giveUp("\(call) found it broken: \(error.message)") }
      return .failure(error)
    }
  }

  private func begin(_ call: String, _ subject: String?) throws(LibvirtError) -> ConnectionLease {
    let (lease, reason) = state.withLock { state -> (ConnectionLease?, String) in
      if state.isClosed { return (nil, "it was closed") }
      if let reason = state.givenUp { return (nil, reason) }
      return (root.another(), "libvirt refused another reference")
    }
    if let lease { return lease }
    throw LibvirtError(
      code: .closed, message: "not sent, the connection was given up: \(reason)", call: call, subject: subject)
  }

  private func giveUp(_ reason: String) {
    state.withLock { $0.givenUp = $0.givenUp ?? reason }
  }

  /// The version of the other end, on the thread of a call.
  func version(_ lease: ConnectionLease) throws(LibvirtError) -> Version { try peer(lease).version }

  private func peer(_ lease: ConnectionLease) throws(LibvirtError) -> Peer {
    if let known = state.withLock({ $0.peer }) { return known }
    var number: UInt = 0
    let start = ContinuousClock.now
    guard virConnectGetLibVersion(lease.pointer, &number) == 0 else {
      throw lease.lastError("virConnectGetLibVersion", uri)
    }
    let peer = Peer(version: Version(number: number), roundTrip: ContinuousClock.now - start)
    state.withLock { $0.peer = peer }
    return peer
  }

  /// Does `body` for the indices below `count`, on several threads over this one connection, and returns in order what
  /// was there: nil stands for an object that vanished after it was listed.
  func gather<Value: Sendable>(
    on lease: ConnectionLease, count: Int,
    body: @escaping @Sendable (Int) throws(LibvirtError) -> Value?
  ) throws(LibvirtError) -> [Value] {
    let isNear = try peer(lease).roundTrip < .milliseconds(2)
    let readers = options.readers ?? (isNear ? 16 : 64)
    return try EventLoop.whilePaused { () throws(LibvirtError) in
      try FanOut(count: count, body: body, mayGoOn: { self.isUsable }).run(readers: readers)
    }
  }
}

private func timedOut(_ call: String, _ subject: String?, _ deadline: Duration) -> LibvirtError {
  LibvirtError(code: .timedOut, message: "no answer within \(deadline)", call: call, subject: subject)
}

private func noThread(_ call: String, _ subject: String?) -> LibvirtError {
  LibvirtError(code: .other, message: "not sent: the system has no thread left", call: call, subject: subject)
}

/// What is done to the library once per process.
enum Library {
  private static let prepared: Void = {
    virInitialize()
    // Else libvirt prints every error to stderr, those that are handled as well.
    virSetErrorFunc(nil) { _, _ in }
  }()

  static func prepare() {
    prepared
  }
}
