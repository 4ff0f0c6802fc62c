// SPDX-License-Identifier: Apache-2.0

/// What one host knows of its VMs' addresses.
public struct AddressFacts: Sendable, Hashable {
  /// Who says that an interface has an address, in the order of trust.
  public enum Source: String, Sendable, Hashable, Comparable {
    /// A person: `<host>` below `<dhcp>` of a network.
    case reservation
    /// The DHCP server of a network.
    case lease

    public static func < (left: Self, right: Self) -> Bool { left == .reservation && right == .lease }
  }

  /// An interface of a VM, running or stored.
  public struct Interface: Sendable, Hashable {
    public var machine: String
    public var mac: MACAddress
    /// libvirt's name of its network.
    public var network: String?

    public init(machine: String, mac: MACAddress, network: String?) {
      self.machine = machine
      self.mac = mac
      self.network = network
    }
  }

  /// An address that a network gives to an interface, whether a VM of the host has that or not.
  public struct Assignment: Sendable, Hashable {
    public var network: String
    public var mac: MACAddress
    public var address: AddressLock.Address
    public var source: Source

    public init(network: String, mac: MACAddress, address: AddressLock.Address, source: Source) {
      self.network = network
      self.mac = mac
      self.address = address
      self.source = source
    }
  }

  /// The host's name in the inventory.
  public var host: String
  public var interfaces: [Interface]
  /// Networks of which libvirt has addresses.
  public var networks: [String: AddressLock.Network]
  public var assignments: [Assignment]

  public init(
    host: String, interfaces: [Interface] = [], networks: [String: AddressLock.Network] = [:],
    assignments: [Assignment] = []
  ) {
    self.host = host
    self.interfaces = interfaces
    self.networks = networks
    self.assignments = assignments
  }

  /// Addresses that are several VMs': nobody can tell whose an assignment to them is.
  public var sharedMACs: [MACAddress] {
    var owners: [MACAddress: Set<String>] = [:]
    for interface in interfaces { owners[interface.mac, default: []].insert(interface.machine) }
    return owners.filter { $0.value.count > 1 }.keys.sorted()
  }

  private struct Owner: Hashable {
    var network: String
    var mac: MACAddress
  }

  struct Place: Hashable {
    var network: String
    var address: AddressLock.Address
  }

  /// What the host says of the addresses of its VMs' interfaces.
  ///
  /// In each family a reservation is heard before leases: it is what the interface gets next. A lease of an address that is
  /// reserved for another interface is an old one.
  public func known() -> [Interface: [AddressLock.Address: Source]] {
    let shared = Set(sharedMACs)
    let reserved = Set(
      assignments.filter { $0.source == .reservation }.map { Place(network: $0.network, address: $0.address) })
    let byOwner = Dictionary(grouping: assignments) { Owner(network: $0.network, mac: $0.mac) }
    var result: [Interface: [AddressLock.Address: Source]] = [:]
    for interface in interfaces {
      result[interface] = [:]
      guard let network = interface.network, !shared.contains(interface.mac) else { continue }
      let own = byOwner[Owner(network: network, mac: interface.mac)] ?? []
      for isIPv4 in [true, false] {
        let family = own.filter { $0.address.isIPv4 == isIPv4 }
        let reservations = family.filter { $0.source == .reservation }
        let leases = family.filter { !reserved.contains(Place(network: network, address: $0.address)) }
        for assignment in reservations.isEmpty ? leases : reservations {
          result[interface]?[assignment.address] = assignment.source
        }
      }
    }
    return result
  }
}
