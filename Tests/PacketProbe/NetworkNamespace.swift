// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Threads of their own: what they do to themselves (entering a namespace, blocking) touches no other code.
enum Threads {
  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  static func start(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Body(body)).toOpaque()
    let result = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, argument)
    precondition(result == 0, "no thread")
    pthread_detach(thread)
  }
}

/// Why the probe could not be set up.
public struct ProbeError: Error, Sendable, CustomStringConvertible {
  public let description: String

  init(_ doing: String) { description = "\(doing): \(String(cString: strerror(errno)))" }
}

/// A network namespace, by a path such as /proc/PID/ns/net.
struct NetworkNamespace: Sendable {
  let path: String

  /// Runs `body` inside, on a thread that ends with it. Sockets opened there stay there.
  func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      Threads.start {
        continuation.resume(
          with: Result {
            let file = open(path, O_RDONLY | O_CLOEXEC)
            defer { close(file) }
            guard file >= 0, Self.enter(file, 0x4000_0000) == 0 else { throw ProbeError("cannot enter \(path)") }
            return try body()
          })
      }
    }
  }

  /// setns(2) with CLONE_NEWNET, which Swift's Glibc leaves out.
  private static let enter: @Sendable @convention(c) (_ file: Int32, _ kind: Int32) -> Int32 = {
    guard let symbol = dlsym(nil, "setns") else { preconditionFailure("no setns in this C library") }
    return unsafeBitCast(symbol, to: (@Sendable @convention(c) (Int32, Int32) -> Int32).self)
  }()
}
