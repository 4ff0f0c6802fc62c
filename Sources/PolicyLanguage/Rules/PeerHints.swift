// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath

/// What was probably meant by a word that is no peer.
enum PeerHints {
  static func hint(_ word: String) -> String? {
    quotes(word) ?? negation(word) ?? prefixed(word) ?? traffic(word) ?? address(word) ?? name(word)
  }

  /// Quotes are YAML's, around a whole text; inside of a rule they are for names of VMs.
  static func quotes(_ word: String) -> String? {
    guard let quote = word.first, quote == "\"" || quote == "'" else { return nil }
    let inner = word.filter { $0 != quote }
    return inner.isEmpty ? "remove the quotes" : "write \(inner.excerpt), without quotes: they go around the whole rule"
  }

  private static func negation(_ word: String) -> String? {
    word.hasPrefix("!") ? "there is no negation: put a rule before this one, or use a set with except:" : nil
  }

  private static func prefixed(_ word: String) -> String? {
    guard let colon = word.firstIndex(of: ":"), word.filter({ $0 == ":" }).count == 1 else { return nil }
    let name = word[word.index(after: colon)...]
    switch word[..<colon].lowercased() {
    case "set", "sets", "ipset": return "write '@\(name)'"
    case "group", "groups": return "write 'group:\(name)'"
    case "vm", "vms", "machine", "domain": return "write 'vm:\(name)'"
    case "host": return "'host' alone is the machine that runs the VM; others are named by their addresses"
    case "network", "net": return "'network' alone is the NIC's own network; others are named by their addresses"
    default: return nil
    }
  }

  private static func traffic(_ word: String) -> String? {
    let name = String(word.prefix { $0 != "/" })
    let isTraffic = ProtocolWords.isReserved(name) || ServiceCatalogue[name] != nil
    return isTraffic && word != "all" ? "what a rule is about stands before 'from' and 'to'" : nil
  }

  /// Texts that look like addresses.
  private static func address(_ word: String) -> String? {
    if MACAddress(word) != nil, word.contains(":") {
      return "a MAC address is no peer: which ones a NIC may use is said by guard"
    }
    if word.hasPrefix("["), let end = word.firstIndex(of: "]") {
      return
        "write \(word[word.index(after: word.startIndex)..<end]) without brackets; ports stand before 'from' and 'to'"
    }
    if let zone = word.firstIndex(of: "%"), IPv6Address(String(word[..<zone])) != nil {
      return "write \(word[..<zone]) without a zone"
    }
    let parts = word.split(separator: "/", maxSplits: 1).map(String.init)
    if parts.count == 2, IPAddress(parts[0]) != nil {
      return netmask(parts[1]).map { "write \(parts[0])/\($0)" } ?? "a prefix is a number of bits, as in 192.0.2.0/24"
    }
    if let colon = word.lastIndex(of: ":"), IPv4Address(String(word[..<colon])) != nil {
      return "ports stand before 'from' and 'to', as in 'tcp\(word[colon...].replacing(":", with: "/"))'"
    }
    let ends = word.split(separator: "-", maxSplits: 1).map(String.init)
    if ends.count == 2, let first = IPv4Address(ends[0]), let last = UInt32(ends[1]), last < 256 {
      return "write both addresses in full: \(first)-\(IPv4Address(bits: first.bits & ~255 | last))"
    }
    let colons = word.count { $0 == ":" }
    if colons > 1, word.prefix(while: { $0 != "/" && $0 != "-" }).allSatisfy({ $0.isHexDigit || $0 == ":" }) {
      return "an IPv6 address has eight numbers, or '::' in place of those that are 0"
    }
    return dotted(word)
  }

  private static func dotted(_ word: String) -> String? {
    let octets = word.prefix { $0 != "/" }.split(separator: ".", omittingEmptySubsequences: false)
    let isNumeric = octets.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isNumber || $0 == "*" } }
    guard isNumeric, octets.count > 1 else {
      let isHostName = word.contains(".") && word.contains(where: \.isLetter) && !word.contains(":")
      return isHostName ? "names are never looked up: write the addresses, or define a set of them" : nil
    }
    let fixed = octets.prefix { $0 != "*" }
    if fixed.count < octets.count, (1...3).contains(fixed.count), octets[fixed.count...].allSatisfy({ $0 == "*" }) {
      let zeros = repeatElement("0", count: 4 - fixed.count)
      return "write \((fixed.map(String.init) + zeros).joined(separator: "."))/\(8 * fixed.count)"
    }
    if octets.contains(where: { $0.count > 1 && $0.first == "0" }) { return "write the numbers without leading zeros" }
    return octets.count == 4 ? "each number is 0 to 255" : "an IPv4 address has four numbers"
  }

  /// The length of the prefix that a mask is.
  private static func netmask(_ text: String) -> Int? {
    guard let mask = IPv4Address(text)?.bits, ~mask & (~mask &+ 1) == 0 else { return nil }
    return mask.nonzeroBitCount
  }

  private static func name(_ word: String) -> String? {
    switch word.lowercased() {
    case "all", "everyone", "everybody", "anyone", "anywhere", "*", "world", "internet": return "did you mean 'any'?"
    case "localhost": return "did you mean 'host', the machine that runs the VM?"
    default: break
    }
    if let near = Suggestion.nearest(to: word, in: NetworkPart.allCases.map(\.rawValue) + ["any"]) {
      return "did you mean '\(near)'?"
    }
    guard Identity.isValidName(word) else { return nil }
    return "write '@\(word)' for a set, 'group:\(word)' for a group, 'vm:\(word)' for a VM"
  }
}
