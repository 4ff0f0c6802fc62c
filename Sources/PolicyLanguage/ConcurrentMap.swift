// SPDX-License-Identifier: Apache-2.0

public import Compiler
import Dispatch
import Synchronization

/// Does the same for many numbers, on all processors.
public struct ConcurrentMap: CompilerMap {
  public init() {}

  public func map<Result: Sendable>(count: Int, batch: Int, _ transform: @Sendable (Int) -> Result) -> [Result] {
    guard count > batch else { return (0..<count).map(transform) }
    let chunks = (count + batch - 1) / batch
    let results = Mutex([[Result]?](repeating: nil, count: chunks))
    DispatchQueue.concurrentPerform(iterations: chunks) { chunk in
      let start = chunk * batch
      let part = (start..<min(count, start + batch)).map(transform)
      results.withLock { $0[chunk] = part }
    }
    return results.withLock { $0.flatMap { $0 ?? [] } }
  }
}
