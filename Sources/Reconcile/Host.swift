// SPDX-License-Identifier: Apache-2.0

public import FilterModel
public import Planning

/// A host as a plan sees it and changes it.
///
/// Two real ends: libvirt, and a snapshot file that can only be read.
public protocol Host: Sendable {
  /// The host's name in the inventory, or its URI.
  var name: String { get }
  var uri: String { get }

  /// Everything that a plan looks at, read anew.
  func observe() async throws(HostError) -> ObservedHost

  /// One filter as it is now; nil where there is none of that name.
  func filter(named name: String) async throws(HostError) -> ObservedFilter?

  /// Every filter, without the rest of what `observe` reads.
  func filters() async throws(HostError) -> [ObservedFilter]

  /// One VM as it is now; nil where there is none of that UUID.
  func machine(_ uuid: ObjectUUID) async throws(HostError) -> ObservedMachine?

  /// Defines or changes a filter.
  func define(_ xml: String, name: String, deadline: Duration) async throws(HostError)

  /// Takes a filter away, if it still has that UUID.
  func undefine(_ name: String, uuid: ObjectUUID, deadline: Duration) async throws(HostError)

  /// Puts the filter of a step on an interface of a VM, or takes it off.
  func attach(_ change: InterfaceChange, deadline: Duration) async throws(HostError)

  /// Makes a binding for a port.
  func bind(_ binding: ObservedBinding, deadline: Duration) async throws(HostError)

  /// Takes a port's binding away, and with it all its rules.
  func unbind(_ device: String, deadline: Duration) async throws(HostError)

  /// What a port is bound to now.
  func binding(of device: String) async throws(HostError) -> ObservedBinding?

  /// Makes a new connection after one was lost.
  func reconnect() async throws(HostError)
}

extension Host {
  public func machine(_ uuid: ObjectUUID) async throws(HostError) -> ObservedMachine? {
    try await observe().machines.first { $0.uuid == uuid }
  }
}
