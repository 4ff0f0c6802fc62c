// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Diagnostics
import FilterModel
import Planning
import Reconcile

struct DestroyCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "destroy", abstract: "Take everything of the project off a host.",
    discussion: """
      Filters of libvirt's, of other projects and made by hand stay, and so do adopted ones. A filter that something \
      else still refers to stays too, and is named.
      """)

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var hosts: HostOptions
  @OptionGroup var output: OutputOptions

  @Flag(name: .customLong("auto-approve"), help: "Do not ask.")
  var autoApprove = false

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let repository = try repository.load(&output)
    let address = try hosts.resolve(repository.inventory)
    let lock = try HostLock(uri: address.uri)
    defer { withExtendedLifetime(lock) {} }
    try ArmedUndo.requireNone(for: address.name, uri: address.uri)
    let host = try await address.open(.readWrite)
    let session = PlanSession(
      host: host,
      request: .removal(
        of: repository.policy.identity, repositoryID: repository.policy.repositoryID, from: try await host.observe()))
    let plan = session.plan
    if !output.isJSON {
      output.result(
        PlanText(plan, traffic: plan.traffic(session.request), style: output.style, isVerbose: output.isVerbose).text)
    }
    output.warn(plan.warnings)
    guard plan.problems.isEmpty else { throw DiagnosticError(plan.problems) }
    if !plan.steps.isEmpty, !autoApprove {
      guard try output.isApproved("Take all this off \(plan.host)?") else { return .error }
      try await session.checkUnchanged()
    }
    let run = ApplyRun(output: output, limits: .none)
    let (document, lastPlan) = await run.run(session)
    return run.report(document, lastPlan)
  }
}
