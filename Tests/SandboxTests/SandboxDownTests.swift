// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Processes
import Sandbox
import SandboxFixture
import Testing

@Suite(.liveHosts, .timeLimit(.minutes(5))) struct SandboxDownTests {
  @Test(arguments: SandboxNetwork.allCases)
  func nothingIsLeft(network: SandboxNetwork) async throws {
    let root = try await withSandbox(hosts: 2, vms: 1, qemu: 1, network: network) { sandbox in
      try await sandbox.bind(vm: "vm1", filter: "clean-traffic", parameters: [("IP", "192.168.122.11")])
      #expect(!processes(mentioning: sandbox.root).isEmpty)
      try await sandbox.signalDaemon(host: 2, SIGSTOP)
      return sandbox.root
    }
    try await expectNothingLeft(root)
  }

  @Test func folderBelowRun() async throws {
    let sandbox = Sandbox(root: "/run/nwfleet-\(UUID().uuidString.prefix(8))")
    do {
      try await sandbox.up()
      #expect(try await sandbox.exec(["ls", sandbox.host(1).socket]).succeeded)
      #expect(try await sandbox.exec(vm: "vm1", ["ping", "-c1", "-W1", "192.168.122.12"]).succeeded)
    } catch {
      Issue.record(error)
    }
    try await sandbox.down()
    try await expectNothingLeft(sandbox.root)
  }

  /// `up` is cancelled after so many milliseconds: its processes go on by themselves, as after kill -9.
  @Test(arguments: [1, 20, 40, 60, 80, 120, 200, 400])
  func halfFinishedStartIsCleared(milliseconds: Int) async throws {
    let root = try await withSandbox(nil) { sandbox in
      let task = Task { try await sandbox.up(SandboxOptions(hosts: 3, virtualMachines: 2, qemuDomains: 1)) }
      try await Task.sleep(for: .milliseconds(milliseconds))
      task.cancel()
      _ = try? await task.value
      if milliseconds % 40 == 0 {
        try await sandbox.up(SandboxOptions(hosts: 2))
        #expect(sandbox.status().prefix(2).allSatisfy { $0.isUp && $0.virtualMachines.count == 2 })
      }
      return sandbox.root
    }
    try await expectNothingLeft(root)
  }
}

/// The command lines that speak of a root, zombies aside.
private func processes(mentioning root: String) -> [String] {
  let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
  return entries.compactMap { entry in
    guard Int32(entry) != nil, Int32(entry) != getpid(),
      let line = try? String(contentsOfFile: "/proc/\(entry)/cmdline", encoding: .utf8),
      let mounts = try? String(contentsOfFile: "/proc/\(entry)/mountinfo", encoding: .utf8)
    else { return nil }
    return line.contains(root) || mounts.contains(root) ? line : nil
  }
}

private func expectNothingLeft(_ root: String) async throws {
  #expect(!FileManager.default.fileExists(atPath: root))
  // A process that was being started when `up` ended finds no folder, and needs a moment for it.
  let gone = try await eventually { processes(mentioning: root).isEmpty }
  #expect(gone, "\(processes(mentioning: root))")
  let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
  #expect(!mounts.contains(root))
}
