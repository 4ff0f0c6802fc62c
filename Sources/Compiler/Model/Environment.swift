// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// What `environments/NAME.yaml` changes in a policy: values, and rules by their names.
public struct Environment: Sendable, Hashable {
  public var name: String
  /// Take the place of the sets of these names.
  public var sets: [AddressSetDefinition] = []
  /// Take the place of the services of these names.
  public var services: [ServiceDefinition] = []
  public var groups: [GroupPatch] = []

  public init(name: String) { self.name = name }
}

/// What an environment changes in one group.
public struct GroupPatch: Sendable, Hashable {
  public var name: Located<String>
  public var parameters: [String: Parameter] = [:]
  public var defaults = Defaults()
  public var guardPolicy: Located<GuardPolicy>?
  public var isEnabled: Bool?
  public var rules: [RulePatch] = []

  public init(name: Located<String>) { self.name = name }
}

/// What an environment changes in one rule; nil leaves it as it is.
public struct RulePatch: Sendable, Hashable {
  /// The rule's name in its group, given or derived.
  public var name: Located<String>
  /// Takes the place of verdict, traffic and peers.
  public var rule: PolicyRule?
  public var from: [Located<Peer>]?
  public var to: [Located<Peer>]?
  public var connectionLimit: Int?
  public var isStateless: Bool?
  public var until: Day?
  public var isEnabled: Bool?

  public init(name: Located<String>) { self.name = name }
}
