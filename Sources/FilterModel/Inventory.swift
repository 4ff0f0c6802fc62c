// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// The hosts and VMs that a repository speaks of.
public struct Inventory: Sendable, Hashable {
  /// By name.
  public var hosts: [InventoryHost]
  /// By name.
  public var machines: [InventoryMachine]

  public init(hosts: [InventoryHost] = [], machines: [InventoryMachine] = []) {
    self.hosts = hosts
    self.machines = machines
  }
}

/// A host: where its libvirt is.
public struct InventoryHost: Sendable, Hashable {
  public var name: String
  public var uri: String
  public var labels: [String: String]
  public var origin: SourceRange

  public init(name: String, uri: String, labels: [String: String] = [:], origin: SourceRange) {
    self.name = name
    self.uri = uri
    self.labels = labels
    self.origin = origin
  }
}

/// Facts about a VM that a person has written down.
public struct InventoryMachine: Sendable, Hashable {
  /// One interface.
  public struct Interface: Sendable, Hashable {
    public var mac: MACAddress
    /// The host's network device, where libvirt does not run the VM.
    public var port: String?
    public var addresses: [IPAddress]
    /// The name of the network that it is on; nil where nobody said.
    public var network: String?

    public init(mac: MACAddress, port: String? = nil, addresses: [IPAddress] = [], network: String? = nil) {
      self.mac = mac
      self.port = port
      self.addresses = addresses
      self.network = network
    }
  }

  public var name: String
  public var host: String?
  public var labels: [String: String]
  public var interfaces: [Interface]
  /// Of a VM with one NIC, whose MAC address need not be known.
  public var addresses: [IPAddress]
  /// Of all NICs that name none themselves.
  public var network: String?
  public var origin: SourceRange

  public init(
    name: String, host: String? = nil, labels: [String: String] = [:], interfaces: [Interface] = [],
    addresses: [IPAddress] = [], network: String? = nil, origin: SourceRange
  ) {
    self.name = name
    self.host = host
    self.labels = labels
    self.interfaces = interfaces
    self.addresses = addresses
    self.network = network
    self.origin = origin
  }
}
