// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Synchronization
import Testing

@testable import Libvirt

@Suite struct ThreadTests {
  @Test func laneKeepsOrder() async {
    let lane = SerialLane()
    let seen = Mutex<[Int]>([])
    await withCheckedContinuation { continuation in
      for number in 0..<500 {
        _ = lane.run {
          seen.withLock { $0.append(number) }
          if number == 499 { continuation.resume() }
        }
      }
    }
    #expect(seen.withLock { $0 } == Array(0..<500))
  }

  @Test(arguments: [0, 1, 2, 999]) func fanOutKeepsOrder(count: Int) throws {
    let values = try FanOut(count: count, body: { $0 % 3 == 0 ? nil : $0 }, mayGoOn: { true }).run(readers: 8)
    #expect(values == (0..<count).filter { $0 % 3 != 0 })
  }

  @Test func fanOutStopsAtAnError() {
    let failure = LibvirtError(code: .outcomeUnknown, message: "cut", call: "read")
    let reads = Atomic<Int>(0)
    #expect(throws: failure) {
      try FanOut<Int>(
        count: 100_000,
        body: { index throws(LibvirtError) in
          reads.wrappingAdd(1, ordering: .relaxed)
          if index == 10 { throw failure }
          return index
        }, mayGoOn: { true }
      ).run(readers: 4)
    }
    #expect(reads.load(ordering: .relaxed) < 100_000)
  }

  /// The thread is let go only after the caller has been told: without a deadline this test would never end.
  @Test func deadlinePasses() async {
    let late = LibvirtError(code: .timedOut, message: "late", call: "nothing")
    let gate = DispatchSemaphore(value: 0)
    await #expect(throws: late) {
      try await PendingReply<Int>.wait(deadline: .milliseconds(50), onTimeout: { late }) { reply in
        _ = BlockingThread.start {
          gate.wait()
          reply.resume(with: .success(1))
        }
      }
    }
    gate.signal()
  }
}
