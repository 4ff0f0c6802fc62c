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
    ahead = Self.dated(policy).filter { !over.contains($0.end) }.sorted { ($0.until, $0.id) < ($1.until, $1.id) }
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

  private static func dated(_ policy: Policy) -> [DatedRule] {
    let presets = Dictionary(policy.presets.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
    var found: [DatedRule] = []
    for group in policy.groups where group.isEnabled {
      var seen: Set<String> = []
      var left = [group.rules]
      while let rules = left.popLast() {
        for (direction, list) in [(TrafficDirection.in, rules.inbound), (.out, rules.outbound)] {
          for rule in list where rule.isEnabled {
            guard let until = rule.until else { continue }
            let name = RuleName.name(of: rule, direction: direction)
            found.append(DatedRule(id: "\(group.name)/\(name)", until: until, origin: rule.origin))
          }
        }
        left += rules.uses.filter { seen.insert($0.value).inserted }.compactMap { presets[$0.value] }
      }
    }
    return found
  }
}
