// SPDX-License-Identifier: Apache-2.0

import FuzzTargets
import Glibc

private typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

/// libFuzzer as a library (llvm.org/docs/LibFuzzer.html): SwiftPM gives an executable its own `main`.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>, _ callback: Callback
) -> CInt

/// Which target this process feeds: `NWFLEET_FUZZ_TARGET` in the environment.
private let target: FuzzTarget = {
  let name = getenv("NWFLEET_FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let target = FuzzTarget(rawValue: name) else {
    fatalError("NWFLEET_FUZZ_TARGET must be one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
  }
  return target
}()

@main
struct Fuzz {
  static func main() {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    exit(
      runDriver(&count, &arguments) { start, count in
        do throws(BrokenPromise) {
          try target.run(Array(UnsafeBufferPointer(start: start, count: count)))
        } catch {
          fatalError("\(error)")
        }
        return 0
      })
  }
}
