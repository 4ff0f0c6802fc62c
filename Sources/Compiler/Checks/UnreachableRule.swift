// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A rule that gets no packet on any NIC, because other groups decide before.
struct UnreachableRule: PolicyCheck {
  let description = CheckDescription(
    "unreachable-rule",
    title: "A rule gets no packet, because other groups or `admins:` have decided before, and otherwise.",
    repair:
      "Let the earlier group say `pass`, give the rule's group an earlier tier or a lower `order:`, or remove the rule.",
    explanation: """
      Counted over every VM of the inventory that the rule holds for, with all groups of that VM: `admins:`, earlier \
      tiers, and groups of a lower `order:`, `pass` included. One VM where it gets one packet keeps it quiet. So \
      does a group of the tier `emergency`, which is meant to pass, and a decision that is the rule's own. An allow \
      that is denied as a whole is `overridden-rule`.
      """,
    wrong: """
      vms:
        shop-1: {labels: {role: shop}}
      groups:
        monitoring:
          vms: {label: {role: shop}}
          tier: platform
          in:
            - allow tcp/9100 from 10.9.0.0/16
        shop:
          vms: {label: {role: shop}}
          in:
            - drop tcp/9100 from 10.9.1.0/24
            - allow https
      """,
    right: """
      vms:
        shop-1: {labels: {role: shop}}
      groups:
        monitoring:
          vms: {label: {role: shop}}
          tier: platform
          in:
            - pass any from 10.9.1.0/24
            - allow tcp/9100 from 10.9.0.0/16
        shop:
          vms: {label: {role: shop}}
          in:
            - drop tcp/9100 from 10.9.1.0/24
            - allow https
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    findings(in: context, .unreachable, hint: "remove it, or let it decide earlier") {
      "'\($0)' gets no packet on any VM: others have decided all of them before"
    }
  }
}
