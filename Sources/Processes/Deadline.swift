// SPDX-License-Identifier: Apache-2.0

/// How an operation under a deadline ended.
enum Outcome<Value: Sendable>: Sendable {
  case finished(Value)
  case failed(any Error)
  case timedOut
  case cancelled
}

/// Runs an operation, and cancels it once the deadline has passed.
///
/// Comes back only when the operation has: what it started is then gone.
func finish<Value: Sendable>(
  within deadline: Duration, _ operation: @escaping @Sendable () async throws -> Value
) async -> Outcome<Value> {
  await withTaskGroup(of: Outcome<Value>.self) { group in
    group.addTask {
      do { return .finished(try await operation()) } catch { return .failed(error) }
    }
    group.addTask {
      do { try await Task.sleep(for: deadline) } catch { return .cancelled }
      return .timedOut
    }
    let first = await group.next() ?? .cancelled
    group.cancelAll()
    await group.waitForAll()
    if case .failed = first, Task.isCancelled { return .cancelled }
    return first
  }
}
