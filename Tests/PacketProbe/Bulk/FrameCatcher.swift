// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Notes which tokens have been seen at which of many places, with one thread for all of them.
final class FrameCatcher: Sendable {
  struct Sighting: Hashable {
    let token: UInt32
    let place: Int
    /// Where in the frame it was: an error about a frame has its token as well, elsewhere.
    let offset: Int
  }

  private struct State {
    var sightings: Set<Sighting> = []
    /// How many frames with tokens have been seen.
    var count = 0
    var isStopped = false
  }

  private let links: [LinkSocket]
  private let stack: StackSockets
  private let state = Mutex(State())

  /// The places are those of `links`, and the stack behind them.
  init(links: [LinkSocket], stack: StackSockets) {
    self.links = links
    self.stack = stack
    Threads.start { self.read() }
  }

  /// Ends the thread and closes all sockets.
  func stop() { state.withLock { $0.isStopped = true } }

  func forget() { state.withLock { $0.sightings = [] } }

  var count: Int { state.withLock { $0.count } }

  /// Those of some sightings that have been made.
  func seen(_ wanted: Set<Sighting>) -> Set<Sighting> { state.withLock { $0.sightings.intersection(wanted) } }

  /// Whether a token has been seen at a place in an error about its frame.
  func quoted(_ token: UInt32, at place: Int, notAt offset: Int) -> Bool {
    state.withLock { state in
      state.sightings.contains { $0.token == token && $0.place == place && $0.offset > offset }
    }
  }

  private func read() {
    var entries: [(descriptor: Int32, place: Int, receive: () -> [UInt8]?)] = []
    for (place, link) in links.enumerated() { entries.append((link.descriptor, place, link.receive)) }
    for receiver in stack.receivers {
      entries.append((receiver.descriptor, links.count, { StackSockets.receive(receiver) }))
    }
    var polled = entries.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    while !state.withLock({ $0.isStopped }) {
      guard poll(&polled, nfds_t(polled.count), 10) > 0 else { continue }
      for (entry, answer) in zip(entries, polled) where answer.revents != 0 {
        while let frame = entry.receive() { note(frame, entry.place) }
      }
    }
    for link in links { close(link.descriptor) }
    for descriptor in stack.descriptors { close(descriptor) }
  }

  private func note(_ frame: [UInt8], _ place: Int) {
    var found: [Sighting] = []
    var offset = frame.startIndex
    while let first = frame[offset...].firstIndex(of: ProbeToken.magic[0]), first + 8 <= frame.count {
      offset = first + 1
      guard frame[first..<first + 4].elementsEqual(ProbeToken.magic) else { continue }
      found.append(
        Sighting(token: UInt32(bytes: frame[first + 4..<first + 8]), place: place, offset: first))
    }
    guard !found.isEmpty else { return }
    state.withLock { state in
      state.sightings.formUnion(found)
      state.count += 1
    }
  }
}
