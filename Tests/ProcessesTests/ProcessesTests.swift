// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Processes
import Testing

@Suite struct ProcessesTests {
  @Test func collectsOutputAndStatus() async throws {
    let result = try await Processes.run("sh", ["-c", "echo out; echo err >&2; exit 3"])
    #expect(result.status == 3)
    #expect(result.output == "out\n")
    #expect(result.errorOutput == "err\n")
    let error = #expect(throws: ProcessError.self) { try result.requireSuccess() }
    #expect(error?.code == .failed)
    #expect(error?.status == 3)
    #expect(error?.errorOutput == "err")
  }

  @Test func statusOfASignalIsCountedAsShellsDo() async throws {
    let result = try await Processes.run("sh", ["-c", "kill -TERM $$"])
    #expect(result.status == 128 + SIGTERM)
  }

  @Test func writesInput() async throws {
    let text = String(repeating: "line\n", count: 100_000)
    let result = try await Processes.run("cat", input: text)
    #expect(result.output == text)
  }

  @Test func inputThatNobodyReadsIsNoError() async throws {
    let result = try await Processes.run("true", input: String(repeating: "x", count: 1 << 20))
    #expect(result.succeeded)
  }

  @Test func noInputIsAnEmptyOne() async throws {
    #expect(try await Processes.run("wc", ["-c"]).output == "0\n")
  }

  @Test func environmentAndWorkingDirectory() async throws {
    let some = try await Processes.run("env", environment: .exactly(["A": "b c"]), workingDirectory: "/usr")
    #expect(some.output == "A=b c\n")
    let more = try await Processes.run(
      "sh", ["-c", "echo $A; pwd; test -n \"$PATH\""], environment: .inheriting(["A": "1"]), workingDirectory: "/usr")
    #expect(more.output == "1\n/usr\n")
    #expect(more.succeeded)
  }

  @Test(arguments: ["no-such-program-here", "/no/such/program", ""])
  func unknownProgram(name: String) async throws {
    let error = await #expect(throws: ProcessError.self) { try await Processes.run(name) }
    #expect(error?.code == .notFound)
  }

  @Test func aFolderThatIsNotThere() async throws {
    let error = await #expect(throws: ProcessError.self) {
      try await Processes.run("true", workingDirectory: "/no/such/folder")
    }
    #expect(error?.code == .notStarted)
  }

  @Test func tooMuchOutput() async throws {
    let error = await #expect(throws: ProcessError.self) {
      try await Processes.run("sh", ["-c", "while :; do echo xxxxxxxxxxxxxxxxxx; done"], outputLimit: 10_000)
    }
    #expect(error?.code == .outputTooLarge)
  }

  @Test func deadlineKillsTheProgramAndWhatItStarted() async throws {
    let folder = try TemporaryFolder()
    let error = await #expect(throws: ProcessError.self) {
      try await Processes.run(
        "sh", ["-c", "trap '' TERM; sleep 1000 & echo $! > pid; wait"], workingDirectory: folder.path,
        deadline: .milliseconds(300))
    }
    #expect(error?.code == .timedOut)
    let pid = try #require(Int32(folder.read("pid").trimmingCharacters(in: .whitespacesAndNewlines)))
    try await eventually { !isRunning(pid) }
  }

  @Test func cancellationKillsTheProgram() async throws {
    let task = Task { try await Processes.run("sleep", ["1000"]) }
    try await Task.sleep(for: .milliseconds(200))
    task.cancel()
    let error = await #expect(throws: ProcessError.self) { try await task.value }
    #expect(error?.code == .cancelled)
  }

  @Test func outputIsCompleteHoweverSoonTheProgramEnds() async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 1...200 {
        group.addTask {
          let result = try await Processes.run("sh", ["-c", "printf '%s' \(number)"])
          return result.output == String(number)
        }
      }
      for try await whole in group { #expect(whole) }
    }
  }

  @Test func attachedGivesTheStatus() async throws {
    #expect(try await Processes.runAttached("sh", ["-c", "exit 7"]) == 7)
    let error = await #expect(throws: ProcessError.self) { try await Processes.runAttached("no-such-program-here") }
    #expect(error?.code == .notFound)
  }

  @Test func detachedHasItsOwnSessionAndIsNoChild() async throws {
    let folder = try TemporaryFolder()
    let log = folder.path + "/log"
    let pid = try await Processes.spawnDetached(
      "sh", ["-c", "echo $$; grep SigIgn /proc/self/status; sleep 1000"], log: log)
    defer { kill(pid, SIGKILL) }
    try await eventually { folder.read("log").contains("SigIgn") }
    #expect(folder.read("log").hasPrefix("\(pid)\n"))
    #expect(getsid(pid) == pid)
    #expect(waitpid(pid, nil, WNOHANG) == -1)
    let ignored = folder.read("log").split(separator: "\n").last { $0.contains("SigIgn") }
    let mask = try #require(ignored?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) })
    #expect(mask & (1 << (SIGINT - 1) | 1 << (SIGQUIT - 1)) == 0)
    #expect(kill(pid, SIGKILL) == 0)
    try await eventually { !isRunning(pid) }
  }

  @Test func findsSystemPrograms() {
    #expect(Processes.find("sh")?.hasSuffix("/sh") == true)
    #expect(Processes.find("/bin/sh") == "/bin/sh")
    #expect(Processes.find("no-such-program-here") == nil)
  }
}

/// A folder that goes with the value.
private final class TemporaryFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "nwfleet-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func read(_ name: String) -> String {
    (try? String(contentsOfFile: path + "/" + name, encoding: .utf8)) ?? ""
  }
}

/// Whether the process is there, and no zombie.
private func isRunning(_ pid: Int32) -> Bool {
  guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
  return !stat.contains(") Z ")
}

private func eventually(_ condition: () -> Bool) async throws {
  for _ in 0..<250 where !condition() { try await Task.sleep(for: .milliseconds(20)) }
  #expect(condition())
}
