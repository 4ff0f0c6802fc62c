// SPDX-License-Identifier: Apache-2.0

/// A frame by what filters look at in it; everything else in it is as it has to be.
public struct ProbeFrame: Sendable, Hashable {
  public var sourceMAC: HardwareAddress
  public var destinationMAC: HardwareAddress
  /// What the frame carries, behind the tag if there is one; 0 for a spanning tree frame, which has a length here.
  public var etherType: UInt16
  /// The identifier in an 802.1Q tag, 0 to 4095.
  public var vlan: UInt16?

  // MARK: IPv4 and IPv6
  public var source: Address
  public var destination: Address
  public var protocolNumber: UInt8 = 0
  public var sourcePort: UInt16 = 0
  /// For ICMP the type, shifted left by 8, and the code.
  public var destinationPort: UInt16 = 0
  /// The whole byte, in IPv6 the traffic class: DSCP in the upper six bits.
  public var typeOfService: UInt8 = 0
  /// The bits of RFC 9293, 0 to 63.
  public var tcpFlags: UInt8 = 2
  /// The number of an option in a TCP header, if it has any.
  public var tcpOption: UInt8?
  /// Of an ICMP message that connections are told by.
  public var identifier: UInt16 = 0
  /// The packet that an ICMP error is about, from its IP header on.
  public var quoted: [UInt8] = []
  /// Connection tracking takes no packet with a wrong one.
  public var hasRightChecksum = true

  public var arp = ARP()
  public var bpdu = BPDU()

  /// What ARP and RARP frames say.
  public struct ARP: Sendable, Hashable {
    public var hardwareType: UInt16 = 1
    public var protocolType: UInt16 = 0x0800
    public var operation: UInt16 = 1
    public var senderMAC: HardwareAddress = "00:00:00:00:00:00"
    public var targetMAC: HardwareAddress = "00:00:00:00:00:00"
    public var sender: Address = "0.0.0.0"
    public var target: Address = "0.0.0.0"

    public init() {}
  }

  /// What spanning tree frames say (IEEE 802.1D, 9.3).
  public struct BPDU: Sendable, Hashable {
    public var type: UInt8 = 0
    public var flags: UInt8 = 0
    public var rootPriority: UInt16 = 0
    public var rootAddress: HardwareAddress = "00:00:00:00:00:00"
    public var rootCost: UInt32 = 0
    public var senderPriority: UInt16 = 0
    public var senderAddress: HardwareAddress = "00:00:00:00:00:00"
    public var port: UInt16 = 0
    public var age: UInt16 = 0
    public var maxAge: UInt16 = 0
    public var helloTime: UInt16 = 0
    public var forwardDelay: UInt16 = 0

    public init() {}
  }

  public init(
    from sourceMAC: HardwareAddress, to destinationMAC: HardwareAddress, etherType: UInt16,
    source: Address = "0.0.0.0", destination: Address = "0.0.0.0"
  ) {
    self.sourceMAC = sourceMAC
    self.destinationMAC = destinationMAC
    self.etherType = etherType
    self.source = source
    self.destination = destination
  }

  /// Whether the IP of a kernel takes it.
  public var isInternet: Bool {
    vlan == nil && (etherType == EtherType.ipv4 || etherType == EtherType.ipv6)
  }

  /// Whether it is IPv4 or IPv6, behind a tag or not.
  public var hasPacket: Bool { etherType == EtherType.ipv4 || etherType == EtherType.ipv6 }
}

/// What tells the frames of a run apart: eight bytes, where no filter looks.
public enum ProbeToken {
  static let magic: [UInt8] = [0xa5, 0x6e, 0xd3, 0x1b]

  static func bytes(_ number: UInt32) -> [UInt8] { magic + number.bytes }
}

extension ProbeFrame {
  /// The bytes of the frame, with a token in it, and where in a frame without a tag the token is.
  public func encoded(token number: UInt32) -> (bytes: [UInt8], place: Int) {
    let token = ProbeToken.bytes(number)
    let tag = vlan.map { EtherType.vlan.bytes + $0.bytes } ?? []
    let body = content(token)
    var frame = destinationMAC.bytes + sourceMAC.bytes + tag
    // A spanning tree frame has a length instead, which leaves the token out.
    frame += (etherType == 0 ? UInt16(38) : etherType).bytes
    frame += body
    let place = 14 + body.count - token.count
    frame += [UInt8](repeating: 0, count: max(0, 60 - frame.count))
    return (frame, place)
  }

