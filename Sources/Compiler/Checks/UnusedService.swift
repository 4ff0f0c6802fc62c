// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A service of the repository that nothing speaks of.
struct UnusedService: PolicyCheck {
  let description = CheckDescription(
    "unused-service", title: "Nothing speaks of a service of the repository.", repair: "Remove it, or use it.",
    explanation: """
      Rules, presets, other services, parameters and `admins:` count, also where they are switched off, and so do the files of \
      all environments. With `--env` nothing is said, as an environment takes the place of other words.
      """,
    wrong: """
      services:
        app: [tcp/8080, udp/8081]
      groups:
        shop:
          vms: {name: "shop-*"}
          in:
            - allow tcp/8080
      """,
    right: """
      services:
        app: [tcp/8080, udp/8081]
      groups:
        shop:
          vms: {name: "shop-*"}
          in:
            - allow app
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    // What an environment says takes the place of names that are used without it.
    guard context.policy.environment == nil else { return [] }
    return context.policy.services.filter { !context.uses.services.contains($0.name.value) }.map {
      finding(
        "no rule uses service '\($0.name.value)'", at: $0.name.range, hint: "remove it, or name it where it is meant")
    }
  }
}
