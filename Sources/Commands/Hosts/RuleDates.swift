// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics

/// The rules of a policy that end by themselves.
struct RuleDates {
  /// A rule with a last day.
  struct DatedRule {
    /// `GROUP/RULE`.
    var id: String
    var until: Day
    var origin: SourceRange

    /// As the compiler and the marker name it: a rule that gets a later day has another end.
    var end: String { "\(id)@\(until)" }
  }

  /// Those that hold, the next one to end first.
  let ahead: [DatedRule]

  /// - Parameter over: ends that are over, as `GROUP/RULE@DAY`.
  init(_ policy: Policy, over: Set<String>) {
    let dated = policy.writtenRules.compactMap { written in
      written.rule.until.map { DatedRule(id: written.id, until: $0, origin: written.rule.origin) }
    }
    ahead = dated.filter { !over.contains($0.end) }.sorted { ($0.until, $0.id) < ($1.until, $1.id) }
  }

  /// A filter knows no time: a rule ends with an apply after its last day.
  func warnings(for host: String) -> [Diagnostic] {
    guard let next = ahead.first else { return [] }
    let others = ahead.count - 1
    return [
      Diagnostic(
        "expiry-not-enforced",
        "expiry not enforced here: nothing on \(host) ends \(next.id) after \(next.until)"
          + (others > 0 ? ", nor \(others.counted("other rule")) later" : ""),
        severity: .warning, at: next.origin, hint: "apply again on the day after, for instance from a timer")
    ]
  }
}
