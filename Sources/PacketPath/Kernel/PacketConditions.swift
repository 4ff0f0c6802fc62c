// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// What iptables or ip6tables is told of a rule, as conditions (nwfilter_ebiptables_driver.c, _iptablesCreateRuleInstance);
/// without those about the state of the connection.
struct PacketConditions {
  /// Conditions on the packet; nil where libvirt leaves the rule out, as nothing of it can be said of packets this way.
  static func of(
    _ bound: BoundMatch, _ family: AddressFamily, isReversed: Bool
  ) throws(KernelProgramError) -> [Condition]? {
    if isReversed, bound.has("connlimit-above") { return nil }
    var builder = PacketConditions(bound: bound, family: family, isReversed: isReversed)
    try builder.add()
    if isReversed, bound.has("srcmacaddr"), builder.conditions.isEmpty { return nil }
    if let number = protocolNumber(bound.match.filterProtocol) {
      builder.conditions.insert(.equals(.protocolNumber, number), at: 0)
    }
    try builder.addSetAndLimit()
    return builder.conditions
  }

  private let bound: BoundMatch
  private let family: AddressFamily
  /// Whether the rule's source is the packet's destination (libvirt's directionIn).
  private let isReversed: Bool
  private var conditions: [Condition] = []

  private init(bound: BoundMatch, family: AddressFamily, isReversed: Bool) {
    self.bound = bound
    self.family = family
    self.isReversed = isReversed
  }

  private static func protocolNumber(_ name: FilterProtocol) -> UInt128? {
    switch name {
    case .tcp, .tcpIPv6: 6
    case .udp, .udpIPv6: 17
    case .udplite, .udpliteIPv6: 136
    case .sctp, .sctpIPv6: 132
    case .icmp: 1
    case .icmpv6: 58
    case .igmp: 2
    case .esp, .espIPv6: 50
    case .ah, .ahIPv6: 51
    default: nil
    }
  }

  private func field(_ source: Field, _ destination: Field) -> Field { isReversed ? destination : source }

  private mutating func add() throws(KernelProgramError) {
    // A packet's source MAC address is not the machine's where the rule is reversed.
    if !isReversed, let address = try bound.mac("srcmacaddr") {
      conditions.append(.equals(.sourceMAC, address, isNegated: bound.isNegated("srcmacaddr")))
    }
    try addAddresses("src", field(.source, .destination))
    try addAddresses("dst", field(.destination, .source))
    if let number = try bound.number("dscp") {
      conditions.append(.masked(.typeOfService, number << 2, mask: 0xfc, isNegated: bound.isNegated("dscp")))
    }
    switch bound.match.filterProtocol {
    case .tcp, .tcpIPv6:
      addFlags()
      try addPorts()
      try addOption()
    case .udp, .udpIPv6, .sctp, .sctpIPv6: try addPorts()
    case .icmp, .icmpv6: try addMessageType()
    default: break
    }
  }

  private mutating func addAddresses(_ end: String, _ field: Field) throws(KernelProgramError) {
    if let address = try bound.address("\(end)ipaddr", family) {
      let mask = try bound.mask("\(end)ipmask", family) ?? family.lastAddress
      let isNegated = bound.isNegated("\(end)ipaddr")
      if isNegated, mask == 0 {
        throw bound.cannotBind("\(end)ipmask", "iptables (nf_tables) takes no negated address of length 0")
      }
      conditions.append(.masked(field, address & mask, mask: mask | ~family.lastAddress, isNegated: isNegated))
    } else if let first = try bound.address("\(end)ipfrom", family) {
      // iptables only warns of a range that ends before it begins; it holds no address.
      let last = try bound.address("\(end)ipto", family) ?? first
      conditions.append(.between(field, first, last, isNegated: bound.isNegated("\(end)ipfrom")))
    }
  }

  /// What is not in a later fragment matches none of them, negated or not (Linux 6.1, nft_payload.c and xt_tcpudp.c).
  private mutating func demandHeader() {
    let condition = Condition.equals(.isLaterFragment, 0)
    if !conditions.contains(condition) { conditions.append(condition) }
  }

  private mutating func addPorts() throws(KernelProgramError) {
    let ends = [("src", field(.sourcePort, .destinationPort)), ("dst", field(.destinationPort, .sourcePort))]
    for (end, field) in ends {
      let (name, lastName) = ("\(end)portstart", "\(end)portend")
      guard let (first, last) = try bound.numbers(name, last: lastName) else { continue }
      // For UDP alone iptables takes a range that ends before it begins, which holds no port.
      let isUDP = bound.match.filterProtocol == .udp || bound.match.filterProtocol == .udpIPv6
      guard first <= last || isUDP else { throw bound.cannotBind(lastName, "\(lastName) is below \(name)") }
      demandHeader()
      conditions.append(.between(field, first, last, isNegated: bound.isNegated(name)))
    }
  }

  private mutating func addFlags() {
    guard case .tcpFlags(let match)? = bound.attribute("flags")?.value else { return }
    demandHeader()
    conditions.append(
      .masked(
        .tcpFlags, UInt128(match.flags.rawValue), mask: UInt128(match.mask.rawValue),
        isNegated: bound.isNegated("flags")))
  }

  private mutating func addOption() throws(KernelProgramError) {
    guard let number = try bound.number("option") else { return }
    guard number > 0, let option = UInt8(exactly: number) else {
      throw bound.cannotBind("option", "iptables takes options from 1 to 255")
    }
    demandHeader()
    conditions.append(Condition(.tcpOption(option), isNegated: bound.isNegated("option")))
  }

  private mutating func addMessageType() throws(KernelProgramError) {
    guard let type = try bound.number("type") else { return }
    let isNegated = bound.isNegated("type")
    demandHeader()
    if family == .ipv4, type == 255 {
      // Type 255 stands for any in the kernel (ip_tables.c, icmp_type_code_match).
      if isNegated { conditions.append(.never) }
      return
    }
    let code = try bound.number("code")
    conditions.append(
      .between(.destinationPort, type << 8 | (code ?? 0), type << 8 | (code ?? 255), isNegated: isNegated))
  }

  /// What libvirt adds behind the state match.
  private mutating func addSetAndLimit() throws(KernelProgramError) {
    if let lookup = bound.setLookup(isReversed: isReversed) { conditions.append(Condition(.member(lookup))) }
    guard let limit = try bound.number("connlimit-above") else { return }
    conditions.append(
      .between(
        .connections, limit + 1, Field.connections.last, isNegated: bound.isNegated("connlimit-above")))
  }
}

extension BoundMatch {
  /// The kernel set that the rule asks; nil unless both attributes are there.
  ///
  /// The ends are swapped with the rule, but not where a variable names them.
  func setLookup(isReversed: Bool) -> SetLookup? {
    guard let name = text("ipset"), let attribute = attribute("ipsetflags") else { return nil }
    if case .setDirections(let directions) = attribute.value {
      return SetLookup(
        name: name, directions: directions.map { ($0 == .source) != isReversed ? .source : .destination })
    }
    let words = text("ipsetflags")?.split(separator: ",") ?? []
    return SetLookup(name: name, directions: words.map { $0 == "src" ? .source : .destination })
  }

  /// A text, given or by a variable.
  private func text(_ name: String) -> String? {
    switch attribute(name)?.value {
    case .text(let text)?: text
    case .variable(let use)?: values[use]
    default: nil
    }
  }
}
