// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Planning
import Reconcile

/// What plan, apply, drift and status have in common: a policy, a host, and the plan that follows from the two.
struct PlanSession {
  var host: any Host
  var request: PlanRequest
  var plan: Plan
  /// nil for a saved plan, which holds for the host that it saw alone.
  private var policy: HostPolicy?

  /// Reads the host, and makes of the policy what this host shall have.
  ///
  /// - Throws: `DiagnosticError` with all that is wrong with the policy.
  init(host: any Host, policy: HostPolicy) async throws {
    let (request, warnings) = try policy.request(for: try await host.observe())
    self.init(host: host, request: request)
    plan.warnings = warnings + plan.warnings
    self.policy = policy
  }

  init(host: any Host, request: PlanRequest) {
    self.host = host
    self.request = request
    plan = Plan(request)
  }

  /// For the commands that only look: what the repository wants, and what a host or a snapshot has.
  static func read(
    _ repository: RepositoryOptions, _ hosts: ReadableHostOptions, _ output: inout Output
  ) async throws -> PlanSession {
    let repository = try repository.load(&output)
    return try await PlanSession(
      host: try await hosts.open(repository.inventory, output), policy: HostPolicy(repository))
  }

  /// The same wishes against the host as it is now: it may have other VMs.
  func again() async throws -> PlanSession {
    if let policy { return try await PlanSession(host: host, policy: policy) }
    var request = request
    request.observed = try await host.observe()
    return PlanSession(host: host, request: request)
  }
}
