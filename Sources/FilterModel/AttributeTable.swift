// SPDX-License-Identifier: Apache-2.0

/// Everything that nwfilter can match, in one table: XML, YAML, checks, documentation and JSON Schema are made from it.
///
/// Order and types are those of libvirt's parser and formatter (nwfilter_conf.c, the virXMLAttr2Struct tables).
enum AttributeTable {
  /// By `FilterProtocol.rawValue`.
  static let definitions: [[AttributeDefinition]] = FilterProtocol.allCases.map { attributes(of: $0) + [comment] }

  private static func attributes(of name: FilterProtocol) -> [AttributeDefinition] {
    switch name {
    case .mac: macs + [AttributeDefinition("protocolid", .number(0x600...0xffff, names: .etherTypes), "EtherType")]
    case .vlan: macs + vlan
    case .stp: Array(macs.prefix(2)) + stp
    case .arp, .rarp: macs + arp
    case .ip: macs + addresses(.ipv4Address, .ipv4Mask) + [ipProtocol] + ports() + [dscp]
    case .ipv6: macs + addresses(.ipv6Address, .ipv6Mask) + [ipProtocol] + ports() + icmpv6Ranges
    case .tcp: layer3(.tcp) + ports(signOf: "srcportstart") + tcp(flags: tcpFlags)
    case .tcpIPv6:
      layer3(.tcpIPv6) + ports(signOf: "srcportstart")
        + tcp(flags: tcpFlags.refused("libvirt drops flags on tcp-ipv6, so that the rule would match all TCP"))
    case .udp, .sctp, .udpIPv6, .sctpIPv6: layer3(name) + ports(signOf: "srcportstart")
    case .icmp, .icmpv6: layer3(name) + icmp
    case .udplite, .igmp, .esp, .ah, .all, .udpliteIPv6, .espIPv6, .ahIPv6, .allIPv6: layer3(name)
    }
  }

  // MARK: Shared groups

  private static let comment =
    AttributeDefinition("comment", .comment, "Text; layer-3 rules carry it into the kernel").neverNegated

  private static let macs = [
    AttributeDefinition("srcmacaddr", .macAddress, "Source MAC address"),
    AttributeDefinition("srcmacmask", .macMask, "Mask of srcmacaddr").with(base: "srcmacaddr"),
    AttributeDefinition("dstmacaddr", .macAddress, "Destination MAC address"),
    AttributeDefinition("dstmacmask", .macMask, "Mask of dstmacaddr").with(base: "dstmacaddr"),
  ]

  private static func addresses(_ address: ValueKind, _ mask: ValueKind) -> [AttributeDefinition] {
    [
      AttributeDefinition("srcipaddr", address, "Source address"),
      AttributeDefinition("srcipmask", mask, "Mask of srcipaddr").with(base: "srcipaddr"),
      AttributeDefinition("dstipaddr", address, "Destination address"),
      AttributeDefinition("dstipmask", mask, "Mask of dstipaddr").with(base: "dstipaddr"),
    ]
  }

  private static func ports(signOf source: String? = nil) -> [AttributeDefinition] {
    let port = ValueKind.number(0...65535)
    let start = AttributeDefinition("dstportstart", port, "Destination port, or the first of a range")
    let end = AttributeDefinition("dstportend", port, "Last destination port").with(base: "dstportstart")
    return [
      AttributeDefinition("srcportstart", port, "Source port, or the first of a range"),
      AttributeDefinition("srcportend", port, "Last source port").with(base: "srcportstart"),
      source.map(start.withSign(of:)) ?? start,
      source.map(end.withSign(of:)) ?? end,
    ]
  }

  private static let ipProtocol = AttributeDefinition(
    "protocol", .number(0...255, names: .ipProtocols), "IP protocol")

  private static let dscp = AttributeDefinition("dscp", .number(0...63), "Differentiated services code point")

  /// The attributes that every iptables and ip6tables protocol begins with.
  private static func layer3(_ name: FilterProtocol) -> [AttributeDefinition] {
    let isIPv6 = name.layer == .ipv6
    let address = isIPv6 ? ValueKind.ipv6Address : .ipv4Address
    let lastDestination = AttributeDefinition("dstipto", address, "Last destination address").with(base: "dstipfrom")
    return [AttributeDefinition("srcmacaddr", .macAddress, "Source MAC address")]
      + addresses(address, isIPv6 ? .ipv6Mask : .ipv4Mask)
      + [
        AttributeDefinition("srcipfrom", address, "First source address of a range"),
        AttributeDefinition("srcipto", address, "Last source address").with(base: "srcipfrom"),
        AttributeDefinition("dstipfrom", address, "First destination address of a range"),
        isIPv6
          ? lastDestination.refused(
            "libvirt reads dstipto as an IPv4 address even here; use dstipaddr with dstipmask", exceptVariables: true)
          : lastDestination,
        dscp,
        AttributeDefinition(
          "connlimit-above", .decimal(0...65535), "Matches when a source has more connections than this"),
        AttributeDefinition("state", .connectionStates, "Connection state, instead of libvirt's own state match")
          .neverNegated,
      ] + sets(name)
  }

