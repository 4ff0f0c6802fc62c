// SPDX-License-Identifier: Apache-2.0

import Compiler
import FilterModel
import PacketPath

/// A change of traffic in the words of the rule language.
struct TrafficWords {
  enum Kind: String {
    case allowed, denied
    /// Neither: what was dropped is rejected, or gets through without an answer.
    case other
  }

  struct Line {
    var kind: Kind
    /// Without glyph: `in: tcp/8080 from any`.
    var text: String
    /// A packet of the line.
    var example: String?
  }

  /// In the order of traffic that people care about first.
  let lines: [Line]

  init(_ change: TrafficChange) { lines = change.parts.flatMap(Self.lines) }

  private static func lines(_ part: TrafficChange.Part) -> [Line] {
    let direction = part.begins == .toMachine ? "in" : "out"
    var suffix = suffix(part)
    if part.topologies.count < Topology.allCases.count {
      suffix += " (\(part.topologies.map(Self.words).joined(separator: ", ")))"
    }
    let kind = kind(part)
    if kind == .other { suffix += ": \(Self.words(part.to)), was \(Self.words(part.from))" }
    var lines = texts(part).map { Line(kind: kind, text: "\(direction): \($0)\(suffix)") }
    if part.boxes.hasMore {
      lines.append(Line(kind: kind, text: "\(direction): and more, too much to be said\(suffix)"))
    }
    if !lines.isEmpty { lines[0].example = part.boxes.boxes.first?.example.frame.packet.map(\.description) }
    return lines
  }

  private static func kind(_ part: TrafficChange.Part) -> Kind {
    switch (part.from, part.to) {
    case (_, .allowed): .allowed
    case (.allowed, .dropped), (.allowed, .rejected), (.oneWay, .dropped), (.oneWay, .rejected): .denied
    default: .other
    }
  }

  private static func suffix(_ part: TrafficChange.Part) -> String {
    let end = part.begins == .fromMachine ? "from" : "to"
    return switch part.traffic {
    case .ordinary, .otherFrames: ""
    case .foreignAddress: " \(end) an address that is not the VM's"
    case .foreignMAC: " \(end) a MAC address that is not the VM's"
    case .laterPackets: " in connections that run, fragments and odd packets only"
    }
  }

  private static func words(_ topology: Topology) -> String {
    switch topology {
    case .bridged: "bridged"
    case .routed: "routed"
    case .host: "with the host"
    }
  }

  private static func words(_ outcome: FlowOutcome) -> String {
    switch outcome {
    case .allowed: "allowed"
    case .oneWay: "one way, without an answer"
    case .dropped: "dropped"
    case .rejected: "rejected"
    }
  }

  // MARK: What it is about

  private static func texts(_ part: TrafficChange.Part) -> [String] {
    let packets = part.boxes.boxes.filter { !$0.families.isEmpty }
    let plain = packets.filter { !$0.isOdd }
    let odd = packets.filter(\.isOdd)
    return RegionWords.lines(plain.flatMap(\.regions)) + RegionWords.lines(odd.flatMap(\.regions)).map { "some \($0)" }
      + part.boxes.boxes.filter(\.families.isEmpty).map(frame)
  }

  /// A frame that is no packet of IPv4 or IPv6, or has a tag.
  private static func frame(_ box: TrafficBox) -> String {
    let etherType = box.fields[.etherType]?.ranges.first?.lowerBound ?? UInt128(box.example.frame.etherType)
    let others = box.fields.keys.contains { $0 != .etherType && $0 != .vlan }
    let name: String
    switch UInt16(truncatingIfNeeded: etherType) {
    case EtherType.arp: name = "arp"
    case EtherType.rarp: name = "rarp"
    case EtherType.vlan:
      let identifiers = box.fields[.vlan]?.ranges.map { range in
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
      }
      name = identifiers.map { "vlan \($0.joined(separator: ", "))" } ?? "any vlan"
    case 0: name = box.example.frame.spanningTree == nil ? "802.3 frames" : "spanning tree"
    case let number:
      name = box.fields[.etherType].map(etherTypes) ?? "ethertype 0x" + String(number, radix: 16)
    }
    return others || box.isPartial ? "some \(name)" : name
  }

  private static func etherTypes(_ set: IntervalSet<UInt128>) -> String {
    // All but those that have rules of their own are many ranges, which nobody wants to read.
    guard set.ranges.count == 1, let range = set.ranges.first else { return "other ethertypes" }
    let (first, last) = (String(range.lowerBound, radix: 16), String(range.upperBound, radix: 16))
    return first == last ? "ethertype 0x\(first)" : "ethertype 0x\(first)-0x\(last)"
  }
}

extension TrafficBox {
  /// Whether more is asked of the packets than a region of packets says.
  fileprivate var isOdd: Bool {
    let spoken: Set<Field> = [.etherType, .protocolNumber, .source, .destination, .sourcePort, .destinationPort]
    return isPartial || !memberships.isEmpty || fields.keys.contains { !spoken.contains($0) }
  }
}
