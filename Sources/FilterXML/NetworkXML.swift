// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import FilterModel

/// What is read of the XML of a libvirt network (network_conf.c, virNetworkDefParseXML).
public struct NetworkXML: Sendable, Hashable {
  /// An address that libvirt's DHCP server keeps for a client.
  public struct Reservation: Sendable, Hashable {
    public var address: AddressLock.Address
    /// IPv6 reservations have none of their own.
    public var mac: MACAddress?
    /// The client's DUID as written, IPv6 only.
    public var clientID: String?
    /// The client's host name.
    public var name: String?
  }

  public var name: String
  /// The bridge that ports are on; nil for networks of a network card.
  public var bridge: String?
  /// As in `<forward mode='nat'/>`; nil for an isolated network.
  public var forwardMode: String?
  /// The host's addresses in it.
  public var addresses: [AddressLock.Address] = []
  public var subnets: [AddressLock.Subnet] = []
  /// Whether libvirt's dnsmasq answers DNS queries.
  public var servesNames = true
  public var reservations: [Reservation] = []

  /// - Throws: for a text that is no network. An address that cannot be read is left out.
  public init(parsing text: String, file: String = "network.xml") throws(DiagnosticError) {
    var reader = FilterReader(text: text, file: file)
    let network = reader.readTree { reader, root -> NetworkXML? in
      if root.name == "network" { return NetworkXML(element: root) }
      reader.report("not-a-network", "the document is a '\(root.name)'", at: root, expected: "a network element")
      return nil
    }
    guard let network else { throw DiagnosticError(reader.diagnostics) }
    self = network
  }

  private init(element: XMLElement) {
    name = element.first("name")?.text ?? ""
    bridge = element.first("bridge")?["name"]
    forwardMode = element.first("forward").map { $0["mode"] ?? "nat" }
    servesNames = element.first("dns")?["enable"] != "no"
    for child in element.children where child.name == "ip" {
      if let address = child["address"].flatMap({ AddressLock.Address($0) }),
        let length = Self.prefixLength(child, address),
        let subnet = AddressLock.Subnet(containing: address, length: length)
      {
        addresses.append(address)
        subnets.append(subnet)
      }
      for host in child.first("dhcp")?.children ?? [] where host.name == "host" {
        guard let address = host["ip"].flatMap({ AddressLock.Address($0) }) else { continue }
        reservations.append(
          Reservation(
            address: address, mac: host["mac"].flatMap { MACAddress($0) }, clientID: host["id"], name: host["name"]))
      }
    }
  }

  /// What is not said is what libvirt assumes (virsocketaddr.c, virSocketAddrGetIPPrefix): the class of an IPv4 address, 64
  /// bits of IPv6.
  private static func prefixLength(_ element: XMLElement, _ address: AddressLock.Address) -> Int? {
    if let prefix = element["prefix"] { return Int(prefix) }
    guard case .v4(let address) = address else { return 64 }
    if let mask = element["netmask"] {
      guard let bits = IPv4Address(mask)?.bits else { return nil }
      let length = (~bits).leadingZeroBitCount
      return ~bits == (length == 32 ? 0 : UInt32.max >> UInt32(length)) ? length : nil
    }
    switch address.bits >> 24 {
    case ..<128: return 8
    case ..<192: return 16
    case ..<224: return 24
    default: return nil
    }
  }

  // MARK: What follows

  /// The network as libvirt runs it; nil where it gives it no address, as on a bridge that somebody else made.
  ///
  /// With an address libvirt's bridge is the host's leg in it and the router: of networks that are routed, translated or
  /// open to elsewhere, and as far as there is one also of isolated ones.
  public var described: AddressLock.Network? {
    let routes = forwardMode.map { ["nat", "route", "open", "none"].contains($0) } ?? true
    guard routes, !addresses.isEmpty else { return nil }
    let own = Set(addresses)
    return AddressLock.Network(subnets: Set(subnets), gateway: own, dns: servesNames ? own : [], host: own)
  }

  /// The reservations of which it is known whose they are.
  ///
  /// IPv6 reservations are for a DUID or a name. A DUID made of a link-layer address tells that (RFC 8415, 11.2 and 11.4); a
  /// name is that of the IPv4 reservation of the same name.
  public var assignments: [AddressFacts.Assignment] {
    var macs: [String: Set<MACAddress>] = [:]
    for reservation in reservations {
      if let name = reservation.name, let mac = reservation.mac { macs[name, default: []].insert(mac) }
    }
    return reservations.compactMap { reservation in
      var owner = reservation.mac ?? reservation.clientID.flatMap(Self.linkAddress(ofDUID:))
      if owner == nil, reservation.clientID == nil, let known = reservation.name.flatMap({ macs[$0] }),
        known.count == 1
      {
        owner = known.first
      }
      return owner.map {
        AddressFacts.Assignment(network: name, mac: $0, address: reservation.address, source: .reservation)
      }
    }
  }

  /// The Ethernet address in a DUID-LLT (type 1) or DUID-LL (type 3) of hardware type 1; nil in any other.
  static func linkAddress(ofDUID text: String) -> MACAddress? {
    let bytes = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt8($0, radix: 16) }
    guard bytes.count >= 4, bytes[0] == 0, bytes[2] == 0, bytes[3] == 1 else { return nil }
    let isLong = bytes[1] == 1 && bytes.count == 14
    guard isLong || bytes[1] == 3 && bytes.count == 10 else { return nil }
    var bits: UInt64 = 0
    for byte in bytes.suffix(6) {
      guard let byte else { return nil }
      bits = bits << 8 | UInt64(byte)
    }
    return MACAddress(bits: bits)
  }
}
