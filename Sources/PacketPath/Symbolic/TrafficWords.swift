// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// Names that words of traffic use; without one, numbers.
public struct TrafficNames: Sendable {
  /// The name of an ICMP message: of a type, and of one code of it or of all.
  public var message: @Sendable (AddressFamily, _ type: UInt8, _ code: UInt8?) -> String?

  public init(message: @escaping @Sendable (AddressFamily, _ type: UInt8, _ code: UInt8?) -> String?) {
    self.message = message
  }

  /// No names.
  public static let none = TrafficNames { _, _, _ in nil }
}

extension TrafficChange {
  /// The change in lines such as `newly allowed in: tcp/8080 from any`, each once; none if there is no change.
  public func lines(names: TrafficNames = .none) -> [String] {
    var lines: [String] = []
    for part in parts {
      let words = part.words(names: names)
      for what in words where !lines.contains("\(part.heading): \(what)\(part.suffix)") {
        lines.append("\(part.heading): \(what)\(part.suffix)")
      }
    }
    return lines
  }
}

extension TrafficChange.Part {
  /// What became of the traffic, and which way it begins: `newly allowed in`.
  public var heading: String { "\(verb) \(begins == .toMachine ? "in" : "out")" }

  private var verb: String {
    switch (from, to) {
    case (.oneWay, .allowed): "now answered, was one way,"
    case (_, .allowed): "newly allowed"
    case (_, .oneWay): "newly one way, not answered,"
    case (.rejected, .dropped): "dropped instead of rejected"
    case (.dropped, .rejected): "rejected instead of dropped"
    case (_, .dropped): "newly denied"
    case (_, .rejected): "newly rejected"
    }
  }

  /// Where the other end is, if that matters, and what is odd about the traffic.
  public var suffix: String {
    var words: [String] = []
    let isIn = begins == .toMachine
    switch traffic {
    case .ordinary, .otherFrames: break
    case .foreignAddress:
      words.append(isIn ? "to addresses that are not its own" : "with a foreign source address")
    case .foreignMAC: words.append(isIn ? "to MAC addresses that are not its own" : "with a foreign MAC address")
    case .laterPackets: words.append("packets of running connections, fragments")
    }
    if topologies.count < Topology.allCases.count {
      words.append(
        topologies.map { topology in
          switch topology {
          case .bridged: "bridged"
          case .routed: "routed"
          case .host: isIn ? "from the host" : "to the host"
          }
        }.joined(separator: ", "))
    }
    return words.map { " (\($0))" }.joined()
  }

  /// The boxes in words, each once; what is alike in both families but for the names of messages is one.
  public func words(names: TrafficNames = .none) -> [String] {
    if traffic == .otherFrames { return otherWords(names) }
    let writers = boxes.boxes.map { BoxWords(box: $0, part: self, names: names) }
    var lines: [String] = []
    var open: [(what: String, family: AddressFamily, line: Int)] = []
    for writer in writers {
      let what = writer.what
      // What one family says of any address, and the other as well, is said of both.
      if let family = writer.onlyFamily, writer.isAboutAnybody {
        if let match = open.firstIndex(where: { $0.what == what && $0.family != family }) {
          lines[open[match].line] = what + writer.anybody
          open.remove(at: match)
          continue
        }
        open.append((what, family, lines.count))
      }
      lines.append(what + writer.peers)
    }
    if boxes.hasMore { lines.append("and more") }
    return lines
  }
}

extension TrafficChange.Part {
  /// Frames of several types together, where the rest is the same.
  private func otherWords(_ names: TrafficNames) -> [String] {
    var lines: [(peers: String, what: [String])] = []
    for box in boxes.boxes {
      let words = BoxWords(box: box, part: self, names: names)
      if let index = lines.firstIndex(where: { $0.peers == words.peers }) {
        lines[index].what.append(words.what)
      } else {
        lines.append((words.peers, [words.what]))
      }
    }
    return lines.map { $0.what.joined(separator: ", ") + $0.peers } + (boxes.hasMore ? ["and more"] : [])
  }
}

