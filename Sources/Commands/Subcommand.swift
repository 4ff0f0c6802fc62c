// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import FoundationEssentials
import Glibc
import Processes
import Reconcile
import Sandbox

/// How a command ended; the numbers are promised to scripts.
enum ExitStatus: Int32 {
  case done = 0
  case error = 1
  case changesPending = 2
  /// A test of the policy does not hold.
  case testFailed = 3
  /// Some hosts or interfaces failed, or are not enforced.
  case partial = 4
}

/// A command of nwfleet: says what it does and returns how it ended; errors are shown here, once and for all.
protocol Subcommand: AsyncParsableCommand {
  var output: OutputOptions { get }

  /// Whether it changes hosts, so that its exit code tells what became of them even where nobody reads its output.
  static var changesHosts: Bool { get }

  func execute(_ output: Output) async throws -> ExitStatus
}

extension ApplyCommand { static var changesHosts: Bool { true } }
extension DestroyCommand { static var changesHosts: Bool { true } }
extension UndoCommand { static var changesHosts: Bool { true } }

extension Subcommand {
  static var changesHosts: Bool { false }

  func run() async throws {
    // A reader that has seen enough (`| head`) is no error, and no reason to leave a host half-way.
    signal(SIGPIPE, Self.changesHosts ? SIG_IGN : SIG_DFL)
    let output = output.output
    let status: ExitStatus
    do {
      status = try await execute(output)
    } catch let error as DiagnosticError {
      output.show(error.diagnostics)
      status = .error
    } catch let error as HostError {
      output.show([error.diagnostic])
      status = .error
    } catch let error as SandboxError {
      output.show([
        Diagnostic(Diagnostic.Code(rawValue: "sandbox-\(error.code.rawValue)"), error.message, hint: error.hint)
      ])
      status = .error
    } catch let error as ProcessError {
      output.show([Diagnostic(Diagnostic.Code(rawValue: "process-\(error.code.rawValue)"), error.message)])
      status = .error
    }
    // A thread whose libvirt call hangs would keep the process alive; nothing waits for it.
    fflush(nil)
    _exit(status.rawValue)
  }
}
