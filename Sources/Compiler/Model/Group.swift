// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import FilterModel

/// Where a group's rules stand among those of others; earlier tiers decide first.
public enum Tier: String, Sendable, Hashable, CaseIterable, Comparable {
  case emergency, platform, security, application, baseline

  public static func < (left: Tier, right: Tier) -> Bool {
    allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
  }
}

/// What happens to packets that no rule decides; nil leaves it to other groups.
public struct Defaults: Sendable, Hashable {
  public var `in`: Located<Verdict>?
  public var out: Located<Verdict>?

  public init(in: Located<Verdict>? = nil, out: Located<Verdict>? = nil) {
    self.in = `in`
    self.out = out
  }
}

/// What groups, presets and a VM give for `$NAME`: texts in the grammar of rules, already read.
public struct Parameter: Sendable, Hashable {
  /// The texts, for native filters and for messages.
  public var texts: [Located<String>]
  /// Read as peers; nil where a text is none.
  public var peers: [Located<Peer>]?
  /// Read as traffic; nil where a text is none.
  public var traffic: [Located<Traffic>]?

  public init(texts: [Located<String>], peers: [Located<Peer>]?, traffic: [Located<Traffic>]?) {
    self.texts = texts
    self.peers = peers
    self.traffic = traffic
  }
}

/// Rules that a group can take over as a whole; also what presets are made of.
public struct RuleSet: Sendable, Hashable {
  public var name: Located<String>
  public var summary: String?
  public var uses: [Located<String>] = []
  public var inbound: [PolicyRule] = []
  public var outbound: [PolicyRule] = []
  public var defaults = Defaults()
  /// nil where nothing is said.
  public var guardPolicy: Located<GuardPolicy>?
  /// What the guard speaks of; the rest of it is that of `standard`. Counts for presets, of which a group may use several.
  public var guardParts = Set(GuardPolicy.Part.allCases)
  /// Values for `$NAME`; of a preset: the values where the group gives none.
  public var parameters: [String: Parameter] = [:]

  public init(name: Located<String>) { self.name = name }
}

/// A group of VMs with rules of its own.
public struct Group: Sendable, Hashable {
  public var rules: RuleSet
  public var selector: MachineSelector
  /// nil for all hosts.
  public var hosts: HostSelector?
  public var tier: Tier = .application
  public var order = 0
  public var owner: String?
  public var ticket: String?
  public var comment: String?
  public var isEnabled = true
  public var tests: [PolicyTest] = []

  public var name: String { rules.name.value }
  public var origin: SourceRange { rules.name.range }

  public init(_ rules: RuleSet, selector: MachineSelector) {
    self.rules = rules
    self.selector = selector
  }
}

/// A group whose NICs get one native filter.
public struct NativeGroup: Sendable, Hashable {
  public var name: Located<String>
  public var selector: MachineSelector
  /// nil for all hosts.
  public var hosts: HostSelector?
  public var reference: FilterReference
  public var filterRange: SourceRange
  public var tests: [PolicyTest] = []

  public init(
    name: Located<String>, selector: MachineSelector, hosts: HostSelector? = nil, reference: FilterReference,
    filterRange: SourceRange
  ) {
    self.name = name
    self.selector = selector
    self.hosts = hosts
    self.reference = reference
    self.filterRange = filterRange
  }
}

/// Which VMs: all conditions must hold, and of each condition one of its values.
public struct MachineSelector: Sendable, Hashable {
  /// Empty for no condition.
  public var names: [NamePattern]
  /// By label, the values; a pattern may stand for values.
  public var labels: [String: [NamePattern]]
  /// Only the NICs with these addresses; empty for all.
  public var macs: [MACAddress]
  public var range: SourceRange

  public init(
    names: [NamePattern] = [], labels: [String: [NamePattern]] = [:], macs: [MACAddress] = [], range: SourceRange
  ) {
    self.names = names
    self.labels = labels
    self.macs = macs
    self.range = range
  }

  public func selects(_ name: String, labels own: [String: String]) -> Bool {
    (names.isEmpty || names.contains { $0.matches(name) })
      && labels.allSatisfy { label, values in
        own[label].map { value in values.contains { $0.matches(value) } } ?? false
      }
  }
}

/// Which hosts: by name or by label.
public struct HostSelector: Sendable, Hashable {
  public var names: [NamePattern]
  public var labels: [String: [NamePattern]]
  public var range: SourceRange

  public init(names: [NamePattern] = [], labels: [String: [NamePattern]] = [:], range: SourceRange) {
    self.names = names
    self.labels = labels
    self.range = range
  }

  public func selects(_ name: String, labels own: [String: String]) -> Bool {
    (names.isEmpty || names.contains { $0.matches(name) })
      && labels.allSatisfy { label, values in
        own[label].map { value in values.contains { $0.matches(value) } } ?? false
      }
  }
}
