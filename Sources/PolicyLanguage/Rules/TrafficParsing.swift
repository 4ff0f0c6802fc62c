// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath

/// What rules are about, with the words that it is written with.
struct TrafficList {
  var items: [Located<Traffic>] = []
  var words: [String] = []
  /// The protocol whose ports a bare number goes on with.
  var openPorts: PortProtocol?
  /// Whether a port without a protocol is reported already.
  var hasBarePort = false
}

/// `https, tcp/80,443,8000-8010, icmp/echo-request, esp`.
extension RuleParser {
  static let trafficExpectation =
    "any, services such as https, protocols such as tcp/443, icmp/echo-request, esp or protocol/99"

  mutating func readTraffic(_ tokens: ArraySlice<RuleToken>, into list: inout TrafficList) {
    if tokens.isEmpty {
      report("missing-value", "no traffic is named", at: 0..<0, expected: Self.trafficExpectation)
    }
    for part in items(of: tokens, .traffic) {
      let word = text.text(part)
      if let open = list.openPorts, Self.isDigit(word.utf8.first), ProtocolWords.spellings[word] == nil,
        !Self.isAddress(word), !Self.endsWithProtocol(word)
      {
        guard let ports = portRange(part, of: open) else { continue }
        goOn(ports, part, &list)
        continue
      }
      let isBarePort =
        Self.isDigit(word.utf8.first) && !word.utf8.contains { !Self.isDigit($0) && $0 != UInt8(ascii: "-") }
      if isBarePort, list.hasBarePort { continue }
      list.hasBarePort = isBarePort
      list.openPorts = nil
      guard let traffic = trafficItem(word, part, &list) else { continue }
      list.items.append(Located(value: traffic, range: text.range(part)))
      list.words.append(word)
    }
    checkAny(list.items, isAny: { $0 == .any })
  }

  /// A number or range behind a comma.
  private func goOn(_ ports: PortRange, _ part: Range<Int>, _ list: inout TrafficList) {
    guard let last = list.items.indices.last, case .ports(let item, var known) = list.items[last].value else { return }
    known.append(ports)
    list.items[last].value = .ports(item, known)
    list.words[last] += ",\(text.text(part))"
    let range = text.range(part)
    if range.start.line == list.items[last].range.start.line { list.items[last].range.end = range.end }
  }

  private mutating func trafficItem(_ word: String, _ part: Range<Int>, _ list: inout TrafficList) -> Traffic? {
    if let slash = word.utf8.firstIndex(of: UInt8(ascii: "/")) {
      let rest = part.lowerBound + word.utf8.distance(from: word.startIndex, to: slash) + 1..<part.upperBound
      return detailed(String(word[..<slash]), rest, part, &list)
    }
    if let item = ProtocolWords.withPorts[word] { return .ports(item, []) }
    if let family = ProtocolWords.icmp[word] { return .icmpNumbered(family, type: nil, code: nil) }
    if let known = IPProtocols[word] { return .ipProtocol(known.number) }
    switch word {
    case "any": return .any
    case "icmp": return .icmp(nil)
    default: break
    }
    if word.hasPrefix("$") {
      guard place == .rule else {
        reportParameter(word, part)
        return nil
      }
      return parameterName(word, part).map { .parameter($0) }
    }
    if ForeignWords.hintAnywhere(word) == nil, !ProtocolWords.isReserved(word), ProtocolWords.spellings[word] == nil,
      Identity.isValidName(word)
    {
      return .service(word)
    }
    reportNoTraffic(word, part, after: list.items.last?.value)
    return nil
  }

  /// `PROTOCOL/…`.
  private mutating func detailed(
    _ name: String, _ rest: Range<Int>, _ part: Range<Int>, _ list: inout TrafficList
  ) -> Traffic? {
    if let item = ProtocolWords.withPorts[name] {
      list.openPorts = item
      return portRange(rest, of: item).map { .ports(item, [$0]) }
    }
    if let family = ProtocolWords.icmp[name] { return icmp(family, name, rest) }
    switch name {
    case "icmp": return icmp(rest)
    case "protocol": return numbered(rest)
    default: break
    }
    if IPProtocols[name] != nil {
      report(
        "ports-not-possible", "\(name) has no ports", at: rest.isEmpty ? part : rest,
        hint: "write '\(name)' alone")
    } else {
      reportNoTraffic(text.text(part), part, after: nil)
    }
    return nil
  }

