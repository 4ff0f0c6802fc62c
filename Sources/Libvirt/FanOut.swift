// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Synchronization

/// Independent reads, done by several threads that each take the next index.
///
/// libvirt's client sends the calls of all threads over one connection without waiting for answers in between, so that
/// round trips overlap.
final class FanOut<Value: Sendable>: Sendable {
  private struct Outcome {
    var values: [Value?]
    var error: LibvirtError?
  }

  private let count: Int
  private let body: @Sendable (Int) throws(LibvirtError) -> Value?
  private let mayGoOn: @Sendable () -> Bool
  private let next = Atomic<Int>(0)
  private let stop = Atomic<Bool>(false)
  private let outcome: Mutex<Outcome>

  init(
    count: Int, body: @escaping @Sendable (Int) throws(LibvirtError) -> Value?, mayGoOn: @escaping @Sendable () -> Bool
  ) {
    self.count = count
    self.body = body
    self.mayGoOn = mayGoOn
    self.outcome = Mutex(Outcome(values: Array(repeating: nil, count: count)))
  }

  /// Reads all, on this thread and up to `readers` - 1 others; the first error ends it.
  func run(readers: Int) throws(LibvirtError) -> [Value] {
    let group = DispatchGroup()
    // A thread costs less than a call, but not nothing: at least two reads for each.
    for _ in 1..<max(2, min(readers, (count + 1) / 2)) {
      group.enter()
      let started = BlockingThread.start {
        self.work()
        group.leave()
      }
      if !started {
        group.leave()
        break
      }
    }
    work()
    group.wait()
    let (values, error) = outcome.withLock { ($0.values, $0.error) }
    if let error { throw error }
    return values.compactMap { $0 }
  }

  private func work() {
    while !stop.load(ordering: .relaxed), mayGoOn() {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard index < count else { return }
      do throws(LibvirtError) {
        let value = try body(index)
        outcome.withLock { $0.values[index] = value }
      } catch {
        stop.store(true, ordering: .relaxed)
        outcome.withLock { $0.error = $0.error ?? error }
      }
    }
  }
}
