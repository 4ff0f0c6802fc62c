// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A group, or a rule that ends, without an owner, where most have one.
struct MissingOwner: PolicyCheck {
  let description = CheckDescription(
    "missing-owner", title: "A group has no `owner:`, although most groups have one; or a rule with `until:` has none.",
    repair: "Add `owner:`.",
    explanation: """
      A repository that names no owners has made its choice, and one that begins to name them is not flooded: a \
      group is named only where more than half of all groups have an owner, a rule with `until:` only where more \
      than half of those have one, its group's included.
      """,
    wrong: """
      groups:
        shop:
          vms: {name: "shop-*"}
          owner: alice
          in:
            - allow https
        db:
          vms: {name: "db-*"}
          owner: bob
          in:
            - allow postgres from 10.0.0.0/24
        cache:
          vms: {name: "cache-*"}
          in:
            - allow memcached from 10.0.0.0/24
      """,
    right: """
      groups:
        shop:
          vms: {name: "shop-*"}
          owner: alice
          in:
            - allow https
        db:
          vms: {name: "db-*"}
          owner: bob
          in:
            - allow postgres from 10.0.0.0/24
        cache:
          vms: {name: "cache-*"}
          owner: alice
          in:
            - allow memcached from 10.0.0.0/24
      """)

  func findings(in context: CheckContext) -> [Diagnostic] {
    let groups = context.policy.groups.filter(\.isEnabled)
    let nameless = groups.filter { $0.owner == nil }
    var findings: [Diagnostic] = []
    if Self.areExceptions(nameless.count, of: groups.count) {
      findings += nameless.map {
        finding("group '\($0.name)' has no owner", at: $0.origin, hint: "add owner: to it, as most groups have")
      }
    }
    let dated = context.datedRules
    let ownerless = dated.filter { $0.rule.owner == nil && $0.groupOwner == nil }
    if Self.areExceptions(ownerless.count, of: dated.count) {
      findings += ownerless.map {
        finding(
          "rule '\($0.id)' ends on \($0.until), and nobody owns it", at: $0.rule.origin,
          hint: "add owner: to it: somebody has to decide then")
      }
    }
    return findings
  }

  private static func areExceptions(_ count: Int, of all: Int) -> Bool { count * 2 < all }
}
