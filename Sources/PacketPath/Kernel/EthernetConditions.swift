// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// What ebtables is told of a rule, as conditions (nwfilter_ebiptables_driver.c, ebtablesCreateRuleInstance), and what the
/// kernel's modules make of that (Linux 6.1, net/bridge/netfilter/ebt_*.c).
struct EthernetConditions {
  private let bound: BoundMatch
  /// Whether the rule's source is the frame's destination.
  private let isReversed: Bool
  private var conditions: [Condition] = []

  /// - Parameter bound: nil for a rule without a protocol, which meets every frame.
  static func of(_ bound: BoundMatch?, isReversed: Bool) throws(KernelProgramError) -> [Condition] {
    guard let bound else { return [] }
    var builder = EthernetConditions(bound: bound, isReversed: isReversed)
    try builder.add()
    return builder.conditions
  }

  private init(bound: BoundMatch, isReversed: Bool) {
    self.bound = bound
    self.isReversed = isReversed
  }

  private mutating func add() throws(KernelProgramError) {
    if bound.match.filterProtocol != .stp { try addMACs() }
    switch bound.match.filterProtocol {
    case .mac: try add("protocolid", .etherType, radix: 16)
    case .vlan: try addTag()
    case .stp: try addSpanningTree()
    case .arp: try addARP(EtherType.arp)
    case .rarp: try addARP(EtherType.rarp)
    case .ip: try addIPv4()
    default: try addIPv6()
    }
  }

  private mutating func add(_ name: String, _ field: Field, radix: Int = 10) throws(KernelProgramError) {
    guard let number = try bound.number(name, radix: radix) else { return }
    conditions.append(.equals(field, number, isNegated: bound.isNegated(name)))
  }

  private mutating func add(
    _ name: String, last: String, _ field: Field, radix: Int = 10
  ) throws(KernelProgramError) {
    guard let range = try bound.orderedNumbers(name, last: last, radix: radix) else { return }
    conditions.append(.between(field, range.lowerBound, range.upperBound, isNegated: bound.isNegated(name)))
  }

  private mutating func add(mac name: String, mask: String?, _ field: Field) throws(KernelProgramError) {
    guard let address = try bound.mac(name) else { return }
    let mask = try bound.mac(mask) ?? field.last
    conditions.append(.masked(field, address & mask, mask: mask, isNegated: bound.isNegated(name)))
  }

  private func field(_ source: Field, _ destination: Field) -> Field { isReversed ? destination : source }

  private mutating func addMACs() throws(KernelProgramError) {
    for name in ["srcmacmask", "dstmacmask"] where try bound.mac(name) == 0 {
      throw bound.cannotBind(name, "ebtables (nf_tables) takes no mask without bits")
    }
    try add(mac: "srcmacaddr", mask: "srcmacmask", field(.sourceMAC, .destinationMAC))
    try add(mac: "dstmacaddr", mask: "dstmacmask", field(.destinationMAC, .sourceMAC))
  }

  // MARK: VLAN, ARP

  private mutating func addTag() throws(KernelProgramError) {
    conditions.append(.equals(.etherType, UInt128(EtherType.vlan)))
    try add("vlanid", .vlan)
    if let number = try bound.encapsulated() {
      conditions.append(.equals(.vlanProtocol, number, isNegated: bound.isNegated("encap-protocol")))
    }
  }

