// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import Planning
import Reconcile

/// A policy on its way to hosts: what one of them shall have follows from it, the day, and the VMs that the host has.
struct HostPolicy {
  private let policy: Policy
  private let today: Day
  private let commit: String?
  private let takesOver: Bool

  init(_ repository: Repository, today: Day = .current, commit: String? = nil, takesOver: Bool = false) {
    self.init(repository.policy, today: today, commit: commit, takesOver: takesOver)
  }

  init(_ policy: Policy, today: Day, commit: String? = nil, takesOver: Bool = false) {
    self.policy = policy
    self.today = today
    self.commit = commit
    self.takesOver = takesOver
  }

  /// What a plan for a host follows from, and what to know about it.
  ///
  /// - Throws: all that is wrong with the policy, warnings included.
  func request(for observed: ObservedHost) throws(DiagnosticError) -> (PlanRequest, warnings: [Diagnostic]) {
    let dates = RuleDates(policy, today: today, seen: expired(on: observed))
    let machines = observed.machines.map { HostMachine(name: $0.name, interfaces: $0.interfaces.map(\.mac)) }
    let compilation = PolicyCompiler(policy, host: observed.name, today: today, expired: dates.expired)
      .compile(machines)
    guard let desired = compilation.desired else { throw DiagnosticError(compilation.diagnostics) }
    let marker = Marker(
      repositoryID: desired.repositoryID, commit: commit, digest: DesiredDocument.digest(of: desired),
      expired: dates.expired)
    let request = PlanRequest(desired: desired, observed: observed, marker: marker, takesOver: takesOver)
    return (request, compilation.diagnostics + dates.warnings(for: observed.name))
  }

  /// Rules that the host has seen to be past their last day; another repository's are not this one's.
  private func expired(on observed: ObservedHost) -> Set<String> {
    let name = policy.identity.markerName
    guard let marker = observed.filters.first(where: { $0.name == name })?.filter.flatMap(Marker.init),
      takesOver || marker.repositoryID == policy.repositoryID
    else { return [] }
    return marker.expired
  }
}
