// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath

/// `icmp/echo-request`, `icmpv4/3/4`, `icmpv6/router-advertisement`.
extension RuleParser {
  /// A type by its name, in both families; whether there is one is the compiler's business.
  mutating func icmp(_ rest: Range<Int>) -> Traffic? {
    let word = text.text(rest)
    if Identity.isValidName(word) { return .icmp(word) }
    var hint: String?
    if Self.isDigit(word.utf8.first) {
      hint = "numbers mean different types in IPv4 and IPv6: write 'icmpv4/\(word.excerpt)' or 'icmpv6/\(word.excerpt)'"
    } else if let slash = word.firstIndex(of: "/") {
      hint = "codes differ in IPv4 and IPv6: write '\(word[..<slash])', or icmpv4 or icmpv6 and the code"
    } else if Identity.isValidName(word.lowercased()) {
      hint = "write '\(word.lowercased())'"
    } else if word.isEmpty {
      hint = "write 'icmp' alone for all types"
    }
    reportType(word, rest, expected: "the name of a type, as in icmp/echo-request", hint: hint)
    return nil
  }

  /// A type of one family by name or number, and a code.
  mutating func icmp(_ family: AddressFamily, _ name: String, _ rest: Range<Int>) -> Traffic? {
    let word = text.text(rest)
    let parts = word.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let message = ICMPMessages[parts[0]]?.number(family)
    guard let type = message?.type ?? Self.number(parts[0], most: 255).map({ UInt8($0) }) else {
      let known = ICMPMessages.all.filter { $0.number(family) != nil }.map(\.name)
      let hint =
        word.isEmpty ? "write '\(name)' alone for all types" : Suggestion.hint(for: parts[0].lowercased(), in: known)
      reportType(
        word, rest, expected: "a type by name or by number, as in \(name)/echo-request or \(name)/3", hint: hint)
      return nil
    }
    guard parts.count == 2 else { return .icmpNumbered(family, type: type, code: message?.code) }
    guard let code = Self.number(parts[1], most: 255), message?.code == nil else {
      let hint = message?.code == nil ? nil : "'\(parts[0])' has its code already"
      reportType(word, rest, expected: "a code from 0 to 255 behind the type", hint: hint)
      return nil
    }
    return .icmpNumbered(family, type: type, code: UInt8(code))
  }

  private mutating func reportType(_ word: String, _ rest: Range<Int>, expected: String, hint: String?) {
    report(
      "bad-icmp-type", word.isEmpty ? "no type stands behind the /" : "'\(word.excerpt)' is no type of ICMP",
      at: rest.isEmpty ? max(0, rest.lowerBound - 1)..<rest.lowerBound : rest, expected: expected, hint: hint)
  }
}
