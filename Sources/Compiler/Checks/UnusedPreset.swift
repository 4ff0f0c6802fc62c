// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A preset of the repository that nobody uses.
struct UnusedPreset: PolicyCheck {
  let description = CheckDescription(
    "unused-preset", title: "No group and no other preset uses a preset of the repository.",
    repair: "Remove it, or add it to `use:` of a group.",
    explanation: "Groups that are switched off count. Presets that ship with nwfleet are not looked at.",
    wrong: """
      presets:
        intranet:
          in:
            - allow https from 10.0.0.0/8
      groups:
        wiki:
          vms: {name: wiki}
          in:
            - allow https from 10.0.0.0/8
      """,
    right: """
      presets:
        intranet:
          in:
            - allow https from 10.0.0.0/8
      groups:
        wiki:
          vms: {name: wiki}
          use: intranet
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    // What an environment says takes the place of names that are used without it.
    guard context.policy.environment == nil else { return [] }
    return context.policy.presets.filter { !context.uses.presets.contains($0.name.value) }.map {
      finding(
        "no group uses preset '\($0.name.value)'", at: $0.name.range, hint: "remove it, or write use: \($0.name.value)")
    }
  }
}