  private mutating func addARP(_ type: UInt16) throws(KernelProgramError) {
    conditions.append(.equals(.etherType, UInt128(type)))
    try add("hwtype", .hardwareType)
    try add("opcode", .operation)
    try add("protocoltype", .protocolType, radix: 16)
    // The addresses of a message are looked at only where it is about IPv4, its MAC addresses where it is about Ethernet;
    // any other message does not match, negated or not (ebt_arp.c, ebt_arp_mt).
    if ["arpsrcipaddr", "arpdstipaddr"].contains(where: bound.has) || isGratuitous {
      conditions.append(.equals(.protocolType, UInt128(EtherType.ipv4)))
    }
    if ["arpsrcmacaddr", "arpdstmacaddr"].contains(where: bound.has) { conditions.append(.equals(.hardwareType, 1)) }
    // libvirt keeps the source's mask for the destination if that has none.
    let sourceMask = bound.has("arpsrcipaddr") ? try bound.mask("arpsrcipmask", .ipv4) : nil
    let destinationMask = try bound.mask("arpdstipmask", .ipv4) ?? sourceMask
    try add(arpAddress: "arpsrcipaddr", sourceMask, field(.senderAddress, .targetAddress))
    try add(arpAddress: "arpdstipaddr", destinationMask, field(.targetAddress, .senderAddress))
    try add(mac: "arpsrcmacaddr", mask: nil, field(.senderMAC, .targetMAC))
    try add(mac: "arpdstmacaddr", mask: nil, field(.targetMAC, .senderMAC))
    if isGratuitous {
      conditions.append(
        Condition(.equal(.senderAddress, .targetAddress), isNegated: bound.isNegated("gratuitous")))
    }
  }

  private var isGratuitous: Bool { bound.attribute("gratuitous")?.value == .flag(true) }

  private mutating func add(
    arpAddress name: String, _ mask: UInt128?, _ field: Field
  ) throws(KernelProgramError) {
    guard let address = try bound.address(name, .ipv4) else { return }
    let mask = mask ?? field.last
    conditions.append(.masked(field, address & mask, mask: mask, isNegated: bound.isNegated(name)))
  }

  // MARK: IP

  private mutating func add(
    address name: String, _ mask: String, _ family: AddressFamily, _ field: Field
  ) throws(KernelProgramError) {
    guard let address = try bound.address(name, family) else { return }
    let mask = try bound.mask(mask, family) ?? family.lastAddress
    // Frames of this family alone get here, so that the upper bits of an IPv4 address are 0.
    let whole = mask | ~family.lastAddress
    conditions.append(.masked(field, address & mask, mask: whole, isNegated: bound.isNegated(name)))
  }

  private mutating func addIPv4() throws(KernelProgramError) {
    conditions.append(.equals(.etherType, UInt128(EtherType.ipv4)))
    try add(address: "srcipaddr", "srcipmask", .ipv4, field(.source, .destination))
    try add(address: "dstipaddr", "dstipmask", .ipv4, field(.destination, .source))
    try add("protocol", .protocolNumber, radix: 0)
    try addPorts()
    // The whole TOS byte is compared with the code point, which would stand in its upper six bits.
    try add("dscp", .typeOfService, radix: 16)
  }

  private mutating func addIPv6() throws(KernelProgramError) {
    conditions.append(.equals(.etherType, UInt128(EtherType.ipv6)))
    try add(address: "srcipaddr", "srcipmask", .ipv6, field(.source, .destination))
    try add(address: "dstipaddr", "dstipmask", .ipv6, field(.destination, .source))
    if let number = try bound.number("protocol") { addIPv6(number, bound.isNegated("protocol")) }
    try addPorts()
    try addMessageTypes()
  }

  /// The protocol as ebt_ip6 finds it: behind extension headers, AH among them; for a later fragment it is 44, and a packet
  /// that ends in "no next header" matches nothing (ipv6_skip_exthdr).
  private mutating func addIPv6(_ number: UInt128, _ isNegated: Bool) {
    let test: [Condition] =
      switch number {
      case 44: [.equals(.isLaterFragment, 1)]
      case 0, 43, 51, 59, 60: [.never]
      default: [.equals(.protocolNumber, number), .equals(.isLaterFragment, 0)]
      }
    if isNegated {
      conditions.append(.equals(.protocolNumber, 59, isNegated: true))
      conditions.append(Condition(.all(test), isNegated: true))
    } else {
      conditions += test
    }
  }

