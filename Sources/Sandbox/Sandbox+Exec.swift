// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
public import Processes

extension Sandbox {
  /// Runs a command inside a host's namespaces, or inside the network of one of its VMs, and collects its output.
  ///
  /// It runs in the caller's folder, where the host has that (all but /run and libvirt's folders are the machine's own).
  ///
  /// - Parameters:
  ///   - host: the host's number.
  ///   - machine: a VM's name (`vm1`), or `world` or `router`; the host itself if nil.
  ///   - deadline: after this time it is killed.
  /// - Throws: `SandboxError`: `notRunning`, `unknownMachine`, `timedOut`, `failed`. The command's own status is in the
  ///   result.
  public func exec(
    host: Int = 1, vm machine: String? = nil, _ command: [String], input: String? = nil,
    deadline: Duration = .seconds(60)
  ) async throws(SandboxError) -> CommandResult {
    let arguments = try entering(host, machine, command)
    do {
      return try await Processes.run("nsenter", arguments, input: input, deadline: deadline)
    } catch {
      throw SandboxError(error, doing: command.joined(separator: " "))
    }
  }

  /// Runs a command as `exec` does, on this process's own terminal, and gives its exit status.
  ///
  /// - Throws: `SandboxError`: `notRunning`, `unknownMachine`, `failed`.
  public func execAttached(
    host: Int = 1, vm machine: String? = nil, _ command: [String]
  ) async throws(SandboxError) -> Int32 {
    let arguments = try entering(host, machine, command)
    do {
      return try await Processes.runAttached("nsenter", arguments)
    } catch {
      throw SandboxError(error, doing: command.joined(separator: " "))
    }
  }

  /// nsenter's arguments: nsenter leaves the command in the root folder, so a shell goes back to the caller's.
  private func entering(_ host: Int, _ machine: String?, _ command: [String]) throws(SandboxError) -> [String] {
    guard !command.isEmpty else {
      throw SandboxError(code: .invalidOption, message: "no command to run in the sandbox")
    }
    let process = try runningProcess(host)
    var arguments = ["-t", String(process.pid), "-m", "-n", "-u", "-i", "-p", "--"]
    if let machine {
      let names = namespaces(process)
      guard names.contains(machine) else {
        throw SandboxError(
          code: .unknownMachine, message: "h\(host) has no VM \(machine)",
          hint: "it has: \(names.joined(separator: ", "))")
      }
      arguments += ["ip", "netns", "exec", machine]
    }
    let script = #"cd "$0" 2>/dev/null || cd /; exec "$@""#
    return arguments + ["sh", "-c", script, FileManager.default.currentDirectoryPath] + command
  }
}
