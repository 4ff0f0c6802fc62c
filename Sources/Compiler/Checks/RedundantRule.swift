// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A rule without which every packet would be decided as it is.
struct RedundantRule: PolicyCheck {
  let description = CheckDescription(
    "redundant-rule", title: "Other rules of the group already do all that the rule does.",
    repair: "Remove it, or narrow the rules that are named.",
    explanation: """
      Either earlier rules decide all of its packets, and as it does; or later ones would, with no rule in between that \
      decides one of them differently. All redundant rules that are named can be removed together: of two equal rules only \
      one is named. Not redundant is what `default:` would decide the same way, as a group does not know the defaults of \
      others; what two groups of a VM both say; and what is said of `network`, `gateway`, `dns` or `host`, whose addresses \
      may change.
      """,
    wrong: """
      groups:
        db:
          vms: {name: "db-*"}
          in:
            - allow postgres from 10.0.0.0/8
            - allow postgres from 10.1.0.0/16
      """,
    right: """
      groups:
        db:
          vms: {name: "db-*"}
          in:
            - allow postgres from 10.0.0.0/8
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    findings(in: context, .redundant, hint: "remove it") {
      "'\($0)' is redundant: other rules of its group decide all of its packets as it does"
    }
  }
}
