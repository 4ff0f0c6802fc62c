// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Planning
import Reconcile

/// Carries out plans and reports: what apply, destroy and an undo have in common.
struct ApplyRun {
  var output: Output
  /// How much may be taken away, also where the host changes meanwhile and the plan with it.
  var limits: Limits
  var onFailure = FailurePolicy.keep

  /// The undo that is armed, and how long it waits once the apply is at its end.
  var undo: (armed: ArmedUndo, time: TimeSpan)?

  /// Carries out a session's plan, reads the host again, and plans again where it has changed meanwhile, three times at most.
  ///
  /// - Returns: what was done, and the last plan that was made.
  func run(_ session: PlanSession) async -> (ApplyDocument, Plan) {
    var session = session
    var document = ApplyDocument(session.plan)
    do {
      try await converge(&session, &document)
    } catch {
      // What was done before counts, and is told.
      document.problems += Self.diagnostics(of: error).map(DiagnosticRecord.init)
    }
    if let undo {
      // Also where a part has failed: the rest of it is done. Until now the lock has held the undo up.
      try? undo.armed.extend(to: undo.time.seconds)
      output.announce("Taken back in \(undo.time) unless you say: nwfleet confirm\n")
      // The note above is for people only.
      if !document.isVerified, output.isJSON {
        document.problems.append(
          DiagnosticRecord(
            Diagnostic(
              "undo-armed", "an undo is armed: what was done is taken back in \(undo.time)",
              hint: "to keep it, say 'nwfleet confirm'")))
      }
    }
    return (document, session.plan)
  }

  private func converge(_ session: inout PlanSession, _ document: inout ApplyDocument) async throws {
    var budget = Budget(session.plan, limits)
    for round in 0..<3 {
      if round > 0 { try undo?.armed.add(session.plan.allSteps) }
      let outcomes = await carryOut(session)
      document.add(outcomes)
      budget.spend(outcomes, session.plan)
      let left = outcomes.filter { $0.result != .done }.map(\.step)
      guard left.isEmpty || canGoOn(outcomes) else { return }
      session = try await session.again()
      if session.plan.isEmpty, session.plan.marker == nil {
        document.isVerified = true
        return
      }
      // What is left is what failed: trying again would fail again. Else a VM has started, stopped or gone, or somebody
      // else has changed something, and the new plan has an answer to that.
      if !left.isEmpty, session.plan.steps == left.filter({ session.plan.steps.contains($0) }) { return }
      let findings = session.plan.problems + budget.findings(session.plan)
      guard findings.isEmpty else {
        document.problems = findings.map(DiagnosticRecord.init)
        return
      }
    }
    document.problems = [
      DiagnosticRecord(
        Diagnostic(
          "not-converged", "\(session.plan.host) is still not as planned: somebody else changes it at the same time",
          hint: "see 'nwfleet plan' for what is left"))
    ]
  }

  private static func diagnostics(of error: any Error) -> [Diagnostic] {
    switch error {
    case let error as HostError: [error.diagnostic]
    case let error as DiagnosticError: error.diagnostics
    default: [HostError(.refused, "\(error)").diagnostic]
    }
  }

  /// Whether the host takes more after failures, and the user wants that.
  private func canGoOn(_ outcomes: [StepOutcome]) -> Bool {
    onFailure == .keep
      && outcomes.allSatisfy { outcome in
        if case .failed(let error) = outcome.result { error.code == .refused } else { true }
      }
  }

  private func carryOut(_ session: PlanSession) async -> [StepOutcome] {
    let output = output
    Interruption.explain()
    let applier = Applier(session.host, observed: session.request.observed) { done, count, step in
      output.progress("\(done + 1)/\(count) \(PlanDocument.title(step))")
    }
    var outcomes = await applier.run(session.plan.steps, onFailure: onFailure)
    // The host must not claim a revision that it does not have.
    if let marker = session.plan.marker, outcomes.allSatisfy({ $0.result == .done }) {
      outcomes += await applier.run([.filter(marker)])
    }
    output.endProgress()
    return outcomes
  }

