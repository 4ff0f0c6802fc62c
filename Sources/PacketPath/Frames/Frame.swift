// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// One frame on the port of a VM; what it does not have is 0 or empty.
public struct Frame: Sendable, Hashable {
  public var sourceMAC: MACAddress
  public var destinationMAC: MACAddress
  /// 0 for an 802.3 frame with a length.
  public var etherType: UInt16

  // MARK: IPv4 and IPv6
  public var protocolNumber: UInt8 = 0
  public var source: UInt128 = 0
  public var destination: UInt128 = 0
  public var sourcePort: UInt16 = 0
  /// For ICMP and ICMPv6 the type, shifted left by 8, and the code.
  public var destinationPort: UInt16 = 0
  public var isLaterFragment = false
  public var tcpFlags: TCPFlags = []
  /// Numbers of the options in the TCP header.
  public var tcpOptions: Set<UInt8> = []
  public var typeOfService: UInt8 = 0

  // MARK: Others
  /// The VLAN identifier of a tagged frame, 0 to 4095.
  public var vlan: UInt16 = 0
  /// The EtherType inside the tag.
  public var vlanProtocol: UInt16 = 0
  public var arp = ARP()
  /// nil for a frame that is no spanning tree message.
  public var spanningTree: SpanningTree?

  /// Kernel sets that the frame's packet is in.
  public var memberships: Set<SetLookup> = []

  /// A frame of which only the header is known.
  public init(etherType: UInt16, sourceMAC: MACAddress, destinationMAC: MACAddress) {
    self.etherType = etherType
    self.sourceMAC = sourceMAC
    self.destinationMAC = destinationMAC
  }

  /// The body of an ARP or RARP frame, Ethernet and IPv4 unless it says otherwise (RFC 826).
  public struct ARP: Sendable, Hashable {
    public var hardwareType: UInt16 = 0
    public var protocolType: UInt16 = 0
    public var operation: UInt16 = 0
    public var senderMAC = MACAddress(bits: 0)
    public var senderAddress: UInt32 = 0
    public var targetMAC = MACAddress(bits: 0)
    public var targetAddress: UInt32 = 0

    public init() {}
  }

  /// A message of the spanning tree protocol (IEEE 802.1D, section 9.3).
  public struct SpanningTree: Sendable, Hashable {
    /// 0 for a configuration message, which alone has the other fields.
    public var type: UInt8 = 0
    public var flags: UInt8 = 0
    public var rootPriority: UInt16 = 0
    public var rootAddress = MACAddress(bits: 0)
    public var rootCost: UInt32 = 0
    public var senderPriority: UInt16 = 0
    public var senderBridge = MACAddress(bits: 0)
    public var port: UInt16 = 0
    public var messageAge: UInt16 = 0
    public var maximumAge: UInt16 = 0
    public var helloTime: UInt16 = 0
    public var forwardDelay: UInt16 = 0

    public init() {}
  }
}

/// EtherTypes that rules and chains are about (IEEE 802 Numbers).
public enum EtherType {
  public static let ipv4: UInt16 = 0x0800
  public static let arp: UInt16 = 0x0806
  public static let rarp: UInt16 = 0x8035
  public static let vlan: UInt16 = 0x8100
  public static let ipv6: UInt16 = 0x86dd
}

// MARK: Kinds of frames

extension Frame {
  /// A packet in an untagged frame.
  public init(_ packet: Packet, sourceMAC: MACAddress, destinationMAC: MACAddress) {
    self.init(
      etherType: packet.family == .ipv4 ? EtherType.ipv4 : EtherType.ipv6, sourceMAC: sourceMAC,
      destinationMAC: destinationMAC)
    self.packet = packet
  }

  /// An ARP message; from the sender's MAC address and to everyone unless said otherwise.
  ///
  /// - Parameter operation: 1 is a request, 2 a reply (IANA, ARP Parameters).
  public static func arp(
    operation: UInt16 = 1, senderMAC: MACAddress, sender: IPv4Address, targetMAC: MACAddress = MACAddress(bits: 0),
    target: IPv4Address, sourceMAC: MACAddress? = nil, destinationMAC: MACAddress = .broadcast, isReverse: Bool = false
  ) -> Frame {
    var frame = Frame(
      etherType: isReverse ? EtherType.rarp : EtherType.arp, sourceMAC: sourceMAC ?? senderMAC,
      destinationMAC: destinationMAC)
    frame.arp.hardwareType = 1
    frame.arp.protocolType = EtherType.ipv4
    frame.arp.operation = operation
    frame.arp.senderMAC = senderMAC
    frame.arp.senderAddress = sender.bits
    frame.arp.targetMAC = targetMAC
    frame.arp.targetAddress = target.bits
    return frame
  }

  /// A frame with an 802.1Q tag.
  public static func tagged(
    vlan: UInt16, content: UInt16, sourceMAC: MACAddress, destinationMAC: MACAddress
  ) -> Frame {
    var frame = Frame(etherType: EtherType.vlan, sourceMAC: sourceMAC, destinationMAC: destinationMAC)
    frame.vlan = vlan
    frame.vlanProtocol = content
    return frame
  }

  /// A spanning tree message, to the bridge group address.
  public static func spanningTree(_ message: SpanningTree, sourceMAC: MACAddress) -> Frame {
    var frame = Frame(etherType: 0, sourceMAC: sourceMAC, destinationMAC: .bridgeGroup)
    frame.spanningTree = message
    return frame
  }

  /// The address family of an untagged IP frame.
  public var family: AddressFamily? {
    switch etherType {
    case EtherType.ipv4: .ipv4
    case EtherType.ipv6: .ipv6
    default: nil
    }
  }

  /// The packet in an untagged IP frame; setting it leaves the other fields alone.
  public var packet: Packet? {
    get {
      family.map {
        Packet(
          family: $0, protocolNumber: protocolNumber, source: source, destination: destination,
          sourcePort: sourcePort, destinationPort: destinationPort)
      }
    }
    set {
      guard let packet = newValue else { return }
      etherType = packet.family == .ipv4 ? EtherType.ipv4 : EtherType.ipv6
      protocolNumber = packet.protocolNumber
      source = packet.source
      destination = packet.destination
      sourcePort = packet.sourcePort
      destinationPort = packet.destinationPort
    }
  }
}

extension MACAddress {
  public static let broadcast = MACAddress(bits: 0xffff_ffff_ffff)
  /// 01:80:c2:00:00:00, where spanning tree messages go.
  public static let bridgeGroup = MACAddress(bits: 0x0180_c200_0000)
}
