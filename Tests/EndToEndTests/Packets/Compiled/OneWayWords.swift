// SPDX-License-Identifier: Apache-2.0

import Foundation
import PacketProbe

/// The plan's words for what reaches a machine one way: `tcp, udp from 192.0.2.0/24`, read without the compiler.
struct OneWayWords {
  private struct Line {
    /// nil for all.
    var protocolNumbers: [Family: Set<UInt8>]?
    /// nil for everybody.
    var ranges: [AddressSpan]?
  }

  private struct AddressSpan {
    var family: Family
    var numbers: ClosedRange<UInt128>
  }

  private let lines: [Line]
  /// Texts that are not in the form of rules.
  let unreadable: [String]

  init(_ texts: [String]) {
    var lines: [Line] = []
    var unreadable: [String] = []
    for text in texts {
      if let line = Self.line(text) { lines.append(line) } else { unreadable.append(text) }
    }
    self.lines = lines
    self.unreadable = unreadable
  }

  func cover(_ number: UInt8, from address: Address, _ family: Family) -> Bool {
    lines.contains { line in
      if let numbers = line.protocolNumbers, numbers[family]?.contains(number) != true { return false }
      guard let ranges = line.ranges else { return true }
      return ranges.contains { $0.family == address.family && $0.numbers.contains(Self.number(address)) }
    }
  }

  private static let numbers: [String: UInt8] = [
    "igmp": 2, "tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "ospf": 89, "vrrp": 112, "sctp": 132,
    "udplite": 136,
  ]

  private static func line(_ text: String) -> Line? {
    let parts = text.components(separatedBy: " from ")
    guard parts.count <= 2 else { return nil }
    var line = Line()
    if parts[0] != "any" {
      var numbers: [Family: Set<UInt8>] = [.ipv4: [], .ipv6: []]
      for word in parts[0].components(separatedBy: ", ") {
        if word == "icmp" || word == "icmpv4" { numbers[.ipv4]?.insert(1) }
        if word == "icmp" || word == "icmpv6" { numbers[.ipv6]?.insert(58) }
        if word.hasPrefix("icmp") { continue }
        let bare = word.hasPrefix("protocol/") ? UInt8(word.dropFirst(9)) : Self.numbers[word]
        guard let number = bare else { return nil }
        for family in Family.allCases { numbers[family]?.insert(number) }
      }
      line.protocolNumbers = numbers
    }
    if parts.count == 2 {
      var ranges: [AddressSpan] = []
      for text in parts[1].components(separatedBy: ", ") {
        guard let range = range(text) else { return nil }
        ranges.append(range)
      }
      line.ranges = ranges
    }
    return line
  }

  private static func range(_ text: String) -> AddressSpan? {
    if text.contains("-") {
      let ends = text.split(separator: "-").compactMap { Address(String($0)) }
      guard ends.count == 2, ends[0].family == ends[1].family else { return nil }
      return AddressSpan(family: ends[0].family, numbers: number(ends[0])...number(ends[1]))
    }
    let parts = text.split(separator: "/")
    guard parts.count <= 2, let address = Address(String(parts[0])) else { return nil }
    let bits = address.bytes.count * 8
    guard let length = parts.count == 2 ? Int(parts[1]) : bits, 0...bits ~= length else { return nil }
    let first = number(address)
    let others = length == 0 && bits == 128 ? UInt128.max : (1 << UInt128(bits - length)) - 1
    return AddressSpan(family: address.family, numbers: first...(first | others))
  }

  private static func number(_ address: Address) -> UInt128 {
    address.bytes.reduce(0) { $0 << 8 | UInt128($1) }
  }
}
