// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// Makes the leaves that hold what a guard says: what a NIC may pretend to be, and which other frames it may send and get.
///
/// All rules are in the root chain but those of chain `mac`: libvirt's other chains end in accept (reference H9).
struct GuardGenerator {
  /// When rules are looked at. Chains stand between `foreignMAC` and `denials`, and reach no rule of equal priority first.
  enum Priority {
    static let foreignMAC = -1000
    static let denials = -500
    static let exceptions = -400
    static let multicast = -350
    static let accepts = -300
    /// Layer 3; profiles begin at 200.
    static let system = 100
    static let rest = 1000
  }

  let policy: GuardPolicy
  private(set) var list = EntryList()

  init(_ policy: GuardPolicy) { self.policy = policy }

  /// The leaf with chain `mac`, where a NIC may have several MAC addresses.
  static func macLeaf(_ policy: GuardPolicy, prefix: String, origin: SourceRange) -> DesiredFilter? {
    guard case .only = policy.mac else { return nil }
    let addresses = GuardGenerator(policy).macs
    guard addresses.count > 1 else { return nil }
    var list = EntryList()
    for address in addresses {
      list.add(.return, .out, 100, Match(.mac, ["srcmacaddr": address]), sources: [.system("mac")])
    }
    list.add(.drop, .out, 900, Match(.mac), sources: [.system("mac")])
    return list.leaf(prefix, chain: "mac", origin: origin)
  }

  static func leaf(_ policy: GuardPolicy, prefix: String, origin: SourceRange) -> DesiredFilter {
    let content = usual[policy] ?? content(policy)
    return content.list.filter("\(prefix).\(content.digest)", origin: origin)
  }

  /// Nearly all profiles have one of these: made once.
  private static let usual: [GuardPolicy: (list: EntryList, digest: String)] = Dictionary(
    uniqueKeysWithValues: [GuardPolicy.standard, .strict, .off].map { ($0, content($0)) })

  private static func content(_ policy: GuardPolicy) -> (list: EntryList, digest: String) {
    var generator = GuardGenerator(policy)
    generator.addForeignMAC()
    generator.addDenials()
    generator.addMulticastAndBroadcast()
    generator.addAddresses()
    generator.addARP()
    generator.addRest()
    generator.list.addSystemRules(policy)
    return (generator.list, generator.list.digest(Chain.root, nil))
  }

  /// The values of `srcmacaddr` that may be sent; empty where any may or none may.
  private var macs: [Value] {
    guard case .only(let declared, let others) = policy.mac else { return [] }
    return (declared ? [.variable("MAC")] : []) + Set(others).sorted().map(Value.mac)
  }
}

extension RuleSource {
  /// A rule that nobody wrote.
  static func system(_ name: String) -> RuleSource { RuleSource(id: "system/\(name)", range: nil) }
}

// MARK: What is denied

extension GuardGenerator {
  private mutating func add(
    _ action: Action, _ direction: Direction, _ priority: Int, _ name: String, _ filterProtocol: FilterProtocol,
    _ values: KeyValuePairs<String, Value> = [:]
  ) {
    list.add(action, direction, priority, Match(filterProtocol, values), sources: [.system(name)])
  }

  private mutating func addForeignMAC() {
    guard case .only = policy.mac, macs.count < 2 else { return }
    var match = Match(.mac)
    if let own = macs.first { match.set("srcmacaddr", own, isNegated: true) }
    list.add(.drop, .out, Priority.foreignMAC, match, sources: [.system("mac")])
  }

