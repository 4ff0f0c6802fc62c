// SPDX-License-Identifier: Apache-2.0

public import FilterModel
public import Planning

/// A host as it was when a snapshot was taken: plans can be made against it, nothing can be changed.
public struct SnapshotHost: Host {
  private let observed: ObservedHost

  public init(_ snapshot: SnapshotDocument) throws(HostError) {
    observed = try snapshot.observed()
  }

  public var name: String { observed.name }
  public var uri: String { observed.uri }

  public func observe() async throws(HostError) -> ObservedHost { observed }

  public func filter(named name: String) async throws(HostError) -> ObservedFilter? {
    observed.filters.first { $0.name == name }
  }

  public func filters() async throws(HostError) -> [ObservedFilter] { observed.filters }

  public func binding(of device: String) async throws(HostError) -> ObservedBinding? {
    observed.bindings.first { $0.device == device }
  }

  public func define(_ xml: String, name: String, deadline: Duration) async throws(HostError) { throw readOnly }
  public func undefine(_ name: String, uuid: ObjectUUID, deadline: Duration) async throws(HostError) { throw readOnly }
  public func attach(_ change: InterfaceChange, deadline: Duration) async throws(HostError) { throw readOnly }
  public func bind(_ binding: ObservedBinding, deadline: Duration) async throws(HostError) { throw readOnly }
  public func unbind(_ device: String, deadline: Duration) async throws(HostError) { throw readOnly }
  public func reconnect() async throws(HostError) {}

  private var readOnly: HostError {
    HostError(.unsupported, "a snapshot of \(name) cannot be changed", hint: "use --connect or --host")
  }
}
