// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Places where packets are sent and seen, and the one thread that reads them all.
final class Wire: Sendable {
  /// A place: a network device, or the IP of a host's kernel.
  struct Port: Sendable, Hashable {
    fileprivate let index: Int
  }

  private enum Source: Sendable {
    case link(LinkSocket)
    case stack(StackSockets)
  }

  /// Somebody who waits until each of some tokens has been seen, whatever the frames.
  private struct Waiter {
    let port: Int
    var tokens: [[UInt8]]
    var first: [UInt8]?
    let deadline: ContinuousClock.Instant
    let continuation: CheckedContinuation<[UInt8]?, Never>

    /// Takes note of a frame; true once nothing is left to wait for.
    mutating func sees(_ frame: [UInt8]) -> Bool {
      let missing = tokens.filter { !frame.contains($0) }
      if missing.count < tokens.count, first == nil { first = frame }
      tokens = missing
      return tokens.isEmpty
    }
  }

  private struct State {
    var frames: [[[UInt8]]]
    var waiters: [Waiter] = []
    var stopped = false
  }

  private let sources: [Source]
  private let state: Mutex<State>

  init(links: [LinkSocket], stacks: [StackSockets]) {
    sources = links.map(Source.link) + stacks.map(Source.stack)
    state = Mutex(State(frames: Array(repeating: [], count: links.count + stacks.count)))
    Threads.start { self.read() }
  }

  /// The port of the link or stack at a position of `init`'s lists, stacks behind links.
  func port(_ index: Int) -> Port { Port(index: index) }

  /// Ends the thread and closes all sockets.
  func stop() { state.withLock { $0.stopped = true } }

  func send(_ frame: [UInt8], from port: Port) {
    switch sources[port.index] {
    case .link(let socket): socket.send(frame)
    case .stack(let sockets):
      guard let parts = Arrived(frame) else { return }
      sockets.send(parts.packet, to: parts.destination)
    }
  }

  /// How many frames a port has seen.
  func mark(_ port: Port) -> Int { state.withLock { $0.frames[port.index].count } }

  /// Whether a port has seen a token since a mark.
  func hasSeen(_ token: [UInt8], at port: Port, since mark: Int) -> Bool {
    state.withLock { $0.frames[port.index][mark...].contains { $0.contains(token) } }
  }

  /// Waits until a port has seen each of some tokens, and gives the first frame with one of them; nil if they do not come.
  func wait(for tokens: [[UInt8]], at port: Port, since mark: Int, _ patience: Duration) async -> [UInt8]? {
    await withCheckedContinuation { continuation in
      state.withLock { state in
        var waiter = Waiter(
          port: port.index, tokens: tokens, deadline: .now + patience, continuation: continuation)
        for frame in state.frames[port.index][mark...] where waiter.sees(frame) {
          return continuation.resume(returning: waiter.first)
        }
        guard !state.stopped else { return continuation.resume(returning: nil) }
        state.waiters.append(waiter)
      }
    }
  }

  private func read() {
    var entries: [(descriptor: Int32, port: Int, receive: () -> [UInt8]?)] = []
    for (port, source) in sources.enumerated() {
      switch source {
      case .link(let socket): entries.append((socket.descriptor, port, socket.receive))
      case .stack(let sockets):
        for receiver in sockets.receivers {
          entries.append((receiver.descriptor, port, { StackSockets.receive(receiver) }))
        }
      }
    }
    var polled = entries.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    while !expire() {
      guard poll(&polled, nfds_t(polled.count), 10) > 0 else { continue }
      for (entry, answer) in zip(entries, polled) where answer.revents != 0 {
        while let frame = entry.receive() { note(frame, entry.port) }
      }
    }
    for source in sources {
      switch source {
      case .link(let socket): close(socket.descriptor)
      case .stack(let sockets): for descriptor in sockets.descriptors { close(descriptor) }
      }
    }
  }

  private func note(_ frame: [UInt8], _ port: Int) {
    state.withLock { state in
      state.frames[port].append(frame)
      var remaining: [Waiter] = []
      for var waiter in state.waiters {
        if waiter.port == port, waiter.sees(frame) {
          waiter.continuation.resume(returning: waiter.first)
        } else {
          remaining.append(waiter)
        }
      }
      state.waiters = remaining
    }
  }

  /// Tells those who have waited long enough; true once the wire is to end.
  private func expire() -> Bool {
    state.withLock { state in
      let now = ContinuousClock.now
      let stopped = state.stopped
      state.waiters.removeAll { waiter in
        guard stopped || waiter.deadline <= now else { return false }
        waiter.continuation.resume(returning: nil)
        return true
      }
      return stopped
    }
  }
}

extension [UInt8] {
  /// Whether some bytes stand in these, one behind the other.
  func contains(_ token: [UInt8]) -> Bool {
    guard count >= token.count, let head = token.first else { return false }
    return withUnsafeBufferPointer { bytes in
      token.withUnsafeBufferPointer { token in
        for start in 0...(bytes.count - token.count) where bytes[start] == head {
          if memcmp(bytes.baseAddress! + start, token.baseAddress!, token.count) == 0 { return true }
        }
        return false
      }
    }
  }
}
