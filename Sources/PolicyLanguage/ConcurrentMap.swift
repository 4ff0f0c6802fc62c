// SPDX-License-Identifier: Apache-2.0

public import Compiler
import Dispatch
import Synchronization

/// Does the same for many numbers, on all processors.
public struct ConcurrentMap: CompilerMap {
  public init() {}

  public func map<Result: Sendable>(count: Int, _ transform: @Sendable (Int) -> Result) -> [Result] {
    let chunkSize = 64
    guard count > chunkSize else { return (0..<count).map(transform) }
    let chunks = (count + chunkSize - 1) / chunkSize
    let results = Mutex([[Result]?](repeating: nil, count: chunks))
    DispatchQueue.concurrentPerform(iterations: chunks) { chunk in
      let start = chunk * chunkSize
      let part = (start..<min(count, start + chunkSize)).map(transform)
      results.withLock { $0[chunk] = part }
    }
    return results.withLock { $0.flatMap { $0 ?? [] } }
  }
}
