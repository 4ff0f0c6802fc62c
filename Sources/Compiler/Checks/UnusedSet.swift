// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A set that nothing speaks of.
struct UnusedSet: PolicyCheck {
  let description = CheckDescription(
    "unused-set", title: "Nothing speaks of a set.",
    repair: "Remove it, or use it: perhaps a rule names its addresses one by one.",
    explanation: """
      Rules, presets, other sets, parameters and `admins:` count, also where they are switched off, and so do the files of \
      all environments. With `--env` nothing is said, as an environment takes the place of other words.
      """,
    wrong: """
      sets:
        branch: 192.0.2.0/24
      groups:
        shop:
          vms: {name: "shop-*"}
          in:
            - allow http, https
      """,
    right: """
      sets:
        branch: 192.0.2.0/24
      groups:
        shop:
          vms: {name: "shop-*"}
          in:
            - allow http, https
            - allow ssh from @branch
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    // What an environment says takes the place of names that are used without it.
    guard context.policy.environment == nil else { return [] }
    return context.policy.sets.filter { !context.uses.sets.contains($0.name.value) }.map {
      finding(
        "no rule uses set '\($0.name.value)'", at: $0.name.range,
        hint: "remove it, or write @\($0.name.value) where it is meant")
    }
  }
}
