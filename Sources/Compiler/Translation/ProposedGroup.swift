// SPDX-License-Identifier: Apache-2.0

/// A group with rules that may decide as a hand-written filter does: whether it does is to be proved.
public struct ProposedGroup: Sendable, Hashable {
  /// A rule of it, as the language writes it.
  public struct Rule: Sendable, Hashable {
    /// `allow tcp/80 from 192.0.2.0/24`.
    public var line: String
    public var fromPorts: PortRange?
    public var isStateless: Bool
    /// That of the filter's rule.
    public var comment: String?
  }

  public var guardPolicy: GuardPolicy
  public var inbound: [Rule]
  public var outbound: [Rule]
  public var inboundDefault: Verdict
  public var outboundDefault: Verdict
}

/// Why no group is proposed for a filter.
public struct TranslationRefusal: Error, Sendable, Hashable {
  /// In words, such as `rule 3 of filter web counts connections`.
  public var reason: String

  public init(reason: String) { self.reason = reason }
}
