// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import FilterModel
public import PacketPath

/// What one NIC gets, and why.
public struct NICExplanation: Sendable, Hashable {
  /// A group of the NIC.
  public struct Standing: Sendable, Hashable {
    public var name: String
    public var tier: Tier
    public var order: Int
    public var origin: SourceRange
  }

  /// One decision; the first that matches a packet holds.
  public struct Step: Sendable, Hashable {
    public var verdict: Verdict
    public var packets: PacketSet
    public var connectionLimit: Int?
    public var isStateless: Bool
    /// The group, or `admins`.
    public var group: String
    public var source: RuleSource
  }

  /// A verdict and whose word it is.
  public struct Default: Sendable, Hashable {
    public var verdict: Verdict
    /// Groups; empty where none says anything and this is what holds then.
    public var decidedBy: [String]
  }

  public var nic: NIC
  /// In the order in which they decide.
  public var groups: [Standing]
  public var inbound: [Step]
  public var outbound: [Step]
  public var inboundDefault: Default
  public var outboundDefault: Default
  public var guardPolicy: GuardPolicy
  /// Groups; empty where none says anything, and the guard is `standard`.
  public var guardDecidedBy: [String]
  /// The filter that the NIC refers to.
  public var filter: String
  /// The filter with the rules, which that one refers to.
  public var profile: String
  /// See `DesiredInterface.oneWay`.
  public var oneWay: [String]
}

extension NICExplanation.Step {
  init(_ rule: ResolvedRule) {
    self.init(
      verdict: rule.verdict, packets: rule.packets, connectionLimit: rule.connectionLimit,
      isStateless: rule.isStateless, group: rule.group, source: rule.source)
  }
}
