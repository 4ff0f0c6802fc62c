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
    let isTooLate = undo.isClaimed
    // An apply at work cannot be confirmed yet, and an undo at work not any more.
    let lock = try HostLock(uri: address.uri)
    defer { withExtendedLifetime(lock) {} }
    try undo.confirm()
    if isTooLate { output.note("A part of it may have been taken back already; see 'nwfleet plan'.\n") }
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
    let end = try await ArmedUndo(path: file).run { due in await Self.takeBack(due, output) }
    return end == .left ? .partial : .done
  }

  /// One attempt; libvirtd may be on its way back, after what was applied or anything else.
  private static func takeBack(_ due: ArmedUndo.Due, _ output: Output) async -> ArmedUndo.Attempt {
    let outcomes: [StepOutcome]
    do throws(HostError) {
      let host = try await LibvirtHost.connect(name: due.host, uri: due.uri, access: .readWrite)
      outcomes = await Applier(host, observed: try await host.observe()).takeBack(due.steps)
    } catch {
      output.result("\(error.message)\n")
      return .again
    }
    for outcome in outcomes {
      let what = PlanDocument.title(outcome.step)
      switch outcome.result {
      case .done, .undone: output.result("taken back: \(what)\n")
      case .skipped(let reason): output.result("NOT taken back: \(what): \(reason)\n")
      case .failed(let error): output.result("NOT taken back: \(what): \(error.message)\n")
      }
    }
    if outcomes.contains(where: \.isFailure) { return .again }
    return outcomes.allSatisfy { $0.result == .undone } ? .done : .left
  }
}