  /// From the IP header on, as an ICMP error about it quotes it.
  public func packet(token number: UInt32) -> [UInt8] { internet(ProbeToken.bytes(number)) }

  /// Always ends with the token.
  private func content(_ token: [UInt8]) -> [UInt8] {
    switch etherType {
    case EtherType.ipv4, EtherType.ipv6: internet(token)
    case EtherType.arp, EtherType.rarp:
      arp.hardwareType.bytes + arp.protocolType.bytes + [6, 4] + arp.operation.bytes + arp.senderMAC.bytes
        + arp.sender.bytes + arp.targetMAC.bytes + arp.target.bytes + token
    case 0: [0x42, 0x42, 0x03] + bpdu.bytes + token
    default: token
    }
  }

  private func internet(_ token: [UInt8]) -> [UInt8] {
    var segment = transport(token)
    if !hasRightChecksum, let place = Self.checksumPlace(protocolNumber) { segment[place] ^= 0x55 }
    var packet = Encoding.packet(from: source, to: destination, protocolNumber, segment, trafficClass: typeOfService)
    if !hasRightChecksum, Self.checksumPlace(protocolNumber) == nil, source.family == .ipv4 { packet[10] ^= 0x55 }
    return packet
  }

  private static func checksumPlace(_ number: UInt8) -> Int? {
    switch number {
    case Number.tcp: 16
    case Number.udp, Number.udplite: 6
    case Number.icmp, Number.icmpv6: 2
    case Number.sctp: 8
    default: nil
    }
  }

  private func transport(_ token: [UInt8]) -> [UInt8] {
    switch protocolNumber {
    case Number.tcp:
      return Encoding.tcp(
        from: source, sourcePort, to: destination, destinationPort, sequence: 1000,
        acknowledged: tcpFlags & 16 == 0 ? 0 : 2000, flags: tcpFlags, options: options, token)
    case Number.udp: return Encoding.udp(from: source, sourcePort, to: destination, destinationPort, token)
    case Number.udplite: return Encoding.udplite(from: source, sourcePort, to: destination, destinationPort, token)
    case Number.sctp: return Encoding.sctp(sourcePort, destinationPort, isAnswer: tcpFlags == 18, token)
    case Number.icmp, Number.icmpv6:
      // Eight bytes behind the header for those messages that conntrack or the bridge looks into.
      let rest = quoted.isEmpty ? identifier.bytes + [0, 1] + [UInt8](repeating: 0, count: 16) : [0, 0, 0, 0] + quoted
      return Encoding.icmp(
        from: source, to: destination, type: UInt8(destinationPort >> 8),
        code: UInt8(truncatingIfNeeded: destinationPort), rest + token)
    // GRE of version 0, and the next header, length and index of AH, and whatever it is to others.
    case Number.gre: return [0, 0, 0x08, 0] + token
    case Number.authentication:
      // What is inside is of a number that no rule has: in IPv6 layer 2 looks at that one (RFC 3692, 2.1).
      return [253, 4] + [0, 0, 0, 0] + identifier.bytes + [0, 0, 0, 1, 0, 0, 0, 0] + token
    default: return [0, 0] + identifier.bytes + [0, 0, 0, 1] + token
    }
  }

  /// Four bytes whatever the number: what would fill up the header would be options as well.
  private var options: [UInt8] {
    guard let tcpOption else { return [] }
    return tcpOption < 2 ? [UInt8](repeating: tcpOption, count: 4) : [tcpOption, 4, 0x21, 0x21]
  }
}

extension ProbeFrame.BPDU {
  fileprivate var bytes: [UInt8] {
    [0, 0, 0, type, flags] + rootPriority.bytes + rootAddress.bytes + rootCost.bytes + senderPriority.bytes
      + senderAddress.bytes + port.bytes + age.bytes + maxAge.bytes + helloTime.bytes + forwardDelay.bytes
  }
}
