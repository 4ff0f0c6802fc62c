// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// All that is decided about the packets of a NIC: rules in order, first match wins; no `pass` any more.
struct Decisions: Sendable, Hashable {
  var inbound: [ResolvedRule] = []
  var outbound: [ResolvedRule] = []
  /// `allow`, `drop` or `reject`.
  var inboundDefault = Verdict.drop
  var outboundDefault = Verdict.allow
  var guardPolicy = GuardPolicy.standard
}
