// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import Processes

/// libvirtd of a host, apart from its VMs: to see what happens when it is stopped, killed or hangs.
extension Sandbox {
  /// Ends libvirtd as its service manager would, and waits until it is gone. VMs and filter rules stay.
  ///
  /// - Throws: `SandboxError`: `notRunning`, `timedOut`. A libvirtd that does not run is no error.
  public func stopDaemon(host number: Int = 1) async throws(SandboxError) {
    guard let daemon = daemon(in: try runningProcess(number)) else { return }
    daemon.send(SIGTERM)
    try await waitForEnd(of: daemon, number)
  }

  /// Starts libvirtd again in the namespaces of a host, and waits until it answers. One that runs is kept.
  ///
  /// - Throws: `SandboxError`: `notRunning`, `timedOut`, `failed`.
  public func startDaemon(host number: Int = 1) async throws(SandboxError) {
    let process = try runningProcess(number)
    guard daemon(in: process) == nil else { return }
    let entering = ["-t", String(process.pid), "-m", "-n", "-u", "-i", "-p", "--"]
    do {
      try await Processes.run(
        "nsenter", entering + ["sh", HostFiles(host: host(number)).daemonScript], environment: Sandbox.environment,
        deadline: .seconds(30)
      ).requireSuccess()
    } catch {
      throw SandboxError(error, doing: "cannot start libvirtd of h\(number)")
    }
  }

  /// Sends a signal to libvirtd of a host: SIGKILL for a crash, SIGSTOP and SIGCONT for one that hangs.
  ///
  /// After SIGKILL and SIGTERM it waits until the daemon is gone.
  ///
  /// - Throws: `SandboxError`: `notRunning` also if libvirtd itself does not run; `timedOut`.
  public func signalDaemon(host number: Int = 1, _ signal: Int32) async throws(SandboxError) {
    guard let daemon = daemon(in: try runningProcess(number)) else {
      throw SandboxError(code: .notRunning, message: "libvirtd of h\(number) does not run")
    }
    daemon.send(signal)
    if signal == SIGKILL || signal == SIGTERM { try await waitForEnd(of: daemon, number) }
  }

  /// The libvirtd of a host: looked up among the processes of its pid namespace, never by a recorded pid.
  func daemon(in first: ProcessIdentity) -> ProcessIdentity? {
    // libvirtd forks before it executes ebtables and the like; the daemon itself is the eldest of that name.
    ProcessTable.processes(inNamespaceOf: first.pid).filter { $0.command == "libvirtd" }
      .min { ($0.process.startTime, $0.process.pid) < ($1.process.startTime, $1.process.pid) }?.process
  }

  private func waitForEnd(of daemon: ProcessIdentity, _ number: Int) async throws(SandboxError) {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(20)
    while daemon.isRunning {
      guard clock.now < end else {
        throw SandboxError(code: .timedOut, message: "libvirtd of h\(number) does not end")
      }
      try? await Task.sleep(for: .milliseconds(5))
    }
  }
}