  /// What clients send to servers and servers to clients tells them apart: ports 67 and 68 (RFC 2131), 546 and 547 (RFC 8415).
  private mutating func addDenials() {
    if policy.systemRules != .all { return }
    let denials = Priority.denials
    if policy.dhcp != .server {
      add(.drop, .out, denials, "dhcp", .ip, ["protocol": .number(17), "dstportstart": .number(68)])
      add(.drop, .out, denials, "dhcp", .ipv6, ["protocol": .number(17), "dstportstart": .number(546)])
    }
    if policy.dhcp == .off {
      add(.drop, .out, denials, "dhcp", .ip, ["protocol": .number(17), "dstportstart": .number(67)])
      add(.drop, .out, denials, "dhcp", .ipv6, ["protocol": .number(17), "dstportstart": .number(547)])
    }
    if policy.ra != .server {
      let direction: Direction = policy.ra == .off ? .inout : .out
      add(.drop, direction, denials, "ra", .ipv6, ["protocol": .number(58), "type": .number(134)])
    }
  }

  private mutating func addMulticastAndBroadcast() {
    if !policy.multicast {
      for source in ipv6Sources {
        for (first, last) in [(UInt32(131), UInt32(136)), (143, 143)] {
          var match = Match(.ipv6, ["protocol": .number(58), "type": .number(first)])
          if last > first { match.set("typeend", .number(last)) }
          list.add(.accept, .out, Priority.exceptions, Self.from(source, match), sources: [.system("multicast")])
        }
        if policy.dhcp != .off, source?.address != .address(0, .ipv6) {
          list.add(
            .accept, .out, Priority.exceptions,
            Self.from(source, Match(.ipv6, ["protocol": .number(17), "dstportstart": .number(547)])),
            sources: [.system("multicast")])
        }
      }
      add(
        .drop, .out, Priority.multicast, "multicast", .ip,
        ["dstipaddr": .address(0xe000_0000, .ipv4), "dstipmask": .prefixLength(4)])
      add(
        .drop, .out, Priority.multicast, "multicast", .ipv6,
        ["dstipaddr": .address(0xff << 120, .ipv6), "dstipmask": .prefixLength(8)])
    }
    if !policy.broadcast {
      for source in ipv4Sources { addDHCPv4(from: source) }
      add(.drop, .out, Priority.multicast, "broadcast", .ip, ["dstmacaddr": .mac(.broadcast)])
    }
  }
}

// MARK: What is let through

extension GuardGenerator {
  /// nil for any source.
  private typealias SourceAddress = (address: Value, mask: UInt8?)?

  private static func from(_ source: SourceAddress, _ match: Match) -> Match {
    guard let source else { return match }
    var match = match
    match.set("srcipaddr", source.address)
    if let mask = source.mask { match.set("srcipmask", .prefixLength(mask)) }
    return match
  }

  private static func others(_ ranges: [AddressRange], _ family: AddressFamily) -> [SourceAddress] {
    AddressSet(ranges.filter { $0.family == family }.map(\.range)).prefixes(family).map { first, length in
      (.address(first, family), length == family.bitCount ? nil : UInt8(length))
    }
  }

  /// Sources of IPv4 packets, what a client without a lease sends apart.
  private var ipv4Sources: [SourceAddress] {
    guard case .only(let declared, let others) = policy.ip else { return [nil] }
    return (declared ? [(.variable(GeneratedProfile.addressParameters.ipv4), nil)] : []) + Self.others(others, .ipv4)
  }

  /// Sources of IPv6 packets: link-local ones are the host part of no declared address (RFC 7217), so any will do.
  private var ipv6Sources: [SourceAddress] {
    guard case .only(let declared, let others) = policy.ip else { return [nil] }
    return [(.address(0xfe80 << 112, .ipv6), 64), (.address(0, .ipv6), nil)]
      + (declared ? [(.variable(GeneratedProfile.addressParameters.ipv6), nil)] : []) + Self.others(others, .ipv6)
  }

  private mutating func addDHCPv4(from source: SourceAddress) {
    if policy.dhcp != .off {
      list.add(
        .accept, .out, Priority.exceptions,
        Self.from(
          source,
          Match(.ip, ["protocol": .number(17), "srcportstart": .number(68), "dstportstart": .number(67)])),
        sources: [.system("dhcp")])
    }
    if policy.dhcp == .server {
      list.add(
        .accept, .out, Priority.exceptions,
        Self.from(
          source,
          Match(.ip, ["protocol": .number(17), "srcportstart": .number(67), "dstportstart": .number(68)])),
        sources: [.system("dhcp")])
    }
  }

