// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath

/// What was probably meant by a word that a rule cannot be about.
extension RuleParser {
  mutating func reportNoTraffic(_ word: String, _ part: Range<Int>, after previous: Traffic?) {
    let lower = word.lowercased()
    let name = String(lower.prefix { $0 != "/" })
    if word != lower, ProtocolWords.isReserved(name) || Identity.isValidName(name) {
      report("letter-case", "'\(word.excerpt)' is written in lower case", at: part, hint: "write '\(lower.excerpt)'")
      return
    }
    if let hint = ForeignWords.hintAnywhere(word) {
      report("unexpected-word", "'\(word.excerpt)' means nothing here", at: part, expected: Self.form, hint: hint)
      return
    }
    report(
      "bad-traffic", "'\(word.excerpt)' is nothing that a rule can be about", at: part,
      expected: Self.trafficExpectation, hint: Self.hint(word, after: previous))
  }

  private static func hint(_ word: String, after previous: Traffic?) -> String? {
    if let quotes = PeerHints.quotes(word) { return quotes }
    if word.hasPrefix("!") { return "there is no negation: put a rule with another action before this one" }
    if let spelling = spelling(word) { return spelling }
    if word == "ipv4" { return "write 'any' and an IPv4 peer, as in 'any from 0.0.0.0/0'" }
    if word == "ipv6" { return "write 'any' and an IPv6 peer, as in 'any from ::/0'" }
    if word == "protocol" { return "write its number behind it, as in 'protocol/99'" }
    if isPeer(word) { return "peers stand behind 'from' or 'to', as in 'any from \(word.excerpt)'" }
    if isDigit(word.utf8.first) { return ports(word, after: previous) }
    guard let separator = word.firstIndex(where: { $0 == "/" || $0 == ":" }) else {
      return word.contains("_") ? "names have hyphens: '\(word.replacing("_", with: "-").excerpt)'" : nil
    }
    let (left, right) = (String(word[..<separator]), String(word[word.index(after: separator)...]))
    if left == "ip" { return "write 'protocol/\(right.excerpt)'" }
    if ProtocolWords.isReserved(left) { return "write '\(left)/\(right.excerpt)'" }
    let services = ServiceCatalogue.all.map(\.name)
    let near = Suggestion.nearest(to: left, in: ProtocolWords.all)
    if ServiceCatalogue[left] == nil, !ProtocolWords.isReserved(right), let near {
      return "did you mean '\(near)/\(right.excerpt)'?"
    }
    let service = ServiceCatalogue[left] == nil ? Suggestion.nearest(to: left, in: services) ?? left : left
    let isName = Identity.isValidName(service)
    return isName ? "write '\(service)' alone: a service knows its protocol and ports" : nil
  }

  private static func spelling(_ word: String) -> String? {
    if let known = ProtocolWords.spellings[word] { return "write '\(known)'" }
    guard let slash = word.firstIndex(of: "/"), let known = ProtocolWords.spellings[String(word[..<slash])],
      known.hasPrefix("icmp")
    else { return nil }
    return "write '\(known)\(word[slash...].excerpt)'"
  }

  private static func isPeer(_ word: String) -> Bool {
    if word.hasPrefix("@") || word.hasPrefix("group:") || word.hasPrefix("vm:") { return true }
    return IPAddress(String(word.prefix { $0 != "/" && $0 != "-" })) != nil
  }

  /// `80`, `80/tcp`, and `80` behind `tcp,`.
  private static func ports(_ word: String, after previous: Traffic?) -> String? {
    if let slash = word.firstIndex(of: "/") {
      let right = String(word[word.index(after: slash)...])
      let isProtocol = ProtocolWords.withPorts[right] != nil
      return isProtocol ? "the protocol stands first: '\(right)/\(word[..<slash].excerpt)'" : nil
    }
    if case .ports(let item, []) = previous { return "write '\(item.rawValue)/\(word.excerpt)'" }
    return "write 'tcp/\(word.excerpt)' or 'udp/\(word.excerpt)'"
  }
}

extension Substring {
  fileprivate var excerpt: String { String(self).excerpt }
}
