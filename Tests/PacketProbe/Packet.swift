// SPDX-License-Identifier: Apache-2.0

/// What a flow sends first. Modifiers make the odd cases: `.udp(53).source("10.1.1.1")`.
public struct Packet: Sendable {
  enum Kind: Sendable {
    case tcp(UInt16)
    case udp(UInt16)
    case fragmented(UInt16)
    case echo
    case icmp(type: UInt8, code: UInt8)
    case number(UInt8)
    case arp(operation: UInt16, gratuitous: Bool)
    case announcement
    case neighbourSolicitation, neighbourAdvertisement, duplicateAddressDetection
    case routerSolicitation, routerAdvertisement
    case dhcpDiscover, dhcpOffer, dhcpv6Solicit, dhcpv6Reply
    case other(UInt16)
  }

  /// What the other end does with it.
  enum Answer: Sendable, Equatable {
    case natural
    case none
    /// An ICMP error about the packet: type and code in IPv4, in IPv6, and the word behind the checksum.
    case error(ipv4: [UInt8], ipv6: [UInt8])
    /// The packet dies on a router's way: the router says so.
    case expiry
  }

  let kind: Kind
  /// The families that it exists in.
  public private(set) var families = Family.allCases
  var answer = Answer.natural
  var sourcePort: UInt16?
  /// MAC of the frame, where it is not the sender's.
  var sourceMAC: HardwareAddress?
  var source: (@Sendable (Family) -> Address)?
  var destination: Address?
  /// What an ARP packet or a neighbour advertisement claims about its sender.
  var claimedMAC: HardwareAddress?
  var claimedAddress: Address?
  var vlan: UInt16?

  private init(_ kind: Kind, _ families: [Family] = Family.allCases) {
    self.kind = kind
    self.families = families
  }
}

// MARK: Kinds

extension Packet {
  /// A connection: handshake, and data there and back.
  public static func tcp(_ port: UInt16) -> Packet { Packet(.tcp(port)) }
  /// A datagram and its answer.
  public static func udp(_ port: UInt16) -> Packet { Packet(.udp(port)) }
  /// A datagram of 4000 bytes, in three pieces, and a short answer.
  public static func fragmented(udp port: UInt16) -> Packet { Packet(.fragmented(port)) }
  /// ping.
  public static let echo = Packet(.echo)
  /// One ICMP message of IPv4, nothing comes back.
  public static func icmp(_ type: UInt8, _ code: UInt8 = 0) -> Packet { Packet(.icmp(type: type, code: code), [.ipv4]) }
  /// One ICMPv6 message, nothing comes back.
  public static func icmpv6(_ type: UInt8, _ code: UInt8 = 0) -> Packet {
    Packet(.icmp(type: type, code: code), [.ipv6])
  }
  /// One packet of an IP protocol, nothing comes back.
  public static func number(_ number: UInt8) -> Packet { Packet(.number(number)) }
  /// GRE.
  public static let gre = Packet(.number(Number.gre))
  /// A protocol that nobody speaks.
  public static let protocol99 = Packet(.number(Number.nobody))
  /// VRRP's advertisement to its group (RFC 9568), for IPv4 or IPv6.
  public static func vrrp(_ family: Family = .ipv4) -> Packet {
    Packet(.number(Number.vrrp), [family]).to(family == .ipv4 ? "224.0.0.18" : "ff02::12")
  }
  /// IGMP's report.
  public static let igmp = Packet(.number(Number.igmp), [.ipv4]).to("239.1.1.1")
  /// A datagram to an IPv4 group.
  public static func multicast(udp port: UInt16) -> Packet { Packet(.udp(port), [.ipv4]).to("239.1.1.1") }
  /// A datagram to all IPv4 machines of the link.
  public static func broadcast(udp port: UInt16) -> Packet { Packet(.udp(port), [.ipv4]).to("255.255.255.255") }

  /// Who has the other end's address?
  public static let arpRequest = Packet(.arp(operation: 1, gratuitous: false), [.ipv4])
  /// An answer that nobody asked for.
  public static let arpReply = Packet(.arp(operation: 2, gratuitous: false), [.ipv4]).unanswered
  /// A machine's announcement of its own address.
  public static let gratuitousARP = Packet(.arp(operation: 1, gratuitous: true), [.ipv4]).unanswered
  /// What QEMU sends for a machine that has arrived by migration.
  public static let announcement = Packet(.announcement, [.ipv4]).unanswered

