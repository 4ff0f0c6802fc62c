// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// All checks of policies.
public enum PolicyChecks {
  static let all: [any PolicyCheck] = [
    ShadowedRule(), RedundantRule(), UnreachableRule(), OverriddenRule(), UnusedSet(), UnusedService(), UnusedPreset(),
    GroupSelectsNothing(), ExpiredRule(), ExpiresSoon(), AdminPortOpen(), DefaultAllowIn(), GuardOff(),
    OpenedByOthers(), NotOwnAddress(), MissingOwner(), AdminsCutOff(), ResolversCutOff(),
  ]

  /// What each check looks for, in the order of the documentation.
  public static var descriptions: [CheckDescription] { all.map(\.description) }

  /// What they find in a policy that has no errors, in no order.
  static func findings(
    _ policy: Policy, today: Day, composer: inout Composer, _ combinations: [CheckContext.Combination],
    _ map: some CompilerMap
  ) -> [Diagnostic] {
    let context = CheckContext(policy, today: today, composer: &composer, combinations, map)
    return map.map(count: all.count, batch: 1) { all[$0].findings(in: context) }.flatMap { $0 }
  }
}