  private mutating func addAddresses() {
    guard case .only = policy.ip else {
      if !policy.otherEthertypes {
        add(.accept, .inout, Priority.accepts, "ip", .ip)
        add(.accept, .inout, Priority.accepts, "ip", .ipv6)
      }
      return
    }
    if policy.dhcp != .off { addDHCPv4(from: (.address(0, .ipv4), nil)) }
    for source in ipv4Sources {
      list.add(.accept, .out, Priority.accepts, Self.from(source, Match(.ip)), sources: [.system("ip")])
    }
    for source in ipv6Sources {
      let isUnspecified = source?.address == .address(0, .ipv6)
      guard isUnspecified else {
        list.add(.accept, .out, Priority.accepts, Self.from(source, Match(.ipv6)), sources: [.system("ip")])
        continue
      }
      // Duplicate address detection and reports of listeners (RFC 4862, RFC 3590); advertisements of routers are past.
      for (first, last) in [(UInt32(131), UInt32(136)), (143, 143)] {
        var match = Match(.ipv6, ["protocol": .number(58), "type": .number(first)])
        if last > first { match.set("typeend", .number(last)) }
        list.add(.accept, .out, Priority.accepts, Self.from(source, match), sources: [.system("nd")])
      }
    }
    let direction: Direction = policy.otherEthertypes ? .out : .inout
    if policy.otherEthertypes {
      add(.drop, direction, Priority.rest, "ip", .ip)
      add(.drop, direction, Priority.rest, "ip", .ipv6)
    } else {
      add(.accept, .in, Priority.accepts, "ip", .ip)
      add(.accept, .in, Priority.accepts, "ip", .ipv6)
    }
  }

  private mutating func addARP() {
    let senders: [Value?] = macs.isEmpty ? [nil] : macs
    var addresses: [SourceAddress] = [nil]
    if case .only = policy.ip {
      // Who looks whether its address is free has none yet (RFC 5227).
      addresses = ipv4Sources + [(.address(0, .ipv4), nil)]
    }
    if !policy.checksARP || senders == [nil] && addresses.count == 1 {
      if !policy.otherEthertypes { add(.accept, .inout, Priority.accepts, "arp", .arp) }
    } else {
      for sender in senders {
        for address in addresses {
          list.add(
            .accept, .out, Priority.accepts, Self.arp(sender, address), sources: [.system("arp")])
        }
      }
      if policy.otherEthertypes {
        add(.drop, .out, Priority.rest, "arp", .arp)
      } else {
        add(.accept, .in, Priority.accepts, "arp", .arp)
      }
    }
    if policy.otherEthertypes { return }
    // QEMU's announcement after a migration.
    for sender in senders {
      var match = Match(.rarp)
      if let sender { match.set("arpsrcmacaddr", sender) }
      list.add(.accept, .out, Priority.accepts, match, sources: [.system("announce")])
    }
  }

  private static func arp(_ sender: Value?, _ address: SourceAddress) -> Match {
    var match = Match(.arp)
    if let sender { match.set("arpsrcmacaddr", sender) }
    guard let address else { return match }
    // Lists in one rule must have one length, unless each has an iterator of its own.
    if case .variable(let variable) = address.address {
      match.set("arpsrcipaddr", .variable(variable.name, .iterator(1)))
    } else {
      match.set("arpsrcipaddr", address.address)
    }
    if let mask = address.mask { match.set("arpsrcipmask", .prefixLength(mask)) }
    return match
  }

  private mutating func addRest() {
    if policy.otherEthertypes { return }
    for vlan in Set(policy.vlans).sorted() {
      add(.accept, .inout, Priority.accepts, "vlan", .vlan, ["vlanid": .number(UInt32(vlan))])
    }
    add(.drop, .inout, Priority.rest, "ethertypes", .mac)
  }
}

extension MACAddress {
  static let broadcast = MACAddress(bits: 0xffff_ffff_ffff)
}
