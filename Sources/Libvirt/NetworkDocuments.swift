// SPDX-License-Identifier: Apache-2.0

/// A network as libvirt tells it.
public struct NetworkDocument: Hashable, Sendable {
  /// The network's name.
  public var name: String
  /// Whether it was up when it was read.
  public var isActive: Bool
  /// The network's XML: of the running one, where it is up.
  public var xml: String
  /// The DHCP leases that have not expired and of which libvirt knows the MAC address.
  public var leases: [LeaseDocument]

  /// A document as its parts.
  public init(name: String, isActive: Bool, xml: String, leases: [LeaseDocument]) {
    self.name = name
    self.isActive = isActive
    self.xml = xml
    self.leases = leases
  }
}

/// One lease of a network's DHCP server.
public struct LeaseDocument: Hashable, Sendable {
  /// The client's MAC address.
  public var mac: String
  /// An IPv4 or IPv6 address.
  public var address: String

  /// A document as its parts.
  public init(mac: String, address: String) {
    self.mac = mac
    self.address = address
  }
}

/// Where libvirt looks for the addresses of a running domain, beside the leases of its networks.
public enum InterfaceAddressSource: Sendable {
  /// The guest's own word, through its agent; needs a connection for writing.
  case agent
  /// The host's table of neighbours, which guests fill.
  case neighbours
}

/// An address that a running domain is seen or says to have.
public struct InterfaceAddressDocument: Hashable, Sendable {
  /// The domain's name.
  public var domain: String
  /// The MAC address of the interface.
  public var mac: String
  /// An IPv4 or IPv6 address.
  public var address: String

  /// A document as its parts.
  public init(domain: String, mac: String, address: String) {
    self.domain = domain
    self.mac = mac
    self.address = address
  }
}
