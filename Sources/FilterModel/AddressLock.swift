// SPDX-License-Identifier: Apache-2.0

/// What `addresses.lock.yaml` says: which addresses the interfaces of VMs have, and what libvirt's networks are.
///
/// A person has reviewed it, so that it may stand in somebody's allow list.
public struct AddressLock: Sendable, Hashable {
  /// An IPv4 or IPv6 address; IPv4 sorts first.
  public enum Address: Sendable, Hashable {
    case v4(IPv4Address)
    case v6(IPv6Address)
  }

  /// A prefix of addresses.
  public struct Subnet: Sendable, Hashable {
    /// Its first address: the bits behind the prefix are zero.
    public let address: Address
    /// Bits, 0 to 32 or 0 to 128.
    public let length: Int
  }

  /// What is known of one interface of a VM.
  public struct Interface: Sendable, Hashable {
    /// libvirt's name of its network; nil on a bridge that is no network of libvirt's.
    public var network: String?
    public var addresses: Set<Address>

    public init(network: String? = nil, addresses: Set<Address> = []) {
      self.network = network
      self.addresses = addresses
    }
  }

  /// What is known of one network; nothing in it may be missing for a guess.
  public struct Network: Sendable, Hashable {
    public var subnets: Set<Subnet>
    /// Its routers.
    public var gateway: Set<Address>
    /// Its name servers.
    public var dns: Set<Address>
    /// The host's own addresses in it.
    public var host: Set<Address>

    public init(
      subnets: Set<Subnet> = [], gateway: Set<Address> = [], dns: Set<Address> = [], host: Set<Address> = []
    ) {
      self.subnets = subnets
      self.gateway = gateway
      self.dns = dns
      self.host = host
    }
  }

  /// Interfaces by VM and MAC address.
  public var machines: [String: [MACAddress: Interface]]
  /// Networks by libvirt's name.
  public var networks: [String: Network]

  public init(machines: [String: [MACAddress: Interface]] = [:], networks: [String: Network] = [:]) {
    self.machines = machines
    self.networks = networks
  }
}

extension AddressLock.Address: Comparable {
  /// Reads an IPv4 or an IPv6 address, as the types of the two do.
  public init?(_ text: String) {
    if let address = IPv4Address(text) {
      self = .v4(address)
    } else if let address = IPv6Address(text) {
      self = .v6(address)
    } else {
      return nil
    }
  }

  public var isIPv4: Bool {
    if case .v4 = self { true } else { false }
  }

  /// Whether it can be the address of one interface that others reach: no group, loopback, link-local or unspecified
  /// address (RFC 6890, RFC 4291).
  public var isReachable: Bool {
    switch self {
    case .v4(let address):
      let first = address.bits >> 24
      return first != 0 && first != 127 && first < 224 && address.bits >> 16 != 0xa9fe
    case .v6(let address):
      let isLow = address.high == 0 && address.low <= 1
      return !isLow && address.high >> 56 != 0xff && address.high >> 54 != 0x3fa
    }
  }

  public static func < (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.v4(let left), .v4(let right)): left < right
    case (.v6(let left), .v6(let right)): left < right
    case (.v4, .v6): true
    case (.v6, .v4): false
    }
  }
}

extension AddressLock.Address: CustomStringConvertible {
  public var description: String {
    switch self {
    case .v4(let address): address.description
    case .v6(let address): address.description
    }
  }
}

extension AddressLock.Subnet: Comparable {
  /// The prefix of that length that an address is in; nil for a length that its family does not have.
  public init?(containing address: AddressLock.Address, length: Int) {
    guard length >= 0, length <= (address.isIPv4 ? 32 : 128) else { return nil }
    self.length = length
    switch address {
    case .v4(let address):
      self.address = .v4(IPv4Address(bits: address.bits & ~(length >= 32 ? 0 : UInt32.max >> UInt32(length))))
    case .v6(let address):
      let high = address.high & ~(length >= 64 ? 0 : UInt64.max >> UInt64(length))
      let low = length <= 64 ? 0 : address.low & ~(length >= 128 ? 0 : UInt64.max >> UInt64(length - 64))
      self.address = .v6(IPv6Address(high: high, low: low))
    }
  }

  /// Reads `ADDRESS/LENGTH`; nil where the address is not the first of the prefix.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = AddressLock.Address(String(parts[0])), let length = Int(parts[1]),
      String(length) == parts[1], let subnet = Self(containing: address, length: length), subnet.address == address
    else { return nil }
    self = subnet
  }

  public func contains(_ address: AddressLock.Address) -> Bool {
    address.isIPv4 == self.address.isIPv4 && Self(containing: address, length: length) == self
  }

  public static func < (left: Self, right: Self) -> Bool {
    (left.address, left.length) < (right.address, right.length)
  }
}

extension AddressLock.Subnet: CustomStringConvertible {
  public var description: String { "\(address)/\(length)" }
}
