// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import FilterModel

/// A VM that a host really has.
public struct HostMachine: Sendable, Hashable {
  public var name: String
  public var interfaces: [MACAddress]

  public init(name: String, interfaces: [MACAddress]) {
    self.name = name
    self.interfaces = interfaces
  }
}

/// What a policy makes of one host.
public struct Compilation: Sendable {
  /// nil where anything is wrong; warnings do not count.
  public var desired: DesiredState?
  public var diagnostics: [Diagnostic]

  public init(desired: DesiredState?, diagnostics: [Diagnostic]) {
    self.desired = desired
    self.diagnostics = diagnostics
  }
}
