// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// Writes `pass` out: its packets are decided by the later tiers and the default, in its place.
struct TierFlattener {
  /// In order, each tier's rules in order.
  let tiers: [[ResolvedRule]]
  /// What happens to packets that no rule decides.
  let end: ResolvedRule
  /// The rule at which there were too many.
  private(set) var tooLargeAt: SourceRange?
  private var result: [ResolvedRule] = []

  /// More than one filter can hold.
  static let mostRules = Filter.mostRules

  init(tiers: [[ResolvedRule]], end: ResolvedRule) {
    self.tiers = tiers
    self.end = end
  }

  /// Rules without `pass`, in order.
  mutating func flatten() -> [ResolvedRule] {
    append(tiers[...], within: nil)
    return result
  }

  private mutating func append(_ tiers: ArraySlice<[ResolvedRule]>, within limits: PacketSet?) {
    for (place, tier) in zip(tiers.indices, tiers) {
      for index in tier.indices {
        guard tooLargeAt == nil else { return }
        guard let rule = tier[index].restricted(to: limits) else { continue }
        guard rule.verdict == .pass else {
          add(rule)
          continue
        }
        // Where nothing else of the tier decides its packets, they go to the next tier by themselves.
        guard tier[(index + 1)...].contains(where: { $0.packets.intersects(rule.packets) }) else { continue }
        append(tiers[(place + 1)...], within: rule.packets)
        if let end = end.restricted(to: rule.packets) { add(end) }
      }
    }
  }

  private mutating func add(_ rule: ResolvedRule) {
    guard result.count < Self.mostRules else {
      tooLargeAt = rule.source.range
      return
    }
    result.append(rule)
  }
}

extension ResolvedRule {
  /// nil where nothing is left.
  func restricted(to limits: PacketSet?) -> ResolvedRule? {
    guard let limits else { return self }
    var copy = self
    copy.packets = packets.intersection(limits)
    return copy.packets.isEmpty ? nil : copy
  }
}
