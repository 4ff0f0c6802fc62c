// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// The few values that random filters speak of, so that rules meet each other and packets meet rules.
public struct FilterPalette: Sendable {
  /// The VM's own first.
  public var macs: [MACAddress]
  public var ipv4: [IPv4Address]
  public var ipv6: [IPv6Address]

  public init(macs: [MACAddress], ipv4: [IPv4Address], ipv6: [IPv6Address]) {
    self.macs = macs
    self.ipv4 = ipv4
    self.ipv6 = ipv6
  }

  static let macMasks: [UInt64] = [
    0xffff_ffff_ffff, 0xffff_ff00_0000, 0xffff_ffff_ff00, 0xffff_0000_0000, 0xff00_0000_0000, 0,
  ]
  static let ipv4Prefixes: [UInt8] = [32, 31, 30, 29, 28, 25, 24, 24, 22, 16, 15, 14, 8, 1, 0]
  static let ipv6Prefixes: [UInt8] = [128, 127, 126, 124, 120, 112, 96, 64, 64, 63, 48, 47, 46, 32, 1, 0]
  static let ports: [UInt32] = [0, 21, 22, 53, 67, 68, 80, 443, 1000, 1024, 8080, 65534, 65535]
  /// IANA's numbers: ICMP, IGMP, TCP, UDP, GRE, ESP, AH, ICMPv6, OSPF, nobody's, SCTP, UDP-Lite.
  static let protocols: [UInt32] = [1, 2, 6, 6, 17, 17, 47, 50, 51, 58, 58, 89, 99, 132, 136]
  static let etherTypes: [UInt32] = [0x0800, 0x0806, 0x86dd, 0x8035, 0x8100, 0x88b5, 0x9000]
  static let messages: [UInt32] = [0, 3, 5, 8, 8, 11, 12, 13, 1, 2, 4, 128, 129, 133, 134, 135, 136, 137, 143]
  static let options: [UInt32] = [0, 1, 2, 3, 4, 8, 30, 254]

  /// A value of an attribute, by its name where several that have one kind mean different things.
  func value(
    of definition: AttributeDefinition, using generator: inout some RandomNumberGenerator
  ) -> Value? {
    func one(_ values: [UInt32]) -> Value { .number(values.randomElement(using: &generator)!) }
    switch definition.name {
    case "srcportstart", "dstportstart": return one(Self.ports)
    case "protocol": return one(Self.protocols)
    case "protocolid", "encap-protocol": return one(Self.etherTypes)
    case "vlanid": return one([1, 5, 100, 4095])
    case "hwtype": return one([1, 1, 6])
    case "protocoltype": return one([0x0800, 0x0800, 0x86dd])
    case "opcode": return one([1, 1, 2, 2, 3, 4, 8, 300])
    case "type": return one(definition.summary.hasPrefix("BPDU") ? [0, 0, 0, 0x80, 2] : Self.messages)
    case "code": return one([0, 0, 1, 3, 4, 255])
    case "flags" where definition.kind == .tcpFlags:
      let any = UInt8.random(in: 0...63, using: &generator)
      let mask = [0x12, 0x02, 0x3f, 0x17, any].randomElement(using: &generator)!
      let flags = [0x02, 0x12, 0x10, 0, any].randomElement(using: &generator)!
      return .tcpFlags(TCPFlagsMatch(mask: TCPFlags(rawValue: mask), flags: TCPFlags(rawValue: flags)))
    case "flags": return one([0, 1, 128, 129])
    case "option": return one(Self.options)
    case "dscp": return one([0, 4, 8, 10, 46, 63])
    // Every connection of the only one of its source is more than none, and is not more than many.
    case "connlimit-above": return one([0, 60000])
    case "root-priority", "sender-priority": return one([0x1000, 0x8000])
    case "root-cost": return one([0, 4, 100_000])
    case "port", "age", "max-age", "hello-time", "forward-delay": return one([0, 0x0100, 0x1400, 0x8001])
    case "ipset", "ipsetflags": return nil
    default: break
    }
    switch definition.kind {
    case .macAddress: return .mac(macs.randomElement(using: &generator)!)
    case .macMask: return .mac(MACAddress(bits: Self.macMasks.randomElement(using: &generator)!))
    case .ipv4Address: return .ipv4(ipv4.randomElement(using: &generator)!)
    case .ipv4Mask: return .prefixLength(Self.ipv4Prefixes.randomElement(using: &generator)!)
    case .ipv6Address: return .ipv6(ipv6.randomElement(using: &generator)!)
    case .ipv6Mask: return .prefixLength(Self.ipv6Prefixes.randomElement(using: &generator)!)
    case .truth: return .flag(true)
    case .connectionStates:
      // Often what people write, sometimes NONE.
      return .states(
        ConnectionStates(rawValue: [1, 2, 3, 3, 4, 6, 8, 0, 15, 9].randomElement(using: &generator)!))
    case .comment: return .text("c")
    default: return nil
    }
  }

  /// The end of a range that begins somewhere.
  func end(after start: Value, using generator: inout some RandomNumberGenerator) -> Value {
    let more = UInt32([0, 1, 3, 20, 200].randomElement(using: &generator)!)
    switch start {
    case .number(let number): return .number(number + more)
    case .ipv4(let address): return .ipv4(IPv4Address(bits: address.bits &+ more))
    case .ipv6(let address): return .ipv6(IPv6Address(high: address.high, low: address.low &+ UInt64(more)))
    default: return start
    }
  }

  /// Lists for variables of a name's kind, as parameters have them.
  func list(_ kind: Variables, _ count: Int, using generator: inout some RandomNumberGenerator) -> [String] {
    (0..<count).map { _ in
      switch kind {
      case .mac: macs.randomElement(using: &generator)!.description
      case .ipv4: ipv4.randomElement(using: &generator)!.description
      case .ipv6: ipv6.randomElement(using: &generator)!.description
      case .port: String(Self.ports.randomElement(using: &generator)!)
      case .prefix: String([24, 28, 31, 32].randomElement(using: &generator)!)
      }
    }
  }

  /// What variables of random filters stand for.
  enum Variables: String, CaseIterable {
    case mac = "M"
    case ipv4 = "A"
    case ipv6 = "B"
    case port = "P"
    case prefix = "L"

    init?(_ definition: AttributeDefinition) {
      switch definition.kind {
      case .macAddress: self = .mac
      case .ipv4Address: self = .ipv4
      case .ipv6Address where definition.refusal == nil: self = .ipv6
      case .ipv4Mask: self = .prefix
      case .number where definition.name == "srcportstart" || definition.name == "dstportstart": self = .port
      default: return nil
      }
    }
  }
}