/// Words for one box.
private struct BoxWords {
  let box: TrafficBox
  let part: TrafficChange.Part
  let names: TrafficNames

  var onlyFamily: AddressFamily? { box.families.count == 1 ? box.families[0] : nil }

  /// Whether the box says nothing of addresses nor of anything else behind them.
  var isAboutAnybody: Bool {
    let behind: [Field] = [.source, .destination, .sourceMAC, .destinationMAC]
    return box.memberships.isEmpty && !behind.contains { box.fields[$0] != nil }
  }

  private var isIn: Bool { part.begins == .toMachine }

  /// Addresses of both families.
  var anybody: String { isIn ? " from any" : " to any" }

  /// Protocols and ports.
  var what: String { box.families.isEmpty ? otherFrames : packets }

  // MARK: Peers

  /// Addresses and whatever else is asked.
  var peers: String {
    if box.families.isEmpty { return macs + partial }
    var words = ""
    let near: Field = isIn ? .destination : .source
    if isIn {
      words += addresses(.source).map { " from \($0)" } ?? everybody("from")
      words += addresses(near).map { " to \($0)" } ?? ""
    } else {
      words += addresses(near).map { " from \($0)" } ?? ""
      words += addresses(.destination).map { " to \($0)" } ?? everybody("to")
    }
    words += macs
    for (lookup, isMember) in box.memberships.sorted(by: { $0.key.description < $1.key.description }) {
      words += " \(isMember ? "in" : "not in") set \(lookup)"
    }
    return words + partial
  }

  private func everybody(_ preposition: String) -> String {
    switch onlyFamily {
    case .ipv4: " \(preposition) 0.0.0.0/0"
    case .ipv6: " \(preposition) ::/0"
    case nil: " \(preposition) any"
    }
  }

  private var macs: String {
    var words = ""
    for (field, name) in [(Field.sourceMAC, "source"), (.destinationMAC, "destination")] {
      guard let numbers = box.fields[field] else { continue }
      let text = Self.listed(numbers, last: field.last) { MACAddress(bits: UInt64($0)).description }
      words += " with \(name) MAC \(text)"
    }
    return words
  }

  private var partial: String { box.isPartial ? " (some)" : "" }

  private static let mostAddresses = 6

  /// nil for all addresses.
  private func addresses(_ field: Field) -> String? {
    guard let numbers = box.fields[field], let family = onlyFamily else { return nil }
    let others = AddressSet.all(family).subtracting(numbers)
    let isExcept = numbers.ranges.count > others.ranges.count
    let prefixes = (isExcept ? others : numbers).ranges.map { AddressRange(family: family, range: $0).description }
    var text = prefixes.prefix(Self.mostAddresses).joined(separator: ", ")
    if prefixes.count > Self.mostAddresses { text += " and \(prefixes.count - Self.mostAddresses) more" }
    return isExcept ? "any but \(text)" : text
  }

  // MARK: Packets

  private var packets: String {
    let protocols = box.fields[.protocolNumber]
    let ports = box.fields[.destinationPort]
    var words: String
    if let protocols {
      words = packets(protocols, ports)
    } else {
      words = ports.map { "any with port \(Self.listed($0, last: 0xffff) { "\($0)" })" } ?? "any"
    }
    if let numbers = box.fields[.sourcePort] {
      words += " from-port \(Self.listed(numbers, last: 0xffff) { "\($0)" })"
    }
    return words
  }

  private func packets(_ protocols: IntervalSet<UInt128>, _ ports: IntervalSet<UInt128>?) -> String {
    let others = IntervalSet<UInt128>(0...255).subtracting(protocols)
    let isExcept = ports == nil && others.approximateCount < protocols.approximateCount
    let numbers = (isExcept ? others : protocols).ranges.flatMap { $0 }.map { UInt8($0) }
    let words = numbers.map { number in
      let name = Self.name(number, onlyFamily)
      guard let ports else { return name }
      switch PortUse(protocolNumber: number) {
      case .messages: return messages(ports, number)
      case .ports: return "\(name)/\(Self.listed(ports, last: 0xffff) { "\($0)" })"
      case .none: return name
      }
    }.joined(separator: ", ")
    return isExcept ? "any but \(words)" : words
  }

