// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import FilterModel

/// One thing that a plan does: an object of the host goes from one state to another.
///
/// The inverse of a step is the same step with its two states swapped; undo is made of that.
public enum Step: Sendable, Hashable {
  case filter(FilterChange)
  case interface(InterfaceChange)
  case port(PortChange)

  /// The step that takes this one back.
  public var inverse: Step {
    switch self {
    case .filter(var change):
      swap(&change.before, &change.after)
      return .filter(change)
    case .interface(var change):
      swap(&change.before, &change.after)
      return .interface(change)
    case .port(var change):
      swap(&change.before, &change.after)
      return .port(change)
    }
  }
}

/// What a step does to its object.
public enum ChangeKind: String, Sendable, Hashable {
  case create, change, delete
}

/// A filter is defined, changed or undefined.
public struct FilterChange: Sendable, Hashable {
  /// A state of a filter: a model, or libvirt's own text, of which the model may not be known.
  public struct State: Sendable, Hashable {
    public var filter: Filter?
    public var xml: String?

    public init(filter: Filter?, xml: String? = nil) {
      self.filter = filter
      self.xml = xml
    }
  }

  public var name: String
  public var uuid: ObjectUUID
  /// nil: the host does not have it.
  public var before: State?
  /// nil: the host shall not have it.
  public var after: State?
  /// Where the policy says so; nil for what the policy no longer has.
  public var origin: SourceRange?
  /// For each entry of a generated filter's new state, the rules of the policy that it comes from; else empty.
  public var sources: [[RuleSource]]

  public init(
    name: String, uuid: ObjectUUID, before: State?, after: State?, origin: SourceRange? = nil,
    sources: [[RuleSource]] = []
  ) {
    self.sources = sources
    self.name = name
    self.uuid = uuid
    self.before = before
    self.after = after
    self.origin = origin
  }

  public var kind: ChangeKind { before == nil ? .create : after == nil ? .delete : .change }
}

/// An interface of a VM gets another filter, or none.
public struct InterfaceChange: Sendable, Hashable {
  /// A filter, or none, on an interface.
  public struct State: Sendable, Hashable {
    public var reference: FilterReference?

    public init(_ reference: FilterReference?) { self.reference = reference }
  }

  public var machine: String
  public var uuid: ObjectUUID
  public var mac: MACAddress
  /// The host's network device, while the VM runs.
  public var device: String?
  /// Whether the running VM is changed.
  public var isLive: Bool
  /// Whether the stored configuration is changed.
  public var isConfig: Bool
  public var before: State
  public var after: State
  /// The group that asks for it; nil where none does any more.
  public var group: String?

  public init(
    machine: String, uuid: ObjectUUID, mac: MACAddress, device: String?, isLive: Bool, isConfig: Bool,
    before: State, after: State, group: String?
  ) {
    self.machine = machine
    self.uuid = uuid
    self.mac = mac
    self.device = device
    self.isLive = isLive
    self.isConfig = isConfig
    self.before = before
    self.after = after
    self.group = group
  }

  public var kind: ChangeKind {
    before.reference == nil ? .create : after.reference == nil ? .delete : .change
  }
}

/// A port gets a binding, another one, or none.
public struct PortChange: Sendable, Hashable {
  public var machine: String
  public var device: String
  public var before: ObservedBinding?
  public var after: ObservedBinding?
  /// The group that asks for it; nil where none does any more, and where a VM's own lost binding is repaired.
  public var group: String?

  public init(
    machine: String, device: String, before: ObservedBinding?, after: ObservedBinding?, group: String?
  ) {
    self.machine = machine
    self.device = device
    self.before = before
    self.after = after
    self.group = group
  }

  public var kind: ChangeKind { before == nil ? .create : after == nil ? .delete : .change }
}