  private mutating func numbered(_ rest: Range<Int>) -> Traffic? {
    let word = text.text(rest)
    if let number = Self.number(word, most: 255) { return ProtocolWords.traffic(UInt8(number)) }
    let known = ProtocolWords.isReserved(word) && word != "protocol"
    report(
      "bad-protocol-number", "'\(word.excerpt)' is no number of an IP protocol", at: rest,
      expected: "a number from 0 to 255, as in protocol/99", hint: known ? "write '\(word)' alone" : nil)
    return nil
  }

  // MARK: Ports

  /// A port or a range of ports; `owner` is nil for ports that stand alone.
  mutating func portRange(_ part: Range<Int>, of owner: PortProtocol?) -> PortRange? {
    let word = text.text(part)
    if word.isEmpty || word == "*" || word == "any" || word == "all" {
      let name = owner?.rawValue ?? ""
      report(
        "bad-port", word.isEmpty ? "no port stands behind '\(name)/'" : "'\(word)' is no port",
        at: part.isEmpty ? max(0, part.lowerBound - 1)..<part.lowerBound : part, expected: Self.portExpectation,
        hint: owner == nil ? "leave it out for all ports" : "write '\(name)' alone for all ports")
      return nil
    }
    let ends = word.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let first = port(ends[0], word, part, owner),
      let last = ends.count == 1 ? first : port(ends[1], word, part, owner)
    else { return nil }
    if first <= last { return first...last }
    report(
      "inverted-range", "'\(word)' ends before it begins", at: part, hint: "write '\(ends[1])-\(ends[0])'")
    return nil
  }

  private mutating func port(
    _ number: String, _ word: String, _ part: Range<Int>, _ owner: PortProtocol?
  ) -> UInt16? {
    if let port = Self.number(number, most: 65535), port > 0 { return UInt16(port) }
    var hint: String?
    let stripped = number.drop { $0 == "0" }
    if number.count > stripped.count, Self.number(String(stripped), most: 65535) != nil {
      hint = "write \(stripped)"
    } else if let separator = [":", "..", "–"].first(where: { word.contains($0) }), Self.isDigit(word.utf8.first) {
      hint = "write a range with -: '\(word.replacing(separator, with: "-").excerpt)'"
    } else if number.isEmpty, word != "-" {
      hint = word.hasPrefix("-") ? "write 1\(word) for all up to it" : "write \(word)65535 for all from it on"
    } else if let owner, Identity.isValidName(number), number == word {
      hint = "write '\(number)' alone, without '\(owner.rawValue)/': a service knows its protocol and ports"
    }
    report(
      "bad-port", "'\(number.isEmpty ? word.excerpt : number.excerpt)' is no port", at: part,
      expected: Self.portExpectation, hint: hint)
    return nil
  }

  private static let portExpectation = "a port from 1 to 65535, or a range such as 8000-8010"

  // MARK: Small things

  /// Digits without a leading zero.
  static func number(_ text: String, most: Int) -> Int? {
    guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ isDigit($0) }),
      text == "0" || text.utf8.first != UInt8(ascii: "0"), let number = Int(text), number <= most
    else { return nil }
    return number
  }

  static func isDigit(_ byte: UInt8?) -> Bool {
    byte.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
  }

  private static func isAddress(_ word: String) -> Bool {
    word.contains(":") || word.utf8.count { $0 == UInt8(ascii: ".") } == 3
  }

  private static func endsWithProtocol(_ word: String) -> Bool {
    word.firstIndex(of: "/").map { ProtocolWords.withPorts[String(word[word.index(after: $0)...])] != nil } ?? false
  }
}
