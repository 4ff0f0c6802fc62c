// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// A rule with all names looked up, for one NIC.
struct ResolvedRule: Sendable, Hashable {
  var verdict: Verdict
  /// The packets that it decides, as they go over the wire: the VM is the destination of `in` and the source of `out`.
  var packets: PacketSet
  var connectionLimit: Int?
  var isStateless = false
  /// The group that it comes from, for messages; `admins` and `system` for those.
  var group: String
  /// `GROUP/RULE` and its place.
  var source: RuleSource
}
