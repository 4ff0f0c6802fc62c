// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// What kind of value an attribute takes, with its range: reads, checks and writes it.
public enum ValueKind: Sendable, Hashable {
  /// A number, decimal or with `0x`; some have names.
  case number(ClosedRange<UInt32>, names: NumberNames = .none)
  /// A number that libvirt reads in decimal only.
  case decimal(ClosedRange<UInt32>)
  case macAddress
  case macMask
  case ipv4Address
  case ipv4Mask
  case ipv6Address
  case ipv6Mask
  /// `true`; libvirt takes `false` for no match at all.
  case truth
  case connectionStates
  case tcpFlags
  case setName
  case setDirections
  case comment

  /// Whether libvirt honours a variable here; elsewhere it takes the text and then ignores it (nwfilter_conf.c).
  public var takesVariables: Bool {
    switch self {
    case .truth, .connectionStates, .tcpFlags, .comment: false
    default: true
    }
  }
}

/// A text that is no value of its kind.
public struct ValueProblem: Error, Sendable, Hashable {
  public var code: String
  /// What would have been right.
  public var expected: String
  public var hint: String?
}

extension ValueKind {
  /// Reads a value from its text in XML or YAML.
  ///
  /// - Throws: `ValueProblem` for a text that libvirt refuses, and for one that libvirt reads as something else than it says
  ///   (octal addresses, bare `fff` as hexadecimal, variables where none work).
  public func parse(_ text: String) throws(ValueProblem) -> Value {
    if text.utf8.first == UInt8(ascii: "$"), self != .comment {
      return try parseVariable(text)
    }
    guard let value = literal(text) else {
      throw ValueProblem(code: "bad-value", expected: expectation, hint: hint(for: text))
    }
    return value
  }

  private func parseVariable(_ text: String) throws(ValueProblem) -> Value {
    guard takesVariables else {
      throw ValueProblem(
        code: "variable-not-allowed", expected: expectation,
        hint: "libvirt accepts a variable here and then ignores it, so that the rule matches more than it says")
    }
    guard let variable = VariableReference(parsing: text) else {
      throw ValueProblem(
        code: "bad-variable", expected: "$NAME, $NAME[index] or $NAME[@iterator], the name of letters, digits and _")
    }
    return .variable(variable)
  }

  private func literal(_ text: String) -> Value? {
    switch self {
    case .number(let range, let names):
      if let number = names.number(named: text) { return .number(number) }
      return Self.number(text, allowsHex: true, range).map(Value.number)
    case .decimal(let range): return Self.number(text, allowsHex: false, range).map(Value.number)
    case .macAddress: return MACAddress(text).map(Value.mac)
    case .macMask:
      guard let mask = MACAddress(text), mask.isContiguousMask else { return nil }
      return .mac(mask)
    case .ipv4Address: return IPv4Address(text).map(Value.ipv4)
    case .ipv6Address: return IPv6Address(text).map(Value.ipv6)
    case .ipv4Mask: return Self.ipv4Mask(text).map(Value.prefixLength)
    case .ipv6Mask: return Self.ipv6Mask(text).map(Value.prefixLength)
    case .truth: return ["true", "1", "yes"].contains(text.lowercased()) ? .flag(true) : nil
    case .connectionStates: return ConnectionStates(parsing: text).map(Value.states)
    case .tcpFlags: return Self.tcpFlags(text)
    case .setName: return Self.isSetName(text) ? .text(text) : nil
    case .setDirections: return Self.setDirections(text)
    case .comment: return Comment.isValid(text) ? .text(text) : nil
    }
  }

  private static func number(_ text: String, allowsHex: Bool, _ range: ClosedRange<UInt32>) -> UInt32? {
    let digits = Substring(text)
    let value: UInt32?
    if allowsHex, digits.hasPrefix("0x") || digits.hasPrefix("0X") {
      value = digits.dropFirst(2).utf8.allSatisfy(\.isHexDigit) ? UInt32(digits.dropFirst(2), radix: 16) : nil
    } else {
      value = digits.utf8.allSatisfy(\.isDigit) ? UInt32(digits) : nil
    }
    return value.flatMap { range.contains($0) ? $0 : nil }
  }

  private static func ipv4Mask(_ text: String) -> UInt8? {
    if let mask = IPv4Address(text) {
      let zeros = ~mask.bits
      return zeros & (zeros &+ 1) == 0 ? UInt8(mask.bits.nonzeroBitCount) : nil
    }
    return number(text, allowsHex: false, 0...32).map(UInt8.init)
  }

  private static func ipv6Mask(_ text: String) -> UInt8? {
    if let mask = IPv6Address(text) {
      let ones = mask.high.nonzeroBitCount + mask.low.nonzeroBitCount
      let leading = mask.high == .max ? 64 + (~mask.low).leadingZeroBitCount : (~mask.high).leadingZeroBitCount
      return ones == leading ? UInt8(ones) : nil
    }
    return number(text, allowsHex: false, 0...128).map(UInt8.init)
  }

  private static func tcpFlags(_ text: String) -> Value? {
    guard let slash = text.firstIndex(of: "/"), let mask = TCPFlags(parsing: text[..<slash]),
      let flags = TCPFlags(parsing: text[text.index(after: slash)...])
    else { return nil }
    return .tcpFlags(TCPFlagsMatch(mask: mask, flags: flags))
  }

  /// At most 31 characters of those that libvirt allows (nwfilter_conf.c, virNWFilterIPSetNameValidate).
  private static func isSetName(_ text: String) -> Bool {
    (1...31).contains(text.utf8.count)
      && text.utf8.allSatisfy { $0.isLetter || $0.isDigit || "_.:+ -".utf8.contains($0) }
  }

  private static func setDirections(_ text: String) -> Value? {
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    guard (1...6).contains(words.count) else { return nil }
    var directions: [SetDirection] = []
    for word in words {
      guard let direction = SetDirection(rawValue: word.lowercased()) else { return nil }
      directions.append(direction)
    }
    return .setDirections(directions)
  }

  private func hint(for text: String) -> String? {
    switch self {
    case .number(_, let names): return Suggestion.hint(for: text, in: names.all.map(\.name))
    case .ipv4Address where text.contains("/"), .ipv6Address where text.contains("/"):
      return "give the prefix length in the mask attribute beside it"
    case .ipv4Address where IPv6Address(text) != nil: return "this is an IPv6 address; use the protocol's -ipv6 form"
    case .ipv6Address where IPv4Address(text) != nil: return "this is an IPv4 address; use the protocol without -ipv6"
    case .comment: return Comment.hint(for: text)
    default: return nil
    }
  }
}