  /// Shows what was done, and says how the command ends.
  func report(_ document: ApplyDocument, _ plan: Plan) -> ExitStatus {
    if output.isJSON {
      output.result(document)
    } else {
      output.result(ApplyText(document, isVerbose: output.isVerbose).text)
    }
    if !document.isVerified { return document.doneCount == 0 ? .error : .partial }
    return plan.isComplete ? .done : .partial
  }
}

/// What a run may still take away: limits are for the run as a whole, however often it plans.
private struct Budget {
  private var mostDestroyed: Int
  private let mostUnprotected: Int
  private var unprotected: Set<InterfaceName> = []

  init(_ plan: Plan, _ limits: Limits) {
    mostDestroyed = limits.mostDestroyed ?? plan.defaultMostDestroyed
    mostUnprotected = limits.mostUnprotected
  }

  mutating func spend(_ outcomes: [StepOutcome], _ plan: Plan) {
    unprotected.formUnion(plan.unprotected)
    for outcome in outcomes where outcome.result == .done {
      if plan.isCountedDeletion(outcome.step) { mostDestroyed -= 1 }
    }
  }

  func findings(_ plan: Plan) -> [Diagnostic] {
    var whole = plan
    whole.unprotected = unprotected.union(plan.unprotected).sorted()
    // Without anything new to take away, what is taken away already is no obstacle.
    if plan.unprotected.isEmpty { whole.unprotected = [] }
    return whole.findings(beyond: Limits(mostDestroyed: max(0, mostDestroyed), mostUnprotected: mostUnprotected))
  }
}

extension PlanSession {
  /// A plan holds for the host that it saw, and for no other.
  func checkUnchanged() async throws {
    let differences = SavedPlan.differences(from: request.observed, to: try await host.observe())
    guard differences.isEmpty else {
      throw DiagnosticError(
        Diagnostic(
          "stale-plan", "\(plan.host) has changed since the plan was made", hint: "plan again", notes: differences))
    }
  }
}

extension Plan {
  /// All that it does to the host, the marker included.
  var allSteps: [Step] { steps + (marker.map { [.filter($0)] } ?? []) }
}

extension PlanDocument {
  /// A step in a few words.
  static func title(_ step: Step) -> String {
    switch step {
    case .filter(let change): "\(change.kind.rawValue) filter \(change.name)"
    case .interface(let change): "filter of \(change.machine) \(change.mac)"
    case .port(let change): "filter of \(change.machine) (\(change.device))"
    }
  }
}

/// What apply did, as JSON.
struct ApplyDocument: Encodable {
  struct Outcome: Encodable {
    var title: String
    /// done, failed, skipped or undone.
    var result: String
    var change: PlanDocument.Change
    var reason: String?
    var error: DiagnosticRecord?
  }

  var format = PlanDocument.format
  var host: String
  var uri: String
  var project: String
  var outcomes: [Outcome] = []
  /// Whether a new reading of the host after all is as the policy wants it.
  var isVerified = false
  var problems: [DiagnosticRecord] = []

  init(_ plan: Plan) {
    host = plan.host
    uri = plan.uri
    project = plan.project
  }

  mutating func add(_ outcomes: [StepOutcome]) {
    for outcome in outcomes {
      var record = Outcome(
        title: PlanDocument.title(outcome.step), result: "done",
        change: PlanDocument.change(outcome.step, project: project))
      switch outcome.result {
      case .done: break
      case .undone: record.result = "undone"
      case .skipped(let reason):
        record.result = "skipped"
        record.reason = reason
      case .failed(let error):
        record.result = "failed"
        record.error = DiagnosticRecord(error.diagnostic)
      }
      self.outcomes.append(record)
    }
  }

  var doneCount: Int { outcomes.count { $0.result == "done" } }
}
