// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import Glibc
import Planning
import Reconcile

struct PlanCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Say what apply would do to a host; changes nothing.",
    discussion: "Needs no rights on the host beyond reading.")

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var hosts: ReadableHostOptions
  @OptionGroup var today: TodayOptions
  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Save the plan, for 'nwfleet apply FILE'.", valueName: "file"))
  var out: String?

  @Flag(name: .customLong("detailed-exitcode"), help: "Exit with 2 where there are changes.")
  var detailedExitCode = false

  @Flag(name: .customLong("take-over"), help: "Plan although the host is run from another repository.")
  var takesOver = false

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let repository = try repository.load(&output)
    output.warn(repository.warnings)
    let host = try await hosts.open(repository.inventory, output)
    let session = try await PlanSession(
      host: host,
      policy: HostPolicy(repository, today: today.day, commit: await repository.commit(), takesOver: takesOver))
    let plan = session.plan
    if output.isJSON {
      output.result(PlanDocument(plan, traffic: plan.traffic(session.request)))
    } else {
      output.result(
        PlanText(plan, traffic: plan.traffic(session.request), style: output.style, isVerbose: output.isVerbose).text)
      output.warn(plan.warnings)
      output.show(plan.problems)
      output.warn(plan.findings(beyond: Limits()).map(\.asWarning))
    }
    guard plan.problems.isEmpty else { return .error }
    if let out {
      try JSONFile.write(SavedPlan(session.request, takenAt: time(nil)), to: out)
      output.note("Saved to \(out).\n")
    }
    if !plan.isComplete { return .partial }
    return detailedExitCode && !plan.isEmpty ? .changesPending : .done
  }
}

extension Diagnostic {
  /// What apply will refuse unless it is told more.
  fileprivate var asWarning: Diagnostic {
    var copy = self
    copy.severity = .warning
    return copy
  }
}