  /// Who has the other end's IPv6 address?
  public static let neighbourSolicitation = Packet(.neighbourSolicitation, [.ipv6])
  public static let neighbourAdvertisement = Packet(.neighbourAdvertisement, [.ipv6]).unanswered
  /// Has somebody my address?
  public static let duplicateAddressDetection = Packet(.duplicateAddressDetection, [.ipv6]).unanswered
  public static let routerSolicitation = Packet(.routerSolicitation, [.ipv6]).unanswered
  public static let routerAdvertisement = Packet(.routerAdvertisement, [.ipv6]).unanswered

  /// A client looks for a server, which offers.
  public static let dhcpDiscover = Packet(.dhcpDiscover, [.ipv4])
  /// What a server says.
  public static let dhcpOffer = Packet(.dhcpOffer, [.ipv4]).unanswered
  public static let dhcpv6Solicit = Packet(.dhcpv6Solicit, [.ipv6])
  public static let dhcpv6Reply = Packet(.dhcpv6Reply, [.ipv6]).unanswered

  /// A frame that is neither IP nor ARP.
  public static func etherType(_ type: UInt16) -> Packet { Packet(.other(type), [.ipv4]).unanswered }

  /// A datagram that a router on its way cannot pass on whole; what is asked is whether its error comes back.
  public static func pathMTU(udp port: UInt16) -> Packet {
    var packet = Packet(.udp(port))
    packet.answer = .error(ipv4: [3, 4, 0, 0, 0x05, 0x14], ipv6: [2, 0, 0, 0, 0x05, 0x14])
    return packet
  }

  /// A datagram to a closed port, and the error about it.
  public static func closedPort(udp port: UInt16) -> Packet {
    var packet = Packet(.udp(port))
    packet.answer = .error(ipv4: [3, 3, 0, 0, 0, 0], ipv6: [1, 4, 0, 0, 0, 0])
    return packet
  }

  /// A datagram that a router on its way ends, as traceroute has it; what is asked is whether its error comes back.
  ///
  /// Where no router is between the two, the other end plays it.
  public static func traceroute(udp port: UInt16 = 33434) -> Packet {
    var packet = Packet(.udp(port))
    packet.answer = .expiry
    return packet
  }
}

// MARK: Modifiers

extension Packet {
  /// From a MAC that is not the sender's; a random one unless given. Nothing comes back.
  public func sourceMAC(_ mac: HardwareAddress? = nil) -> Packet {
    changed {
      $0.sourceMAC = mac ?? .random()
      $0.answer = .none
    }
  }

  /// From an address that is not the sender's. Nothing comes back.
  public func spoofing(_ address: Address) -> Packet { source(address).unanswered }

  /// From one more address of the sender's.
  public func source(_ address: Address) -> Packet {
    changed {
      $0.source = { _ in address }
      $0.families.removeAll { $0 != address.family }
    }
  }

  /// From an own link-local address as Windows makes them.
  public var fromRandomLinkLocal: Packet {
    let address = Address.randomLinkLocal()
    return source(address)
  }

  /// To an address that is not the other end's own: its router's way, or a group's (then nothing comes back).
  public func to(_ address: Address) -> Packet {
    changed {
      $0.destination = address
      $0.families.removeAll { $0 != address.family }
      if address.isMulticast || address.isBroadcast { $0.answer = .none }
    }
  }

  public func from(port: UInt16) -> Packet { changed { $0.sourcePort = port } }

  /// An ARP packet or a neighbour advertisement with a wrong sender's MAC inside.
  public func claiming(_ mac: HardwareAddress) -> Packet {
    changed {
      $0.claimedMAC = mac
      $0.answer = .none
    }
  }

  /// The same with a wrong address.
  public func claiming(_ address: Address) -> Packet {
    changed {
      $0.claimedAddress = address
      $0.answer = .none
    }
  }

  /// In a frame with a tag; 0 is a priority without a VLAN. Nothing comes back.
  public func vlan(_ tag: UInt16) -> Packet {
    changed {
      $0.vlan = tag
      $0.answer = .none
    }
  }

  /// Nothing is to come back.
  public var unanswered: Packet { changed { $0.answer = .none } }

  /// In one family only.
  public func only(_ family: Family) -> Packet { changed { $0.families.removeAll { $0 != family } } }

  private func changed(_ change: (inout Packet) -> Void) -> Packet {
    var packet = self
    change(&packet)
    return packet
  }
}

extension Packet.Kind {
  /// Whether it goes through the IP of a kernel, or past it.
  var isInternet: Bool {
    switch self {
    case .arp, .announcement, .other: false
    default: true
    }
  }

  /// A sequence number of TCP, a nonce of neighbour discovery, or data.
  var tokenLength: Int {
    switch self {
    case .tcp: 4
    case .neighbourSolicitation, .neighbourAdvertisement, .duplicateAddressDetection: 6
    case .routerSolicitation, .routerAdvertisement: 6
    default: 8
    }
  }
}
