// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// One NIC of a VM with what the repository knows of it.
public struct NIC: Sendable, Hashable {
  public var machine: String
  public var mac: MACAddress
  public var labels: [String: String]
  public var addresses: [IPAddress]
  /// The name of its network; nil where it is not known.
  public var network: String?

  public init(
    machine: String, mac: MACAddress, labels: [String: String] = [:], addresses: [IPAddress] = [],
    network: String? = nil
  ) {
    self.machine = machine
    self.mac = mac
    self.labels = labels
    self.addresses = addresses
    self.network = network
  }
}
