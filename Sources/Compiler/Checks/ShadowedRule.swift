// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A rule all of whose packets earlier rules of its group decide, and not as it does.
struct ShadowedRule: PolicyCheck {
  let description = CheckDescription(
    "shadowed-rule", title: "A rule never decides anything, because earlier rules of its group decide otherwise.",
    repair: "Move it before the rules that are named, narrow those, or remove it.",
    explanation: """
      The first rule that matches wins. Here each packet that the rule speaks of has met an earlier rule of the same \
      group, and at least some of them one that does something else: another verdict, another limit, or none. A rule \
      that gets even one packet is not named. Nor is a rule of a preset that a group overrides: that is what its own \
      rules are for.
      """,
    wrong: """
      groups:
        shop:
          vms: {name: "shop-*"}
          in:
            - allow http, https
            - drop https from 203.0.113.0/24
      """,
    right: """
      groups:
        shop:
          vms: {name: "shop-*"}
          in:
            - drop https from 203.0.113.0/24
            - allow http, https
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    findings(in: context, .shadowed, hint: "move it up, or remove it") {
      "'\($0)' never decides anything: earlier rules of its group decide all of its packets, and otherwise"
    }
  }
}
