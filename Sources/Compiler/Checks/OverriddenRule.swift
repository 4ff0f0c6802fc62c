// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// An allow of one group of which other groups deny everything.
struct OverriddenRule: PolicyCheck {
  let description = CheckDescription(
    "overridden-rule", title: "A rule allows what groups that go first deny as a whole.",
    repair: "Decide which of the groups is right: remove the rule, or narrow the denial.",
    explanation: """
      Two groups contradict each other, and the tier or `order:` says who wins: on every VM of the inventory that \
      the rule holds for, all that it allows is dropped or rejected. Whoever wrote the rule believes that it works. \
      Equal tier and order is an error (`group-conflict-rules`). One packet that gets through on one VM keeps it \
      quiet, and so does a group of the tier `emergency`.
      """,
    wrong: """
      vms:
        shop-1: {labels: {role: shop}}
      groups:
        no-telnet:
          vms: {label: {role: shop}}
          tier: security
          in:
            - drop tcp/23
        shop:
          vms: {label: {role: shop}}
          in:
            - allow https
            - allow telnet from 10.9.0.0/16
      """,
    right: """
      vms:
        shop-1: {labels: {role: shop}}
      groups:
        no-telnet:
          vms: {label: {role: shop}}
          tier: security
          in:
            - drop tcp/23
        shop:
          vms: {label: {role: shop}}
          in:
            - allow https
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    findings(in: context, .overridden, hint: "remove it, or narrow what denies it") {
      "'\($0)' allows nothing: other groups deny all of it on every VM"
    }
  }
}
