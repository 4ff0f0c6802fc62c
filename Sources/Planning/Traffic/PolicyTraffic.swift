// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// A port with the filter that a policy gives it.
public struct FilteredPort: Sendable, Hashable {
  /// nil for a group of which no VM is known.
  public var interface: InterfaceName?
  /// Of the interface, or one that stands for those that the group may have.
  public var mac: MACAddress
  /// By name.
  public var groups: [String]
  /// nil for none.
  public var reference: FilterReference?
  /// The port's own, as far as they are known.
  public var addresses: [IPAddress]

  public init(
    interface: InterfaceName?, mac: MACAddress, groups: [String], reference: FilterReference?, addresses: [IPAddress]
  ) {
    self.interface = interface
    self.mac = mac
    self.groups = groups
    self.reference = reference
    self.addresses = addresses
  }

  /// Whose port it is: that of a VM, or of a group that has none.
  fileprivate var owner: [String] { interface.map { ["VM", $0.machine] } ?? ["group"] + groups }
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
  fileprivate var machines: Set<String> { Set(ports.compactMap { $0.interface?.machine }) }
}

extension TrafficReport {
  /// What becomes different for packets when a policy takes the place of another, without a look at hosts.
  ///
  /// Of VMs and groups that only one of the policies knows there is nothing to compare; they are named. NICs are compared by
  /// their address, and in their order where that is not the same: it may be one that nobody has written down.
  public init(from before: PortsWithFilters, to after: PortsWithFilters) {
    let transitions = Self.pairs(before, after).map { earlier, port in
      TrafficTransition(
        interface: port.interface, mac: port.mac, addresses: port.addresses,
        groups: port.groups.isEmpty ? earlier.groups : port.groups, before: earlier.reference, after: port.reference)
    }
    self.init(transitions, before: before.filters, after: after.filters)
    newGroups = after.groups.subtracting(before.groups).sorted()
    removedGroups = before.groups.subtracting(after.groups).sorted()
    newMachines = after.machines.subtracting(before.machines).sorted()
    removedMachines = before.machines.subtracting(after.machines).sorted()
    let compared = Set(transitions.flatMap(\.groups))
    for group in after.groups.intersection(before.groups).subtracting(compared).sorted() {
      unknown.append(
        Unknown(groups: [group], interface: nil, reason: "none of its VMs is known before and after the change"))
    }
  }

  private static func pairs(
    _ before: PortsWithFilters, _ after: PortsWithFilters
  ) -> [(earlier: FilteredPort, port: FilteredPort)] {
    let old = Dictionary(grouping: before.ports, by: \.owner)
    let new = Dictionary(grouping: after.ports, by: \.owner)
    return new.keys.sorted { $0.lexicographicallyPrecedes($1) }.flatMap { owner in
      var earlier = old[owner] ?? []
      var pairs: [(earlier: FilteredPort, port: FilteredPort)] = []
      var others: [FilteredPort] = []
      for port in new[owner] ?? [] {
        if let place = earlier.firstIndex(where: { $0.mac == port.mac }) {
          pairs.append((earlier.remove(at: place), port))
        } else {
          others.append(port)
        }
      }
      return pairs + zip(earlier, others).map { ($0, $1) }
    }
  }
}
