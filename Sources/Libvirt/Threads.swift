// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization

/// Threads for calls that block, sometimes for good: outside Swift's cooperative pool, and never joined.
enum BlockingThread {
  private final class Body {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
      self.run = run
    }
  }

  /// Runs `body` on a new detached thread; false where the system has no thread left to give.
  ///
  /// SIGPIPE is blocked there: libvirt writes to sockets whose other end may be gone, and that must be an error of the
  /// call, not the end of the process.
  static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    let argument = Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    let result = pthread_create(
      &thread, nil,
      { argument in
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, argument.toOpaque())
    guard result == 0 else {
      argument.release()
      return false
    }
    pthread_detach(thread)
    return true
  }
}

/// Runs jobs one after the other, in the order given, on a thread that is there while there are jobs.
final class SerialLane: Sendable {
  private struct State {
    var jobs: [@Sendable () -> Void] = []
    var running = false
  }

  private let state = Mutex(State())

  /// Queues a job; false where no thread could be had, and then the job will not run.
  func run(_ job: @escaping @Sendable () -> Void) -> Bool {
    let mustStart = state.withLock { state in
      state.jobs.append(job)
      defer { state.running = true }
      return !state.running
    }
    guard mustStart, !BlockingThread.start({ self.drain() }) else { return true }
    state.withLock { state in
      state.jobs.removeAll()
      state.running = false
    }
    return false
  }

  private func drain() {
    while let job = next() { job() }
  }

  private func next() -> (@Sendable () -> Void)? {
    state.withLock { state in
      if state.jobs.isEmpty {
        state.running = false
        return nil
      }
      return state.jobs.removeFirst()
    }
  }
}
