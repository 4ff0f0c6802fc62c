// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A rule whose last day is near.
struct ExpiresSoon: PolicyCheck {
  /// Long enough to be noticed by whoever looks once a week.
  private static let days = 14

  let description = CheckDescription(
    "expires-soon", title: "A rule ends within 14 days.", repair: "Ask its owner; give it a later day, or let it end.",
    explanation:
      "The day of `until:` is included, in UTC. Nothing happens by itself: a rule ends with the next apply.",
    wrong: """
      groups:
        shop:
          vms: {name: "shop-*"}
          in:
            - allow https
            - {rule: allow tcp/8000 from 10.9.0.0/16, name: legacy, until: 2027-01-10}
      """,
    right: """
      groups:
        shop:
          vms: {name: "shop-*"}
          in:
            - allow https
            - {rule: allow tcp/8000 from 10.9.0.0/16, name: legacy, until: 2027-06-30}
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    context.datedRules.compactMap { dated in
      let left = dated.until.number - context.today.number
      guard (0...Self.days).contains(left) else { return nil }
      let when = left == 0 ? "today" : left == 1 ? "tomorrow" : "in \(left) days"
      let owner = (dated.rule.owner ?? dated.groupOwner).map { "ask \($0)" } ?? "decide"
      return finding(
        "rule '\(dated.id)' ends \(when), on \(dated.until)", at: dated.rule.origin,
        hint: "\(owner) whether it needs a later day")
    }
  }
}
