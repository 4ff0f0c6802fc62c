// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Synchronization

/// One awaited answer: the first of the call's own result and the deadline wakes the caller, the other is dropped.
final class PendingReply<Value: Sendable>: Sendable {
  private typealias Continuation = CheckedContinuation<Result<Value, LibvirtError>, Never>

  private let continuation: Mutex<Continuation?>

  private init(_ continuation: Continuation) {
    self.continuation = Mutex(continuation)
  }

  /// Answers, if nobody has; says whether this was the answer.
  @discardableResult
  func resume(with result: Result<Value, LibvirtError>) -> Bool {
    let waiting = continuation.withLock { $0.take() }
    waiting?.resume(returning: result)
    return waiting != nil
  }

  /// Awaits what `start` arranges, at most until `deadline`; then `onTimeout` gives the error.
  ///
  /// The deadline counts on the monotonic clock, on a queue of its own: a busy cooperative pool does not delay it.
  static func wait(
    deadline: Duration, onTimeout: @escaping @Sendable () -> LibvirtError,
    start: (PendingReply<Value>) -> Void
  ) async throws(LibvirtError) -> Value {
    let result = await withCheckedContinuation { (continuation: Continuation) in
      let reply = PendingReply(continuation)
      deadlines.asyncAfter(deadline: .now() + deadline.dispatchInterval) { [weak reply] in
        guard let reply, reply.isPending else { return }
        reply.resume(with: .failure(onTimeout()))
      }
      start(reply)
    }
    return try result.get()
  }

  private var isPending: Bool {
    continuation.withLock { $0 != nil }
  }
}

private let deadlines = DispatchQueue(label: "nwfleet.libvirt.deadlines")

extension Duration {
  /// In whole nanoseconds, capped at about 292 years.
  fileprivate var dispatchInterval: DispatchTimeInterval {
    let (seconds, attoseconds) = components
    let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow else { return .never }
    return .nanoseconds(Int(nanoseconds) + Int(attoseconds / 1_000_000_000))
  }
}
