// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Planning
import Reconcile

/// What plan, apply, drift and status have in common: a repository, a host, and the plan that follows from the two.
struct PlanSession {
  var host: any Host
  var request: PlanRequest
  var plan: Plan

  init(host: any Host, desired: DesiredState, commit: String?, takesOver: Bool) async throws {
    let marker = Marker(
      repositoryID: desired.repositoryID, commit: commit, digest: DesiredDocument.digest(of: desired))
    try await self.init(
      host: host,
      request: PlanRequest(desired: desired, observed: try await host.observe(), marker: marker, takesOver: takesOver))
  }

  init(host: any Host, request: PlanRequest) async throws {
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
      host: try await hosts.open(repository.inventory, output), desired: repository.desired, commit: nil,
      takesOver: false)
  }

  /// The same wishes against the host as it is now.
  func again() async throws -> PlanSession {
    var request = request
    request.observed = try await host.observe()
    return try await PlanSession(host: host, request: request)
  }
}
