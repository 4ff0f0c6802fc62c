// SPDX-License-Identifier: Apache-2.0

import FilterGenerator
import FilterModel
import PacketPath
import PacketProbe

/// Random frames aimed at what a filter tree speaks of: at a rule, at the edges of its ranges and masks, and beside them.
struct FrameAim {
  let plan: LabPlan
  let machine: Int
  /// Of all filters of the tree.
  private let rules: [Rule]
  /// All values that a variable may have.
  private let variables: [String: [String]]
  var random: SeededGenerator

  init(_ tree: FilterTree, _ plan: LabPlan, machine: Int, seed: UInt64) {
    self.plan = plan
    self.machine = machine
    let filters = tree.filters.sorted { $0.key < $1.key }.map(\.value)
    rules = filters.flatMap(\.rules)
    var variables = tree.parameters
    for parameters in filters.flatMap({ $0.references.map(\.parameters) }) { variables.merge(parameters) { $0 + $1 } }
    self.variables = variables.merging(["MAC": [plan.mac(machine).text]]) { $0 + $1 }
    random = SeededGenerator(seed: seed)
  }

  mutating func chance(_ part: Int, of whole: Int) -> Bool { Int.random(in: 0..<whole, using: &random) < part }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements.randomElement(using: &random)! }

  /// A frame, its way and the other end, aimed at a rule; and the rule, if it is aimed at one.
  mutating func frame() -> (frame: ProbeFrame, way: Way, topology: Topology) {
    let topology = pick([Topology.bridged, .bridged, .bridged, .routed, .host])
    guard !rules.isEmpty, !chance(1, of: 10) else {
      let way = pick(Way.allCases)
      return (fitted(mixed(etherType: nil, way, topology), way, topology), way, topology)
    }
    let rule = pick(rules)
    var way = rule.direction == .in ? Way.toMachine : .fromMachine
    if rule.direction == .inout || chance(1, of: 6) { way = pick(Way.allCases) }
    var frame = mixed(etherType: etherType(of: rule), way, topology)
    if let match = rule.match {
      // libvirt's own swaps of source and destination, and now and then their opposite.
      let isLayer2 = match.filterProtocol.layer == .ethernet
      var reversed =
        isLayer2
        ? rule.direction == .inout && way == .fromMachine
        : (rule.direction == .out) == (way == .toMachine)
      if chance(1, of: 12) { reversed.toggle() }
      apply(match, to: &frame, reversed: reversed)
    }
    return (fitted(frame, way, topology), way, topology)
  }

  private mutating func etherType(of rule: Rule) -> UInt16? {
    guard let match = rule.match else { return nil }
    switch match.filterProtocol {
    case .mac, .vlan: return nil
    case .stp: return 0
    case .arp: return EtherType.arp
    case .rarp: return EtherType.rarp
    case .ip: return EtherType.ipv4
    case .ipv6: return EtherType.ipv6
    default: return match.filterProtocol.layer == .ipv4 ? EtherType.ipv4 : EtherType.ipv6
    }
  }

  // MARK: A frame of no rule

  private mutating func mixed(etherType: UInt16?, _ way: Way, _ topology: Topology) -> ProbeFrame {
    let own = plan.mac(machine)
    let other = topology == .bridged ? plan.mac(1) : plan.bridge
    let kinds: [UInt16] =
      [EtherType.ipv4, EtherType.ipv4, EtherType.ipv6, EtherType.ipv6]
      + (topology == .routed ? [] : [EtherType.arp, EtherType.arp, EtherType.rarp, 0x88b5, 0])
    var frame = ProbeFrame(
      from: way == .fromMachine ? own : other, to: way == .fromMachine ? other : own,
      etherType: etherType ?? pick(kinds))
    let isIPv4 = frame.etherType == EtherType.ipv4
    let (near, far) = (address(isIPv4, machine: true, topology), address(isIPv4, machine: false, topology))
    (frame.source, frame.destination) = way == .fromMachine ? (near, far) : (far, near)
    frame.protocolNumber = pick([6, 6, 17, 17, isIPv4 ? 1 : 58, 50, 136, 132, 99, 2])
    frame.sourcePort =
      chance(2, of: 3) ? .random(in: 1024...65535, using: &random) : pick([0, 22, 53, 68, 80, 1023, 65535])
    frame.destinationPort = pick([0, 22, 53, 67, 80, 443, 1000, 8080, 65535])
    if frame.protocolNumber == 1 { frame.destinationPort = pick([8, 0, 3, 11, 13]) << 8 }
    if frame.protocolNumber == 58 { frame.destinationPort = pick([128, 129, 1, 135, 136, 133, 143]) << 8 }
    frame.tcpFlags = pick([2, 2, 2, 16, 18, 4, 17, 0])
    frame.identifier = UInt16.random(in: 1...UInt16.max, using: &random)
    if frame.etherType == EtherType.arp || frame.etherType == EtherType.rarp {
      frame.arp.operation = pick([1, 1, 2, 3, 4])
      frame.arp.senderMAC = pick([frame.sourceMAC, frame.sourceMAC, plan.mac(1)])
      frame.arp.targetMAC = pick(["00:00:00:00:00:00", frame.destinationMAC])
      frame.arp.sender = address(true, machine: way == .fromMachine, topology)
      frame.arp.target = chance(1, of: 5) ? frame.arp.sender : address(true, machine: way != .fromMachine, topology)
    }
    if frame.etherType == 0 { frame.destinationMAC = "01:80:c2:00:00:00" }
    return frame
  }

  private mutating func address(_ isIPv4: Bool, machine isMachine: Bool, _ topology: Topology) -> Address {
    let last = pick([10, 10, 10, 11, 1, 200])
    guard !isMachine else {
      return isIPv4
        ? Address(ipv4: 0x0a01_0000 | UInt32(machine) << 8 | UInt32(last))
        : Address(ipv6: 0x2001_0db8_0001_0000 << 64 | UInt128(machine) << 64 | UInt128(last))
    }
    let (network4, network6): (UInt32, UInt128) =
      switch topology {
      case .bridged: (0x0a01_0100, 0x2001_0db8_0001_0001)
      case .routed: (0x0a02_0000, 0x2001_0db8_0002_0000)
      case .host: (0x0a03_0000, 0x2001_0db8_0003_0000)
      }
    return isIPv4 ? Address(ipv4: network4 | UInt32(last)) : Address(ipv6: network6 << 64 | UInt128(last))
  }

  // MARK: What a rule asks for

  private mutating func apply(_ match: Match, to frame: inout ProbeFrame, reversed: Bool) {
    switch match.filterProtocol {
    case .vlan: frame.vlan = pick([1, 5, 100])
    case .mac where match["protocolid"].map({ number($0.value) == 0x8100 }) == true: frame.vlan = 5
    case .ip, .ipv6, .mac, .stp, .arp, .rarp, .all, .allIPv6: break
    default: frame.protocolNumber = Self.numbers[match.filterProtocol] ?? 0
    }
    if match.filterProtocol == .icmp || match.filterProtocol == .icmpv6 {
      frame.destinationPort = pick([8, 0, 128]) << 8
    }
    for attribute in match.attributes where !chance(1, of: 14) {
      set(match.definition(of: attribute).name, attribute, match, &frame, reversed)
    }
  }

  private static let numbers: [FilterProtocol: UInt8] = [
    .tcp: 6, .tcpIPv6: 6, .udp: 17, .udpIPv6: 17, .icmp: 1, .icmpv6: 58, .igmp: 2, .esp: 50, .espIPv6: 50, .ah: 51,
    .ahIPv6: 51, .sctp: 132, .sctpIPv6: 132, .udplite: 136, .udpliteIPv6: 136,
  ]

  private mutating func set(
    _ name: String, _ attribute: Match.Attribute, _ match: Match, _ frame: inout ProbeFrame, _ reversed: Bool
  ) {
    let value = resolved(attribute.value, match.definition(of: attribute).kind)
    // Of the source or the destination, as it is in a frame that is swapped.
    func swapped(_ source: WritableKeyPath<ProbeFrame, Address>, _ destination: WritableKeyPath<ProbeFrame, Address>)
      -> WritableKeyPath<ProbeFrame, Address>
    { reversed ? destination : source }
    switch name {
    case "srcmacaddr", "dstmacaddr":
      let isSource = (name == "srcmacaddr") != (reversed && match.filterProtocol.layer == .ethernet)
      let mac = mac(value, match[name == "srcmacaddr" ? "srcmacmask" : "dstmacmask"]?.value)
      frame[keyPath: isSource ? \ProbeFrame.sourceMAC : \ProbeFrame.destinationMAC] = mac
    case "srcipaddr": frame[keyPath: swapped(\.source, \.destination)] = address(value, match["srcipmask"]?.value)
    case "dstipaddr": frame[keyPath: swapped(\.destination, \.source)] = address(value, match["dstipmask"]?.value)
    case "srcipfrom": frame[keyPath: swapped(\.source, \.destination)] = address(value, to: match["srcipto"]?.value)
    case "dstipfrom": frame[keyPath: swapped(\.destination, \.source)] = address(value, to: match["dstipto"]?.value)
    case "protocol": frame.protocolNumber = UInt8(near(value, nil, 255))
    case "srcportstart":
      let port = UInt16(near(value, match["srcportend"]?.value, 65535))
      frame[keyPath: reversed ? \ProbeFrame.destinationPort : \ProbeFrame.sourcePort] = port
    case "dstportstart":
      let port = UInt16(near(value, match["dstportend"]?.value, 65535))
      frame[keyPath: reversed ? \ProbeFrame.sourcePort : \ProbeFrame.destinationPort] = port
    case "type" where match.filterProtocol != .stp:
      let type = UInt16(near(value, match["typeend"]?.value, 255))
      frame.destinationPort = type << 8 | frame.destinationPort & 255
    case "code":
      let code = UInt16(near(value, match["codeend"]?.value, 255))
      frame.destinationPort = frame.destinationPort & 0xff00 | code
    case "dscp":
      // libvirt gives layer 2 the number as the whole byte.
      let number = UInt8(near(value, nil, 63))
      frame.typeOfService = match.filterProtocol == .ip && chance(2, of: 3) ? number : number << 2 | pick([0, 0, 1])
    case "flags" where match.filterProtocol == .tcp:
      if case .tcpFlags(let flags) = value {
        let noise = chance(1, of: 2) ? 0 : UInt8.random(in: 0...63, using: &random)
        frame.tcpFlags = flags.flags.rawValue | noise & ~flags.mask.rawValue
      }
    case "option": frame.tcpOption = chance(4, of: 5) ? UInt8(near(value, nil, 255)) : nil
    case "protocolid": frame.setEtherType(UInt16(near(value, nil, 65535)))
    case "vlanid": frame.vlan = UInt16(near(value, nil, 4095))
    case "encap-protocol": frame.etherType = UInt16(near(value, nil, 65535))
    default:
      if match.filterProtocol == .stp {
        setSpanningTree(name, value, match, &frame)
      } else {
        setARP(name, value, match, &frame, reversed)
      }
    }
  }

  private mutating func setARP(
    _ name: String, _ value: Value, _ match: Match, _ frame: inout ProbeFrame, _ reversed: Bool
  ) {
    switch name {
    case "hwtype": frame.arp.hardwareType = UInt16(near(value, nil, 65535))
    case "protocoltype": frame.arp.protocolType = UInt16(near(value, nil, 65535))
    case "opcode": frame.arp.operation = UInt16(near(value, nil, 65535))
    case "arpsrcmacaddr":
      frame.arp[keyPath: reversed ? \ProbeFrame.ARP.targetMAC : \ProbeFrame.ARP.senderMAC] = mac(value, nil)
    case "arpdstmacaddr":
      frame.arp[keyPath: reversed ? \ProbeFrame.ARP.senderMAC : \ProbeFrame.ARP.targetMAC] = mac(value, nil)
    case "arpsrcipaddr":
      frame.arp[keyPath: reversed ? \ProbeFrame.ARP.target : \ProbeFrame.ARP.sender] = address(
        value, match["arpsrcipmask"]?.value)
    case "arpdstipaddr":
      frame.arp[keyPath: reversed ? \ProbeFrame.ARP.sender : \ProbeFrame.ARP.target] = address(
        value, match["arpdstipmask"]?.value)
    case "gratuitous": if chance(2, of: 3) { frame.arp.target = frame.arp.sender }
    default: break
    }
  }

  private mutating func setSpanningTree(_ name: String, _ value: Value, _ match: Match, _ frame: inout ProbeFrame) {
    let last = match["\(name)-hi"]?.value
    func short() -> UInt16 { UInt16(near(value, last, 65535)) }
    switch name {
    case "type": frame.bpdu.type = UInt8(near(value, nil, 255))
    case "flags": frame.bpdu.flags = UInt8(near(value, nil, 255))
    case "root-priority": frame.bpdu.rootPriority = short()
    case "root-address": frame.bpdu.rootAddress = mac(value, match["root-address-mask"]?.value)
    case "root-cost": frame.bpdu.rootCost = near(value, last, UInt32.max)
    case "sender-priority": frame.bpdu.senderPriority = short()
    case "sender-address": frame.bpdu.senderAddress = mac(value, match["sender-address-mask"]?.value)
    case "port": frame.bpdu.port = short()
    case "age": frame.bpdu.age = short()
    case "max-age": frame.bpdu.maxAge = short()
    case "hello-time": frame.bpdu.helloTime = short()
    case "forward-delay": frame.bpdu.forwardDelay = short()
    default: break
    }
  }

  // MARK: Values and their edges

  private mutating func resolved(_ value: Value, _ kind: ValueKind) -> Value {
    guard case .variable(let variable) = value, let text = variables[variable.name]?.randomElement(using: &random)
    else { return value }
    return (try? kind.parse(text)) ?? value
  }

  private func number(_ value: Value) -> UInt32? { if case .number(let number) = value { number } else { nil } }

  /// A number at an edge of a range, mostly inside.
  private mutating func near(_ value: Value, _ end: Value?, _ greatest: UInt32) -> UInt32 {
    guard let first = number(value) else { return UInt32.random(in: 0...greatest, using: &random) }
    let last = end.flatMap { number($0) } ?? first
    let edges = [first, first, first, last, last, first / 2 + last / 2, first &- 1, last &+ 1]
    return min(pick(edges), greatest)
  }

  private mutating func mac(_ value: Value, _ mask: Value?) -> HardwareAddress {
    guard case .mac(let address) = value else { return plan.mac(machine) }
    guard let mask, case .mac(let bits) = mask else {
      return HardwareAddress(MACAddress(bits: address.bits ^ pick([0, 0, 0, 0, 1] as [UInt64])))
    }
    let rest = ~bits.bits & 0xffff_ffff_ffff
    let inside = address.bits & bits.bits | .random(in: 0...UInt64.max, using: &random) & rest
    // Beside it: the lowest bit that counts is another.
    let beside = rest == 0xffff_ffff_ffff ? inside : inside ^ (rest &+ 1)
    return HardwareAddress(MACAddress(bits: pick([address.bits, inside, inside, beside])))
  }

  private mutating func address(_ value: Value, _ mask: Value?) -> Address {
    var length: UInt8?
    if let mask, case .prefixLength(let given) = resolved(mask, .ipv4Mask) { length = given }
    switch value {
    case .ipv4(let address):
      let rest = length.map { $0 >= 32 ? 0 : UInt32.max >> $0 } ?? 0
      let first = address.bits & ~rest
      return Address(
        ipv4: pick([address.bits, address.bits, first, first | rest, first &- 1, (first | rest) &+ 1]))
    case .ipv6(let address):
      let bits = UInt128(address.high) << 64 | UInt128(address.low)
      let rest = length.map { $0 >= 128 ? 0 : UInt128.max >> UInt128($0) } ?? 0
      let first = bits & ~rest
      return Address(ipv6: pick([bits, bits, first, first | rest, first &- 1, (first | rest) &+ 1]))
    default: return "10.1.1.10"
    }
  }

  private mutating func address(_ value: Value, to end: Value?) -> Address {
    let last = end ?? value
    switch (value, last) {
    case (.ipv4(let first), .ipv4(let last)):
      return Address(ipv4: pick([first.bits, last.bits, last.bits, first.bits &- 1, last.bits &+ 1]))
    case (.ipv6(let first), .ipv6(let last)):
      let (low, high) = (UInt128(first.high) << 64 | UInt128(first.low), UInt128(last.high) << 64 | UInt128(last.low))
      return Address(ipv6: pick([low, high, high, low &- 1, high &+ 1]))
    default: return address(value, nil)
    }
  }

  // MARK: What can be sent

  /// The frame with what it must have to get to the other end where there is no filter.
  private mutating func fitted(_ frame: ProbeFrame, _ way: Way, _ topology: Topology) -> ProbeFrame {
    var frame = frame
    // A bridge takes no frame from a group, or from nobody; some are tried all the same.
    let isNobody = frame.sourceMAC.bytes.allSatisfy { $0 == 0 }
    if frame.sourceMAC.bytes[0] & 1 == 1 || isNobody, !chance(1, of: 10) {
      frame.sourceMAC = way == .fromMachine ? plan.mac(machine) : topology == .bridged ? plan.mac(1) : plan.bridge
    }
    if frame.hasPacket,
      frame.source.family != frame.destination.family
        || (frame.source.family == .ipv4) != (frame.etherType == EtherType.ipv4)
    {
      let isIPv4 = frame.etherType == EtherType.ipv4
      let (near, far) = (address(isIPv4, machine: true, topology), address(isIPv4, machine: false, topology))
      (frame.source, frame.destination) = way == .fromMachine ? (near, far) : (far, near)
    }
    if frame.hasPacket, Self.untold.contains(frame.protocolNumber) { frame.protocolNumber = 99 }
    // The host would route a packet that is meant for it, and it would arrive on another way.
    if topology == .bridged, frame.hasPacket, frame.destinationMAC == plan.bridge {
      frame.destinationMAC = way == .fromMachine ? plan.mac(1) : plan.mac(machine)
    }
    guard topology != .bridged else { return frame }
    if way == .fromMachine {
      frame.destinationMAC = plan.bridge
    } else {
      (frame.sourceMAC, frame.destinationMAC) = (plan.bridge, plan.mac(machine))
    }
    guard frame.hasPacket else { return frame }
    frame.vlan = nil
    let isIPv4 = frame.etherType == EtherType.ipv4
    if way == .fromMachine, !isAt(frame.destination, machine: false, topology) {
      frame.destination = address(isIPv4, machine: false, topology)
    }
    if way == .toMachine, !isAt(frame.destination, machine: true, topology) {
      frame.destination = address(isIPv4, machine: true, topology)
    }
    return frame
  }

  /// Headers of IPv6 that others follow (and DCCP, which needs one that is right): what is sent has none.
  private static let untold: Set<UInt8> = [0, 33, 43, 44, 59, 60]

  /// Whether packets to an address get to the VM, or to the other end.
  func isAt(_ address: Address, machine isMachine: Bool, _ topology: Topology) -> Bool {
    let bytes = address.bytes
    let number = isMachine || topology == .bridged ? 1 : topology == .routed ? 2 : 3
    if address.family == .ipv4 {
      return bytes[0] == 10 && bytes[1] == number && (number > 1 || Int(bytes[2]) == (isMachine ? machine : 1))
    }
    return bytes.prefix(6) == [0x20, 0x01, 0x0d, 0xb8, 0, UInt8(number)]
      && (number > 1 || bytes[6..<8] == [0, UInt8(isMachine ? machine : 1)])
  }
}

extension ProbeFrame {
  /// Another kind of frame with the same MAC addresses.
  fileprivate mutating func setEtherType(_ type: UInt16) {
    if type == EtherType.vlan {
      vlan = vlan ?? 5
    } else {
      etherType = max(type, 0x600)
    }
  }
}
