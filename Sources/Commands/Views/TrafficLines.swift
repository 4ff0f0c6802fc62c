// SPDX-License-Identifier: Apache-2.0

import Compiler
import PacketPath

/// A line of a change of traffic.
struct TrafficLine {
  enum Kind: String {
    case allowed, denied
    /// Neither: what was dropped is rejected, or gets through without an answer.
    case other
  }

  var kind: Kind
  /// `newly allowed in: tcp/8080 from any`.
  var text: String
  /// A packet of it.
  var example: String?
  /// Whether it says of spoofed traffic what another line says of the VM's own.
  var isDetail = false
}

extension TrafficChange {
  /// The change in the words of rules, each line once: ordinary traffic first.
  var lines: [TrafficLine] {
    var entries: [Entry] = []
    for part in parts {
      for (index, what) in part.words(names: Self.names).enumerated() {
        let example = index == 0 ? part.boxes.boxes.first?.example.frame.packet?.description : nil
        if let place = entries.firstIndex(where: { $0.isAbout(what, part) }) {
          entries[place].parts.append(part)
        } else {
          entries.append(Entry(what: what, parts: [part], example: example))
        }
      }
    }
    var seen: Set<String> = []
    var lines: [TrafficLine] = []
    var spoofed: [(heading: String, line: Int, count: Int)] = []
    for entry in entries {
      let part = entry.parts[0]
      for var line in entry.lines where seen.insert(line.text).inserted {
        line.isDetail = isDetail(part)
        // That a VM may pretend to be another is said once; as what, where somebody asks.
        if line.isDetail, part.begins == .fromMachine {
          let heading = "\(part.heading)\(part.oddity)"
          if let place = spoofed.firstIndex(where: { $0.heading == heading }) {
            spoofed[place].count += 1
          } else {
            spoofed.append((heading, lines.count, 1))
            lines.append(TrafficLine(kind: part.kind, text: ""))
          }
        }
        lines.append(line)
      }
    }
    for summary in spoofed {
      let kinds = summary.count == 1 ? "1 kind" : "\(summary.count) kinds"
      lines[summary.line].text = "\(summary.heading): \(kinds) of traffic, -v names them"
    }
    return lines
  }

  static let names = TrafficNames { family, type, code in
    ICMPMessages.all.first { $0.number(family)?.type == type && $0.number(family)?.code == code }?.name
  }

  /// Spoofed traffic where the VM's own changes as well: its words are long, and follow from those.
  private func isDetail(_ part: Part) -> Bool {
    guard part.traffic == .foreignMAC || part.traffic == .foreignAddress else { return false }
    return parts.contains { $0.traffic == .ordinary && $0.begins == part.begins && $0.to != part.from }
  }
}

/// The same traffic on different ways.
private struct Entry {
  var what: String
  var parts: [TrafficChange.Part]
  var example: String?

  func isAbout(_ other: String, _ part: TrafficChange.Part) -> Bool {
    what == other && parts[0].traffic == part.traffic && parts[0].begins == part.begins
  }

  /// One line where the ways together say one thing, else one for each.
  var lines: [TrafficLine] {
    let direction = parts[0].begins == .toMachine ? "in" : "out"
    let isEverywhere = Set(parts.flatMap(\.topologies)).count == Topology.allCases.count
    let oddity = parts[0].oddity
    if isEverywhere, parts.allSatisfy({ $0.to == .allowed }) {
      return [TrafficLine(kind: .allowed, text: "newly allowed \(direction): \(what)\(oddity)", example: example)]
    }
    // Where layer 3 cannot stop the first packet, that the answer is stopped is all that a denial can do (reference H10).
    if isEverywhere, parts.count > 1,
      parts.allSatisfy({ $0.kind == .denied || $0.from == .allowed && $0.to == .oneWay })
    {
      let text = "newly denied \(direction): \(what)\(oddity), one way where it does not come by the bridge"
      return [TrafficLine(kind: .denied, text: text, example: example)]
    }
    return parts.map { TrafficLine(kind: $0.kind, text: "\($0.heading): \(what)\($0.suffix)", example: example) }
  }
}

extension TrafficChange.Part {
  fileprivate var kind: TrafficLine.Kind {
    switch (from, to) {
    case (_, .allowed): .allowed
    case (.allowed, .dropped), (.allowed, .rejected), (.oneWay, .dropped), (.oneWay, .rejected): .denied
    default: .other
    }
  }

  /// The suffix without the ways.
  fileprivate var oddity: String {
    var part = self
    part.topologies = Topology.allCases
    return part.suffix
  }
}
