// SPDX-License-Identifier: Apache-2.0

internal import CLibvirt
internal import Dispatch
internal import Glibc
internal import Synchronization

/// libvirt's event loop, one thread per process: keepalive of idle connections needs it.
///
/// Short-lived commands do without. During a bulk read it stands still, because the loop and the readers would wake each
/// other for every message; calls under way look after keepalive themselves (`virNetClientIOEventLoop`).
public enum EventLoop {
  private struct State {
    var timer: Int32?
    var pauses = 0
  }

  private static let state = Mutex(State())
  private static let resumed = DispatchSemaphore(value: 0)

  /// Starts the loop; to be called before the first connection is opened. Does nothing where it runs.
  public static func start() throws(LibvirtError) {
    Library.prepare()
    let failed: String? = state.withLock { state in
      guard state.timer == nil else { return nil }
      guard virEventRegisterDefaultImpl() == 0 else { return "virEventRegisterDefaultImpl" }
      // Never fires by itself: `pause` sets it off to get the loop out of its poll.
      let timer = virEventAddTimeout(-1, { timer, _ in virEventUpdateTimeout(timer, -1) }, nil, nil)
      guard timer >= 0 else { return "virEventAddTimeout" }
      guard BlockingThread.start({ run() }) else { return "pthread_create" }
      state.timer = timer
      return nil
    }
    if let failed { throw LibvirtError.last(call: failed, subject: nil, connection: nil) }
  }

  /// Holds the loop until as many calls of `resume` have followed.
  public static func pause() {
    state.withLock { state in
      state.pauses += 1
      if let timer = state.timer { virEventUpdateTimeout(timer, 0) }
    }
  }

  /// Lets the loop go on.
  public static func resume() {
    let goesOn = state.withLock { state in
      state.pauses -= 1
      return state.pauses == 0 && state.timer != nil
    }
    if goesOn { resumed.signal() }
  }

  static func whilePaused<Value>(_ body: () throws(LibvirtError) -> Value) throws(LibvirtError) -> Value {
    pause()
    defer { resume() }
    return try body()
  }

  private static func run() {
    while true {
      while state.withLock({ $0.pauses > 0 }) { resumed.wait() }
      if virEventRunDefaultImpl() < 0 { usleep(100_000) }
    }
  }
}
