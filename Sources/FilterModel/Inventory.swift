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

    public init(mac: MACAddress, port: String? = nil) {
      self.mac = mac
      self.port = port
    }
  }

  public var name: String
  public var host: String?
  public var labels: [String: String]
  public var interfaces: [Interface]
  public var origin: SourceRange

  public init(
    name: String, host: String? = nil, labels: [String: String] = [:], interfaces: [Interface] = [],
    origin: SourceRange
  ) {
    self.name = name
    self.host = host
    self.labels = labels
    self.interfaces = interfaces
    self.origin = origin
  }
}
