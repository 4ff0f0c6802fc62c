// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import Planning
import PolicyLanguage
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
    let machines = observed.machines.map { HostMachine(name: $0.name, interfaces: $0.interfaces.map(\.mac)) }
    let compilation = compiler(for: observed.name, expired: expired(on: observed))
      .compile(machines, map: ConcurrentMap())
    guard let desired = compilation.desired else { throw DiagnosticError(compilation.diagnostics) }
    let marker = Marker(
      repositoryID: desired.repositoryID, commit: commit, digest: DesiredDocument.digest(of: desired),
      expired: Set(compilation.expired))
    let request = PlanRequest(desired: desired, observed: observed, marker: marker, takesOver: takesOver)
    let dates = RuleDates(policy, over: Set(compilation.expired))
    return (request, compilation.diagnostics + dates.warnings(for: observed.name))
  }

  /// What the policy makes of a host of the inventory, or of all at once, whose VMs are those that the repository knows.
  func compiled(for host: String? = nil) -> Compilation { compiler(for: host).compile([], map: ConcurrentMap()) }

  /// For tests and questions about all hosts at once, or about a host of the inventory with the VMs that it has.
  func planner(
    for host: String? = nil, _ machines: [HostMachine] = []
  ) -> (planner: TestPlanner?, diagnostics: [Diagnostic]) {
    compiler(for: host).planner(machines, map: ConcurrentMap())
  }

  /// What the NICs of a VM get from the repository alone, and why.
  func explanations(of machine: String, on host: String?) -> [NICExplanation] {
    compiler(for: host).explain(machine, [])
  }

  /// - Parameter host: a name; one that the inventory does not have has no labels.
  private func compiler(for host: String?, expired: Set<String> = []) -> PolicyCompiler {
    let known = policy.inventory.hosts.first { $0.name == host }
    let nowhere = SourcePosition(line: 1, column: 1)
    let other = host.map {
      InventoryHost(name: $0, uri: "", origin: SourceRange(file: "nwfleet.yaml", start: nowhere, end: nowhere))
    }
    return PolicyCompiler(policy, host: known ?? other, today: today, expired: expired)
  }

  /// Ends of rules that the host has seen to be over; another repository's are not this one's.
  private func expired(on observed: ObservedHost) -> Set<String> {
    let name = policy.identity.markerName
    guard let marker = observed.filters.first(where: { $0.name == name })?.filter.flatMap(Marker.init),
      takesOver || marker.repositoryID == policy.repositoryID
    else { return [] }
    return marker.expired
  }
}
