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
  /// A packet of the first line of its kind.
  var example: String?
}

extension TrafficChange {
  /// The change in the words of rules, each line once.
  var lines: [TrafficLine] {
    let names = TrafficNames { family, type, code in
      ICMPMessages.all.first { $0.number(family)?.type == type && $0.number(family)?.code == code }?.name
    }
    var seen: Set<String> = []
    return parts.flatMap { part -> [TrafficLine] in
      var lines = part.words(names: names).map {
        TrafficLine(kind: part.kind, text: "\(part.heading): \($0)\(part.suffix)")
      }.filter { seen.insert($0.text).inserted }
      if !lines.isEmpty { lines[0].example = part.boxes.boxes.first?.example.frame.packet?.description }
      return lines
    }
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
}
