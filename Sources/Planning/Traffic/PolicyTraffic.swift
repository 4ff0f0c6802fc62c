// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// A port with the filter that a policy gives it.
public struct FilteredPort: Sendable, Hashable {
  /// nil for a group of which no VM is known.
  public var interface: InterfaceName?
  /// By name.
  public var groups: [String]
  /// nil for none.
  public var reference: FilterReference?
  /// The port's own, as far as they are known.
  public var addresses: [IPAddress]

  public init(interface: InterfaceName?, groups: [String], reference: FilterReference?, addresses: [IPAddress]) {
    self.interface = interface
    self.groups = groups
    self.reference = reference
    self.addresses = addresses
  }

  /// What makes it the same port in two policies.
  fileprivate var subject: [String] {
    interface.map { [$0.machine, $0.mac.description] } ?? groups
  }
}

/// The ports that a policy knows, and all filters that they need.
public struct PortsWithFilters: Sendable {
  public var ports: [FilteredPort]
  public var filters: [String: Filter]

  public init(_ ports: [FilteredPort], filters: [String: Filter]) {
    self.ports = ports
    self.filters = filters
  }

  fileprivate var groups: Set<String> { Set(ports.flatMap(\.groups)) }
}

extension TrafficReport {
  /// What becomes different for packets when a policy takes the place of another, without a look at hosts.
  ///
  /// Of VMs and groups that only one of the policies knows there is nothing to compare.
  public init(from before: PortsWithFilters, to after: PortsWithFilters) {
    let old = Dictionary(before.ports.map { ($0.subject, $0) }, uniquingKeysWith: { first, _ in first })
    var addresses: [InterfaceName: [IPAddress]] = [:]
    var transitions: [TrafficTransition] = []
    for port in after.ports {
      guard let earlier = old[port.subject] else { continue }
      if let interface = port.interface { addresses[interface] = port.addresses }
      transitions.append(
        TrafficTransition(
          interface: port.interface, groups: port.groups.isEmpty ? earlier.groups : port.groups,
          before: earlier.reference, after: port.reference))
    }
    self.init(transitions, before: before.filters, after: after.filters) { addresses[$0] ?? [] }
    newGroups = after.groups.subtracting(before.groups).sorted()
    removedGroups = before.groups.subtracting(after.groups).sorted()
  }
}
