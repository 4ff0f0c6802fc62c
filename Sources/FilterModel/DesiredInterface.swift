// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// The filter that one NIC gets from the groups that it is in.
public struct DesiredInterface: Sendable, Hashable {
  public var machine: String
  public var mac: MACAddress
  public var reference: FilterReference
  /// By name.
  public var groups: [String]
  /// The first of the groups.
  public var origin: SourceRange
  /// What gets to the VM from its host, and from networks that the host routes, although the policy denies it: one way only,
  /// replies do not pass (reference H10). In the words of rules, such as `udp from 192.0.2.0/24`; empty for nothing.
  public var oneWay: [String]
  /// The NIC's own, as the repository knows them; empty where it does not.
  public var addresses: [IPAddress]

  public init(
    machine: String, mac: MACAddress, reference: FilterReference, groups: [String], origin: SourceRange,
    oneWay: [String] = [], addresses: [IPAddress] = []
  ) {
    self.addresses = addresses
    self.machine = machine
    self.mac = mac
    self.reference = reference
    self.groups = groups
    self.origin = origin
    self.oneWay = oneWay
  }
}

/// The rule of a policy that a rule of a filter comes from.
public struct RuleSource: Sendable, Hashable {
  /// `GROUP/RULE`; stays the same when lines move.
  public var id: String
  /// nil for what nobody wrote.
  public var range: SourceRange?

  public init(id: String, range: SourceRange?) {
    self.id = id
    self.range = range
  }
}
