// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A rule whose last day is over.
struct ExpiredRule: PolicyCheck {
  let description = CheckDescription(
    "expired-rule", title: "The last day of a rule is over: it is left out.",
    repair: "Remove it, or give it a later day.",
    explanation:
      "The day of `until:` is included, in UTC. Rules that are switched off (`enabled: false`) are not named.",
    wrong: """
      groups:
        shop:
          vms: {name: "shop-*"}
          in:
            - allow https
            - {rule: allow tcp/8000 from 10.9.0.0/16, name: legacy, until: 2026-12-31}
      """,
    right: """
      groups:
        shop:
          vms: {name: "shop-*"}
          in:
            - allow https
            - {rule: allow tcp/8000 from 10.9.0.0/16, name: legacy, until: 2027-12-31}
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    // What ends by itself must not open anything, unless that is meant: such a rule is an error.
    let ended = context.datedRules.filter { dated in
      dated.until < context.today && (dated.rule.verdict == .allow || dated.rule.expiresOpen)
    }
    return ended.map {
      finding(
        "rule '\($0.id)' ended on \($0.until): it is left out", at: $0.rule.origin,
        hint: "remove it, or give it a later day")
    }
  }
}
