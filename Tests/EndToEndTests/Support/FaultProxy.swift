// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// A socket between nwfleet and libvirtd that counts libvirt calls and does harm at one of them.
///
/// libvirt's frames (rpc/virnetprotocol.x): length, program, version, procedure, type, serial, status, each four bytes
/// in network order; the length counts itself; type 0 is a call.
final class FaultProxy: Sendable {
  enum Harm: Sendable {
    /// The calling process is killed with SIGKILL.
    case killCaller
    /// Its connection is closed; it may connect again.
    case cut
  }

  struct Fault: Sendable {
    var harm: Harm
    /// The first call is 1.
    var call: Int
    /// Whether libvirtd still gets the call.
    var isSent: Bool
  }

  let path: String
  private let target: String
  private let listener: Int32
  private let state: Mutex<(calls: Int, fault: Fault?, hasFired: Bool)>

  /// libvirt's RPC program of hypervisor calls (remote_protocol.x, REMOTE_PROGRAM).
  private static let program: UInt32 = 0x2000_8086

  init(_ path: String, to target: String) throws {
    self.path = path
    self.target = target
    state = Mutex((0, nil, false))
    listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    let bound = Self.withAddress(path) { bind(listener, $0, $1) }
    guard bound == 0, listen(listener, 64) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    let thread = Thread { [weak self, listener] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        self?.serve(client)
      }
    }
    thread.start()
  }

  /// The URI that leads through it.
  var uri: String { "qemu+unix:///system?socket=\(path)" }

  /// Counts from 0 again, and does harm at a call, once.
  func arm(_ fault: Fault?) { state.withLock { $0 = (0, fault, false) } }

  /// How many calls there were since it was armed.
  var calls: Int { state.withLock { $0.calls } }
  /// Whether the harm was done.
  var hasFired: Bool { state.withLock { $0.hasFired } }

  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private func serve(_ client: Int32) {
    let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard Self.withAddress(target, { connect(server, $0, $1) }) == 0 else {
      close(server)
      close(client)
      return
    }
    // Whoever ends first ends both directions; the descriptors are closed when both threads are done with them.
    let pair = Pair(client: client, server: server)
    let caller = Self.peer(client)
    Thread { [self] in
      while let frame = Self.readFrame(client), hand(frame, to: server, from: caller) {}
      pair.leave()
    }.start()
    Thread {
      while let frame = Self.readFrame(server), Self.write(frame, client) {}
      pair.leave()
    }.start()
  }

  /// Two descriptors that are closed by the last of two threads.
  private final class Pair: Sendable {
    let client: Int32
    let server: Int32
    let users = Atomic<Int>(2)

    init(client: Int32, server: Int32) {
      self.client = client
      self.server = server
    }

    func leave() {
      shutdown(client, Int32(SHUT_RDWR))
      shutdown(server, Int32(SHUT_RDWR))
      guard users.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 else { return }
      close(client)
      close(server)
    }
  }

  /// Passes a frame on; false where the connection ends with it.
  private func hand(_ frame: [UInt8], to server: Int32, from caller: pid_t) -> Bool {
    guard Self.number(frame, 4) == Self.program, Self.number(frame, 16) == 0 else { return Self.write(frame, server) }
    let due = state.withLock { state -> Fault? in
      state.calls += 1
      guard let fault = state.fault, fault.call == state.calls else { return nil }
      state.hasFired = true
      return fault
    }
    guard let due else { return Self.write(frame, server) }
    if due.isSent { _ = Self.write(frame, server) }
    if due.harm == .killCaller, caller > 1 { kill(caller, SIGKILL) }
    return false
  }

  // MARK: Sockets

  private static func number(_ frame: [UInt8], _ offset: Int) -> UInt32 {
    frame[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  private static func readFrame(_ descriptor: Int32) -> [UInt8]? {
    guard let head = read(descriptor, 4) else { return nil }
    let length = Int(number(head, 0))
    guard length >= 28, length <= 64 << 20, let rest = read(descriptor, length - 4) else { return nil }
    return head + rest
  }

  private static func read(_ descriptor: Int32, _ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress! + done, count - done, 0) }
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { return nil }
      done += got
    }
    return bytes
  }

  private static func write(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
    var done = 0
    while done < bytes.count {
      let sent = bytes.withUnsafeBytes {
        send(descriptor, $0.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL))
      }
      if sent < 0, errno == EINTR { continue }
      guard sent > 0 else { return false }
      done += sent
    }
    return true
  }

  /// The process at the other end (SO_PEERCRED, unix(7)).
  private static func peer(_ descriptor: Int32) -> pid_t {
    var credentials: (process: pid_t, user: uid_t, group: gid_t) = (0, 0, 0)
    var length = socklen_t(MemoryLayout.size(ofValue: credentials))
    getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length)
    return credentials.process
  }

  private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }
}