  private mutating func addPorts() throws(KernelProgramError) {
    guard bound.has("srcportstart") || bound.has("dstportstart") else { return }
    guard bound.has("protocol"), !bound.isNegated("protocol") else {
      throw bound.cannotBind("protocol", "ports need a protocol that has them")
    }
    conditions.append(.equals(.isLaterFragment, 0))
    try add("srcportstart", last: "srcportend", field(.sourcePort, .destinationPort), radix: 0)
    try add("dstportstart", last: "dstportend", field(.destinationPort, .sourcePort), radix: 0)
  }

  /// ICMPv6 types and codes; one negation for both, that of `type`.
  private mutating func addMessageTypes() throws(KernelProgramError) {
    let names = ["type", "typeend", "code", "codeend"]
    guard names.contains(where: bound.has) else { return }
    guard try bound.number("protocol") == 58, !bound.isNegated("protocol") else {
      throw bound.cannotBind("type", "it needs protocol icmpv6")
    }
    func range(_ first: String, _ last: String) throws(KernelProgramError) -> ClosedRange<UInt128> {
      let low = try bound.number(first, radix: 10)
      let high = try bound.number(last, radix: 10) ?? low ?? 255
      guard low ?? 0 <= high else { throw bound.cannotBind(last, "\(last) is below \(first)") }
      return (low ?? 0)...high
    }
    let types = try range("type", "typeend")
    let codes = try range("code", "codeend")
    conditions.append(.equals(.isLaterFragment, 0))
    conditions.append(Self.messages(types, codes, isNegated: bound.isNegated("type")))
  }

  private static func messages(
    _ types: ClosedRange<UInt128>, _ codes: ClosedRange<UInt128>, isNegated: Bool
  ) -> Condition {
    if codes == 0...255 || types.count == 1 {
      return .between(
        .destinationPort, types.lowerBound << 8 | codes.lowerBound, types.upperBound << 8 | codes.upperBound,
        isNegated: isNegated)
    }
    let none = types.map { type in
      Condition.between(
        .destinationPort, type << 8 | codes.lowerBound, type << 8 | codes.upperBound, isNegated: true)
    }
    return Condition(.all(none), isNegated: !isNegated)
  }

  // MARK: Spanning tree

  private mutating func addSpanningTree() throws(KernelProgramError) {
    if isReversed, bound.has("srcmacaddr") {
      throw bound.cannotBind("srcmacaddr", "stp with srcmacaddr and direction inout")
    }
    try addMACs()
    conditions.append(.equals(.destinationMAC, UInt128(MACAddress.bridgeGroup.bits)))
    let header = conditions
    conditions = []
    try addConfiguration()
    let configuration = conditions
    conditions = header
    guard bound.has("type") || !configuration.isEmpty else { return }
    conditions.append(.equals(.isSpanningTree, 1))
    try add("type", .stpType, radix: 0)
    if !configuration.isEmpty {
      // Other messages than configurations match whatever the rest says (ebt_stp.c, ebt_stp_mt).
      conditions.append(
        Condition(
          .all([.equals(.stpType, 0), Condition(.all(configuration), isNegated: true)]), isNegated: true))
    }
  }

  private mutating func addConfiguration() throws(KernelProgramError) {
    try add("flags", .stpFlags, radix: 0)
    try add("root-priority", last: "root-priority-hi", .rootPriority)
    try add(mac: "root-address", mask: "root-address-mask", .rootAddress)
    try add("root-cost", last: "root-cost-hi", .rootCost)
    try add("sender-priority", last: "sender-priority-hi", .senderPriority)
    try add(mac: "sender-address", mask: "sender-address-mask", .senderBridge)
    try add("port", last: "port-hi", .stpPort)
    try add("age", last: "age-hi", .messageAge)
    try add("max-age", last: "max-age-hi", .maximumAge)
    try add("hello-time", last: "hello-time-hi", .helloTime)
    try add("forward-delay", last: "forward-delay-hi", .forwardDelay)
  }
}
