// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
internal import Processes

/// Starting and removing one host, with the root locked.
extension Sandbox {
  /// What the programs of a host see: nothing of this process's own.
  static let environment = ProcessEnvironment.exactly([
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8",
  ])

  /// Starts the namespaces of a host, and gives the pid of the process that waits outside for their first one to end.
  func start(_ host: SandboxHost, _ options: SandboxOptions) async throws(SandboxError) -> Int32 {
    let files = HostFiles(host: host)
    let start = try files.create(options)
    // unshare forks the first process of the namespaces, waits for it, and takes it along when killed.
    let arguments = [
      "--mount", "--net", "--uts", "--ipc", "--pid", "--propagation", "private", "--fork", "--kill-child", "--",
      "/bin/sh", files.script, host.directory, start,
    ]
    do {
      return try await Processes.spawnDetached(
        "unshare", arguments, environment: Sandbox.environment, workingDirectory: "/", log: files.startLog)
    } catch {
      throw SandboxError(error, doing: "cannot start \(host.name)")
    }
  }

  /// Waits until libvirtd of a host answers: 60 s at most, and no longer than its start-up script runs.
  func waitUntilReady(_ host: SandboxHost, outside: Int32) async throws(SandboxError) {
    let files = HostFiles(host: host)
    let clock = ContinuousClock()
    let end = clock.now + .seconds(60)
    while !files.isReady {
      guard ProcessIdentity(pid: outside) != nil else {
        throw SandboxError(code: .failed, message: "\(host.name) did not come up: \(startLog(files))")
      }
      guard clock.now < end else {
        throw SandboxError(code: .timedOut, message: "\(host.name) did not come up in time: \(startLog(files))")
      }
      do {
        try await Task.sleep(for: .milliseconds(5))
      } catch {
        throw SandboxError(code: .failed, message: "the start of \(host.name) was cancelled")
      }
    }
  }

  private func startLog(_ files: HostFiles) -> String {
    let text = (try? String(contentsOfFile: files.startLog, encoding: .utf8)) ?? ""
    let lines = text.split(separator: "\n").suffix(5)
    return lines.isEmpty ? "its start-up script said nothing" : lines.joined(separator: "; ")
  }

  /// Adds the VMs that a running host lacks.
  func addMachines(_ host: SandboxHost, _ options: SandboxOptions) async throws(SandboxError) {
    guard options.virtualMachines > 0 else { return }
    let present = Set(virtualMachines(of: host, try runningProcess(host.number)).map(\.number))
    let missing = (1...options.virtualMachines).filter { !present.contains($0) }
    guard !missing.isEmpty else { return }
    let network = NetworkScript(host: host, options: options)
    let script = "set -eu\n" + missing.map(network.virtualMachine).joined()
    let result = try await exec(host: host.number, ["sh", "-c", script])
    do {
      try result.requireSuccess()
    } catch {
      throw SandboxError(error, doing: "cannot add VMs to \(host.name)")
    }
  }

  /// Stops and removes a host, in whatever state it is.
  ///
  /// The folder is renamed first. A first process that has not recorded itself by then finds no folder and ends; one
  /// that has is found in the renamed folder. So none is missed.
  func remove(_ host: SandboxHost) async throws(SandboxError) {
    guard FileManager.default.fileExists(atPath: host.directory) else { return }
    let aside = "\(root)/\(Sandbox.removedPrefix)\(host.number)"
    try await clear(aside, host)
    guard rename(host.directory, aside) == 0 else {
      throw .system("cannot rename \(host.directory)", errno)
    }
    try await clear(aside, host)
  }

  /// Kills what a renamed folder records, waits until it is gone, and removes the folder.
  func clear(_ aside: String, _ host: SandboxHost) async throws(SandboxError) {
    let files = HostFiles(host: SandboxHost(number: host.number, directory: aside))
    if let running = files.process {
      let outside = ProcessIdentity(pid: running.parent)
      // With the first process of a pid namespace, the kernel kills all others in it, stopped ones too.
      running.process.send(SIGKILL)
      try await waitUntilGone([running.process, outside].compactMap { $0 }, host)
    }
    try SystemCalls.removeDirectory(aside)
  }

  private func waitUntilGone(_ processes: [ProcessIdentity], _ host: SandboxHost) async throws(SandboxError) {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(10)
    while processes.contains(where: \.isRunning) {
      guard clock.now < end else {
        throw SandboxError(code: .timedOut, message: "the processes of \(host.name) do not end")
      }
      try? await Task.sleep(for: .milliseconds(2))
    }
  }
}
