// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

extension Plan {
  /// How many filters may be deleted unless the user says otherwise: a tenth of the project's, three at least.
  public var defaultMostDestroyed: Int { max(3, ownedFilters / 10) }

  /// Why a plan may not be carried out within limits; empty where it may.
  public func findings(beyond limits: Limits) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    if isPolicyEmpty, limits.mostDestroyed == nil, deletedFilters + unprotected.count > 0 {
      findings.append(
        Diagnostic(
          "empty-policy", "the policy is empty, and \(host) has \(ownedFilters) filters of \(project)",
          hint: "to take everything away, use 'nwfleet destroy'"))
    }
    let most = limits.mostDestroyed ?? defaultMostDestroyed
    if deletedFilters > most {
      findings.append(
        Diagnostic(
          "too-many-deletions",
          "\(host): the plan deletes \(deletedFilters) of \(ownedFilters) filters, more than \(most)",
          hint: "if that is meant, say --max-destroy \(deletedFilters)"))
    }
    if unprotected.count > limits.mostUnprotected {
      findings.append(
        Diagnostic(
          "unprotected",
          "\(host): \(unprotected.count) interface\(unprotected.count == 1 ? "" : "s") would be left with a weaker filter, "
            + "or without any",
          hint: "if that is meant, say --allow-unprotected \(unprotected.count)",
          notes: unprotected.map { name in
            let lost = weakened.first { $0.interface == name }?.lost.joined(separator: ", ")
            let change = lost.map { "no longer denied: \($0)" } ?? "no filter is left"
            return Diagnostic.Note("UNPROTECTED: \(name): \(change)")
          }))
    }
    return findings
  }
}
