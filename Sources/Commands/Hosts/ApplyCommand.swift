// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import Diagnostics
import FoundationEssentials
import Planning
import Processes
public import Reconcile

struct ApplyCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "apply", abstract: "Make a host as the policy wants it.",
    discussion: """
      Plans, shows the plan, asks, and carries it out: new filters first, then changed ones, then interfaces, deletions \
      last. Every filter is read back after it was sent; at the end the whole host is. Killed at any moment, the next run \
      goes on. With FILE, the saved plan is carried out, and refused if the host has changed since.
      """)

  @Argument(help: ArgumentHelp("A plan that 'plan --out' has saved.", valueName: "file"))
  var planFile: String?

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var hosts: HostOptions
  @OptionGroup var limits: LimitOptions
  @OptionGroup var output: OutputOptions

  @Flag(name: .customLong("auto-approve"), help: "Do not ask.")
  var autoApprove = false

  @Option(help: ArgumentHelp("What happens to finished steps when one fails: keep or undo.", valueName: "policy"))
  var onFailure = FailurePolicy.keep

  @Option(
    help: ArgumentHelp(
      "Take everything back unless 'nwfleet confirm' is said within this time, e.g. 90s or 2m.",
      discussion: "Only for a libvirtd on this machine: the undo must lie where a lost connection does not reach.",
      valueName: "time"), transform: TimeSpan.init(parsing:))
  var confirmWithin: TimeSpan?

  @Flag(name: .customLong("take-over"), help: "Apply although the host is run from another repository.")
  var takesOver = false

  func validate() throws {
    if planFile != nil {
      let ignored = [
        ("--repo", repository.repo != nil), ("--host", hosts.host != nil), ("--connect", hosts.connect != nil),
        ("--take-over", takesOver), ("--env", repository.environment != nil),
      ].filter(\.1).map(\.0)
      guard ignored.isEmpty else {
        throw ValidationError(
          "a saved plan has its own repository and host: leave out \(ignored.joined(separator: ", "))")
      }
    }
    if output.json, !autoApprove {
      throw ValidationError("--json shows no plan before it asks: look at one with 'plan', and add --auto-approve")
    }
  }

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let source = try source(&output)
    // Locked before the host is read: what another nwfleet is changing is no ground for a plan.
    let lock = try HostLock(uri: source.address.uri)
    defer { withExtendedLifetime(lock) {} }
    try ArmedUndo.requireNone(for: source.address.name, uri: source.address.uri)
    let session = try await plan(source)
    let plan = session.plan
    if !output.isJSON {
      output.result(
        PlanText(plan, traffic: plan.traffic(session.request), style: output.style, isVerbose: output.isVerbose).text)
    }
    output.warn(plan.warnings)
    let findings = plan.problems + plan.findings(beyond: limits.limits)
    guard findings.isEmpty else { throw DiagnosticError(findings) }
    let run = ApplyRun(output: output, limits: limits.limits, onFailure: onFailure)
    if plan.steps.isEmpty, plan.marker == nil {
      return run.report(verified(plan), plan)
    }
    if !plan.steps.isEmpty, !autoApprove {
      guard try output.isApproved("Apply this to \(plan.host)?") else { return .error }
      try await session.checkUnchanged()
    }
    return try await carryOut(session, run)
  }

  private func verified(_ plan: Plan) -> ApplyDocument {
    var document = ApplyDocument(plan)
    document.isVerified = true
    return document
  }

  /// What to plan from, and for which host.
  private enum Source {
    case repository(Repository, HostAddress)
    case saved(SavedPlan, HostAddress)

    var address: HostAddress {
      switch self {
      case .repository(_, let address), .saved(_, let address): address
      }
    }
  }

  private func source(_ output: inout Output) throws -> Source {
    if let planFile {
      let saved = try JSONFile.read(SavedPlan.self, from: planFile)
      return .saved(saved, try HostAddress(name: saved.host, uri: saved.uri))
    }
    let repository = try repository.load(&output)
    output.warn(repository.warnings)
    return .repository(repository, try hosts.resolve(repository.inventory))
  }

  /// The plan from the repository, or the saved one if it still holds.
  private func plan(_ source: Source) async throws -> PlanSession {
    let host = try await source.address.open(.readWrite)
    switch source {
    case .repository(let repository, _):
      return try await PlanSession(
        host: host,
        policy: HostPolicy(repository, commit: await repository.commit(), takesOver: takesOver))
    case .saved(let saved, _):
      let session = PlanSession(host: host, request: try saved.request())
      try await session.checkUnchanged()
      return session
    }
  }

  private func carryOut(_ session: PlanSession, _ run: ApplyRun) async throws -> ExitStatus {
    var run = run
    if let confirmWithin { run.undo = (try await arm(session, confirmWithin), confirmWithin) }
    let (document, plan) = await run.run(session)
    return run.report(document, plan)
  }

  /// Puts the undo where it works without us, before anything is changed.
  private func arm(_ session: PlanSession, _ time: TimeSpan) async throws -> ArmedUndo {
    guard LibvirtHost.isLocal(session.host.uri) else {
      throw DiagnosticError(
        Diagnostic(
          "undo-not-here", "--confirm-within works only for a libvirtd on the machine that nwfleet runs on",
          hint: "run nwfleet on \(session.plan.host) itself"))
    }
    let undo = try ArmedUndo(
      undoing: session.plan.allSteps, host: session.plan.host, uri: session.host.uri, after: time.seconds)
    do {
      let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
      _ = try await Processes.spawnDetached(program, ["undo-armed", undo.path], log: undo.logPath)
    } catch {
      undo.disarm()
      throw error
    }
    try await undo.waitUntilReady()
    return undo
  }
}

/// How much may be taken away.
struct LimitOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Delete at most this many filters. Default: a tenth of the project's, three at least.", valueName: "count"))
  var maxDestroy: Int?

  @Option(help: ArgumentHelp("Leave at most this many interfaces without a filter.", valueName: "count"))
  var allowUnprotected = 0

  func validate() throws {
    if maxDestroy ?? 0 < 0 || allowUnprotected < 0 { throw ValidationError("a count is never negative") }
  }

  var limits: Limits { Limits(mostDestroyed: maxDestroy, mostUnprotected: allowUnprotected) }
}

extension FailurePolicy: ExpressibleByArgument {}

/// A time on the command line: a number with s, m or h.
struct TimeSpan: CustomStringConvertible {
  let seconds: Double
  let description: String

  /// - Throws: `ValidationError` that says what is wrong with the text.
  init(parsing text: String) throws {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
    guard let last = text.last, let unit = units[last] else {
      throw ValidationError(
        "'\(text)' has no unit: write \(Int(text) == nil ? "90" : text)s, or m or h for minutes or hours")
    }
    guard let number = Int(text.dropLast()), (1...100_000).contains(number) else {
      throw ValidationError("'\(text)' is no time: write a number from 1 to 100000 with s, m or h")
    }
    seconds = Double(number) * unit
    description = text
  }
}
