// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath

/// Peers, with the words that they are written with.
struct PeerList {
  var items: [Located<Peer>] = []
  var words: [String] = []
}

/// `192.0.2.0/24, @office, group:web, vm:db-1, host`.
extension RuleParser {
  mutating func readPeers(_ tokens: ArraySlice<RuleToken>) -> PeerList {
    var list = PeerList()
    if tokens.isEmpty {
      report("missing-value", "no peer is named", at: 0..<0, expected: Self.peerExpectation)
    }
    for part in items(of: tokens, .peers) {
      let word = text.text(part)
      guard let peer = peer(word, part) else { continue }
      list.items.append(Located(value: peer, range: text.range(part)))
      list.words.append(word)
    }
    checkAny(list.items, isAny: { $0 == .any })
    return list
  }

  mutating func peer(_ word: String, _ part: Range<Int>) -> Peer? {
    if word == "any" { return allowed(.any, word, part) }
    if let network = NetworkPart(rawValue: word) { return allowed(.network(network), word, part) }
    switch word.utf8.first {
    case UInt8(ascii: "$"): return parameterName(word, part).flatMap { allowed(.parameter($0), word, part) }
    case UInt8(ascii: "@"): return name(word.dropFirst(), "a set", "@SET", part).map { .set($0) }
    default: break
    }
    if word.hasPrefix("group:") { return name(word.dropFirst(6), "a group", "group:NAME", part).map { .group($0) } }
    if word.hasPrefix("vm:") { return machine(word.dropFirst(3), part) }
    return addresses(word, part).map { .addresses($0) }
  }

  private mutating func allowed(_ peer: Peer, _ word: String, _ part: Range<Int>) -> Peer? {
    switch (place, peer) {
    case (.set, .any):
      report("bad-peer", "a set cannot hold 'any'", at: part, hint: "write 'any' in the rule, in place of the set")
    case (.set, .network):
      report(
        "bad-peer", "a set cannot hold '\(word)', which is another one for each NIC", at: part,
        hint: "write '\(word)' in the rule, beside the set")
    case (.set, .parameter), (.admins, .parameter), (.parameter, .parameter), (.test, .parameter):
      reportParameter(word, part)
    default: return peer
    }
    return nil
  }

  mutating func reportParameter(_ word: String, _ part: Range<Int>) {
    report(
      "bad-variable", "'\(word.excerpt)' cannot stand here", at: part,
      hint: "parameters are for the rules of groups and presets: write the value out")
  }

  /// The name behind `$`.
  mutating func parameterName(_ word: String, _ part: Range<Int>) -> String? {
    let name = String(word.dropFirst())
    if VariableReference.isValidName(name) { return name }
    report(
      "bad-variable", "'\(word.excerpt)' is no parameter", at: part, expected: "$NAME, of letters, digits and _",
      hint: name.hasPrefix("{") ? "write it without braces" : nil)
    return nil
  }

  private mutating func name(
    _ text: Substring, _ what: String, _ form: String, _ part: Range<Int>
  ) -> String? {
    let name = String(text)
    if Identity.isValidName(name) { return name }
    if Identity.isValidName(name.lowercased()) {
      report(
        "letter-case", "'\(name.excerpt)' is no name for \(what): names are in lower case", at: part,
        hint: "write '\(form.prefix { $0 == "@" || $0.isLowercase || $0 == ":" })\(name.lowercased())'")
      return nil
    }
    var hint: String?
    if name.hasPrefix("group:") || name.hasPrefix("vm:") { hint = "write '\(name.excerpt)'" }
    if name.contains("*") { hint = "a pattern is no peer: define a group that selects by it, and name that" }
    report(
      "bad-peer", name.isEmpty ? "'\(self.text.text(part))' names nothing" : "'\(name.excerpt)' is no name for \(what)",
      at: part, expected: "\(form): \(Identity.nameExpectation)", hint: hint)
    return nil
  }

  private mutating func machine(_ written: Substring, _ part: Range<Int>) -> Peer? {
    var name = String(written)
    if name.hasPrefix("\""), name.hasSuffix("\""), name.utf8.count > 2 { name = String(name.dropFirst().dropLast()) }
    if MachineName.isValid(name) { return .machine(name) }
    let isPattern = name.contains("*") || name.contains("?")
    report(
      "bad-peer", name.isEmpty ? "'vm:' names nothing" : "'\(name.excerpt)' is no name of a VM", at: part,
      expected: "vm:NAME; the name in quotes if it holds blanks",
      hint: isPattern ? "a pattern is no peer: define a group that selects by it, and name that" : nil)
    return nil
  }

  // MARK: Addresses

  private mutating func addresses(_ word: String, _ part: Range<Int>) -> AddressRange? {
    do throws(AddressRangeProblem) {
      return try AddressRange(parsing: word)
    } catch {
      switch error {
      case .notAnAddress: reportNoPeer(word, part)
      case .prefixTooLong:
        let most = word.contains(":") ? 128 : 32
        report(
          "prefix-too-long", "'\(word.excerpt)' has a prefix of more than \(most) bits", at: part,
          expected: "a prefix from 0 to \(most)")
      case .hostBits(let canonical):
        let address = word.prefix { $0 != "/" }
        report(
          "host-bits", "'\(word.excerpt)' has bits behind its prefix", at: part,
          hint: "write \(canonical) for the network, or \(address) for the one address")
      case .inverted:
        let ends = word.split(separator: "-", maxSplits: 1)
        report(
          "inverted-range", "'\(word.excerpt)' ends before it begins", at: part,
          hint: "write \(ends.last ?? "")-\(ends.first ?? "")")
      case .mixedFamilies:
        report(
          "mixed-families", "'\(word.excerpt)' begins with one family of addresses and ends with the other", at: part,
          expected: "two IPv4 addresses, or two IPv6 addresses")
      }
      return nil
    }
  }

  private mutating func reportNoPeer(_ word: String, _ part: Range<Int>) {
    let lower = word.lowercased()
    if NetworkPart(rawValue: lower) != nil || lower == "any" {
      report("letter-case", "'\(word.excerpt)' is written in lower case", at: part, hint: "write '\(lower)'")
      return
    }
    if let hint = ForeignWords.hintAnywhere(word) {
      report("unexpected-word", "'\(word.excerpt)' means nothing here", at: part, expected: Self.form, hint: hint)
      return
    }
    report(
      "bad-peer", "'\(word.excerpt)' is no peer", at: part, expected: Self.peerExpectation, hint: PeerHints.hint(word))
  }
}
