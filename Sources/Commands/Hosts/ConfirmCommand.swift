// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import Planning
import Reconcile

struct ConfirmCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "confirm", abstract: "Keep what 'apply --confirm-within' has applied.")

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var hosts: HostOptions
  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let inventory = hosts.connect == nil ? try repository.load(&output).inventory : nil
    let address = try hosts.resolve(inventory)
    guard let undo = try ArmedUndo.find(uri: address.uri) else {
      throw DiagnosticError(
        Diagnostic(
          "nothing-to-confirm", "\(address.name) waits for no confirmation",
          hint: "it was confirmed or taken back already; see 'nwfleet plan'"))
    }
    try undo.confirm()
    output.result("Confirmed: what was applied to \(address.name) stays.\n")
    return .done
  }
}

/// Waits for the confirmation of an apply, and takes it back otherwise; started by `apply --confirm-within`.
struct UndoCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "undo-armed", abstract: "Take an apply back unless it is confirmed.", shouldDisplay: false)

  @Argument var file: String
  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    guard let due = try await ArmedUndo(path: file).wait() else { return .done }
    let host = try await Self.connect(due.host, due.uri)
    let lock = await Self.lock(due.uri)
    defer { withExtendedLifetime(lock) {} }
    let outcomes = await Applier(host, observed: try await host.observe()).run(due.steps)
    for outcome in outcomes { output.result("\(PlanDocument.title(outcome.step)): \(outcome.result)\n") }
    return outcomes.contains(where: \.isFailure) ? .partial : .done
  }

  /// libvirtd may be on its way back, after what was applied or anything else; half an hour is enough to start it by hand.
  private static func connect(_ name: String, _ uri: String) async throws -> LibvirtHost {
    let end = ContinuousClock.now + .seconds(1800)
    while true {
      do throws(HostError) {
        return try await LibvirtHost.connect(name: name, uri: uri, access: .readWrite)
      } catch {
        guard [.unreachable, .timedOut].contains(error.code), ContinuousClock.now < end else { throw error }
        try await Task.sleep(for: .milliseconds(500))
      }
    }
  }

  /// The apply that is taken back may still hang; the undo does not wait for it for ever.
  private static func lock(_ uri: String) async -> HostLock? {
    for _ in 0..<50 {
      if let lock = try? HostLock(uri: uri) { return lock }
      try? await Task.sleep(for: .milliseconds(200))
    }
    return nil
  }
}