  private static func sets(_ name: FilterProtocol) -> [AttributeDefinition] {
    let set = AttributeDefinition("ipset", .setName, "Kernel set that the packet is looked up in").neverNegated
    let directions =
      AttributeDefinition("ipsetflags", .setDirections, "Which side of the packet each field of the set is")
      .neverNegated
    if name == .all || name == .allIPv6 { return [set, directions] }
    let reason = "libvirt drops sets on \(name.name), so that the rule would match everything; use all or all-ipv6"
    return [set.refused(reason), directions.refused(reason)]
  }

  // MARK: Protocols of their own

  private static let vlan = [
    AttributeDefinition("vlanid", .number(0...4095), "VLAN identifier"),
    AttributeDefinition("encap-protocol", .number(0x3c...0xffff, names: .etherTypes), "EtherType inside the tag"),
  ]

  private static let arp = [
    AttributeDefinition("hwtype", .number(0...65535), "Hardware type"),
    AttributeDefinition("protocoltype", .number(0...65535), "Protocol type"),
    AttributeDefinition("opcode", .number(0...65535, names: .arpOperations), "Operation"),
    AttributeDefinition("arpsrcmacaddr", .macAddress, "Sender's MAC address in the ARP body"),
    AttributeDefinition("arpdstmacaddr", .macAddress, "Target's MAC address in the ARP body"),
    AttributeDefinition("arpsrcipaddr", .ipv4Address, "Sender's address in the ARP body"),
    AttributeDefinition("arpsrcipmask", .ipv4Mask, "Mask of arpsrcipaddr").with(base: "arpsrcipaddr"),
    AttributeDefinition("arpdstipaddr", .ipv4Address, "Target's address in the ARP body"),
    AttributeDefinition("arpdstipmask", .ipv4Mask, "Mask of arpdstipaddr").with(base: "arpdstipaddr"),
    AttributeDefinition("gratuitous", .truth, "Gratuitous ARP only"),
  ]

  private static let icmpv6Ranges: [AttributeDefinition] = {
    let byte = ValueKind.number(0...255)
    return [
      AttributeDefinition("type", byte, "ICMPv6 type, or the first of a range"),
      AttributeDefinition("typeend", byte, "Last ICMPv6 type").with(base: "type"),
      AttributeDefinition("code", byte, "ICMPv6 code, or the first of a range").with(base: "type"),
      AttributeDefinition("codeend", byte, "Last ICMPv6 code").with(base: "code").withSign(of: "type"),
    ]
  }()

  private static let icmp = [
    AttributeDefinition("type", .number(0...255), "ICMP type"),
    AttributeDefinition("code", .number(0...255), "ICMP code").with(base: "type"),
  ]

  private static let tcpFlags = AttributeDefinition("flags", .tcpFlags, "TCP flags: MASK/FLAGS")

  private static func tcp(flags: AttributeDefinition) -> [AttributeDefinition] {
    [AttributeDefinition("option", .number(0...255), "Number of a TCP option"), flags]
  }

  private static let stp: [AttributeDefinition] = {
    func range(_ name: String, _ limit: ClosedRange<UInt32>, _ summary: String) -> [AttributeDefinition] {
      [
        AttributeDefinition(name, .number(limit), "\(summary), or the first of a range"),
        AttributeDefinition(name + "-hi", .number(limit), "Last of the range of \(name)").with(base: name),
      ]
    }
    func address(_ name: String, _ summary: String) -> [AttributeDefinition] {
      [
        AttributeDefinition(name, .macAddress, summary),
        AttributeDefinition(name + "-mask", .macMask, "Mask of \(name)").with(base: name),
      ]
    }
    let short: ClosedRange<UInt32> = 0...65535
    return [
      AttributeDefinition("type", .number(0...255), "BPDU type"),
      AttributeDefinition("flags", .number(0...255), "BPDU flags"),
    ]
      + range("root-priority", short, "Priority of the root bridge")
      + address("root-address", "MAC address of the root bridge")
      + range("root-cost", 0...UInt32.max, "Cost of the path to the root bridge")
      + range("sender-priority", short, "Priority of the sending bridge")
      + address("sender-address", "MAC address of the sending bridge")
      + range("port", short, "Port identifier")
      + range("age", short, "Age of the message")
      + range("max-age", short, "Maximum age")
      + range("hello-time", short, "Hello time")
      + range("forward-delay", short, "Forward delay")
  }()
}
