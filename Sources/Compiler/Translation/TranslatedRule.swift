// SPDX-License-Identifier: Apache-2.0

import PacketPath

/// A rule of a group that a rule of a filter becomes, for one direction.
struct TranslatedRule: Hashable {
  var verdict: Verdict
  /// One kind; `any` and protocols say nothing of the family.
  var traffic: Traffic
  var families: Set<AddressFamily>
  /// nil for any.
  var from: AddressRange?
  var to: AddressRange?
  var fromPorts: PortRange?
  var isStateless = false
  var comment: String?

  /// The same packets the other way round; nil for ports that a line cannot say there.
  func reversed() -> TranslatedRule {
    var result = self
    (result.from, result.to) = (to, from)
    if case .ports(let portProtocol, let ports) = traffic {
      result.traffic = .ports(portProtocol, fromPorts.map { [$0] } ?? [])
      result.fromPorts = ports.first
    }
    return result
  }

  // MARK: Words

  func written(_ direction: TrafficDirection) -> ProposedGroup.Rule {
    var from = from?.description
    var to = to?.description
    if from == nil, to == nil, families.count == 1, let family = families.first, !saysFamily {
      let all = family == .ipv4 ? "0.0.0.0/0" : "::/0"
      if direction == .in { from = all } else { to = all }
    }
    var line = "\(verdict.rawValue) \(traffic.spelling)"
    if let from { line += " from \(from)" }
    if let to { line += " to \(to)" }
    return ProposedGroup.Rule(
      line: line, fromPorts: fromPorts, isStateless: isStateless && verdict == .allow, comment: comment)
  }

  /// Whether the traffic is of one family anyway.
  private var saysFamily: Bool {
    switch traffic {
    case .icmpNumbered: true
    // IGMP is of IPv4 alone.
    case .ipProtocol(let number): number == 2
    default: false
    }
  }

  // MARK: Both families

  /// Rules whose order does not matter, those that only differ in the family as one, and each once.
  static func merged(_ rules: [TranslatedRule]) -> [TranslatedRule] {
    var result: [TranslatedRule] = []
    var begin = 0
    for rule in rules {
      if let last = result.last, last.verdict != rule.verdict || last.isStateless != rule.isStateless {
        begin = result.count
      }
      let place = result[begin...].firstIndex { $0.merges(with: rule) }
      if let place {
        result[place] = result[place].merged(with: rule)
      } else {
        result.append(rule)
      }
    }
    return result
  }

  private func merges(with other: TranslatedRule) -> Bool {
    if traffic.isAllOfICMP, other.traffic.isAllOfICMP {
      return from == nil && to == nil && other.from == nil && other.to == nil
    }
    var mine = self
    (mine.families, mine.comment) = (other.families, other.comment)
    return mine == other
  }

  private func merged(with other: TranslatedRule) -> TranslatedRule {
    var result = self
    result.families.formUnion(other.families)
    if let more = other.comment, more != comment { result.comment = comment.map { "\($0); \(more)" } ?? more }
    if result.families.count == 2, traffic.isAllOfICMP { result.traffic = .icmp(nil) }
    return result
  }
}

extension Traffic {
  /// `icmpv4`, `icmpv6` or `icmp`.
  fileprivate var isAllOfICMP: Bool {
    switch self {
    case .icmp(nil), .icmpNumbered(_, type: nil, code: nil): true
    default: false
    }
  }
}