  /// Types and codes of ICMP.
  private func messages(_ numbers: IntervalSet<UInt128>, _ icmp: UInt8) -> String {
    let family: AddressFamily = icmp == 1 ? .ipv4 : .ipv6
    let numeric = family == .ipv4 ? "icmpv4" : "icmpv6"
    let others = IntervalSet<UInt128>(0...0xffff).subtracting(numbers)
    let isExcept = others.approximateCount < numbers.approximateCount
    var words: [String] = []
    for range in (isExcept ? others : numbers).ranges {
      for type in range.lowerBound >> 8...range.upperBound >> 8 {
        let first = max(range.lowerBound, type << 8) & 0xff
        let last = min(range.upperBound, type << 8 | 0xff) & 0xff
        if first == 0, last == 255 {
          words.append(names.message(family, UInt8(type), nil).map { "icmp/\($0)" } ?? "\(numeric)/\(type)")
        } else {
          for code in first...min(last, first + 7) {
            words.append(
              names.message(family, UInt8(type), UInt8(code)).map { "icmp/\($0)" } ?? "\(numeric)/\(type)/\(code)")
          }
          if last > first + 7 { words.append("\(numeric)/\(type)/\(first + 8)-\(last)") }
        }
      }
    }
    let text = words.joined(separator: ", ")
    return isExcept ? "icmp but \(text)" : text
  }

  private static func name(_ number: UInt8, _ family: AddressFamily?) -> String {
    switch (number, family) {
    case (1, .ipv4), (58, .ipv6), (1, nil): "icmp"
    default: Packet.protocolNames[number] ?? "protocol \(number)"
    }
  }

  /// `80,443,8000-8010`, or what is missing where that is less.
  private static func listed(_ numbers: IntervalSet<UInt128>, last: UInt128, _ text: (UInt128) -> String) -> String {
    let others = IntervalSet(0...last).subtracting(numbers)
    let isExcept = others.ranges.count < numbers.ranges.count
    let shown = (isExcept ? others : numbers).ranges
    var words = shown.prefix(8).map {
      $0.lowerBound == $0.upperBound ? text($0.lowerBound) : "\(text($0.lowerBound))-\(text($0.upperBound))"
    }
    if shown.count > 8 { words.append("... (\(shown.count - 8) more)") }
    return (isExcept ? "any but " : "") + words.joined(separator: ",")
  }

  // MARK: Other frames

  private var otherFrames: String {
    let types = box.fields[.etherType]
    var words: String
    if let types, types.ranges.count == 1, types.ranges[0].lowerBound == types.ranges[0].upperBound {
      switch UInt16(types.ranges[0].lowerBound) {
      case EtherType.arp: words = "arp"
      case EtherType.rarp: words = "rarp"
      case EtherType.vlan:
        words = "vlan" + (box.fields[.vlan].map { " \(Self.listed($0, last: 4095) { "\($0)" })" } ?? "")
      case 0: words = box.fields[.isSpanningTree]?.contains(1) == true ? "spanning tree" : "802.3"
      case let number: words = "ethertype 0x\(String(number, radix: 16))"
      }
    } else if let types {
      words = "ethertype \(Self.listed(types, last: 0xffff) { "0x\(String($0, radix: 16))" })"
    } else {
      words = "other frames"
    }
    let told: Set<Field> = [.etherType, .vlan, .isSpanningTree, .sourceMAC, .destinationMAC]
    for (field, numbers) in box.fields.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where !told.contains(field) {
      let text = Self.listed(numbers, last: field.last) { number in
        switch field {
        case .senderAddress, .targetAddress: AddressFamily.ipv4.text(number)
        case .senderMAC, .targetMAC, .rootAddress, .senderBridge: MACAddress(bits: UInt64(number)).description
        default: "\(number)"
        }
      }
      words += " with \(field) \(text)"
    }
    return words
  }
}
