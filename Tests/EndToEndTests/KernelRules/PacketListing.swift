// SPDX-License-Identifier: Apache-2.0

import PacketPath

/// Rules as `iptables -S` and `ip6tables -S` list them.
struct PacketListing {
  /// By the kernel's names.
  let chains: [String: [ListedRule]]

  init(_ text: String, _ family: AddressFamily) {
    var chains: [String: [ListedRule]] = [:]
    for line in text.split(separator: "\n") {
      var words = RuleWords(String(line))
      guard words.next() == "-A" else { continue }
      let chain = words.next()
      let rule = Self.rule(&words, family)
      chains[chain, default: []].append(rule)
    }
    self.chains = chains
  }

  private static func rule(_ words: inout RuleWords, _ family: AddressFamily) -> ListedRule {
    var target = ""
    while !words.isAtEnd {
      let word = words.next()
      switch word {
      case "!": words.isNegated = true
      case "-j": target = words.next()
      case "-m", "--comment", "--connlimit-mask", "--reject-with": _ = words.next()
      case "--connlimit-saddr", "--physdev-is-bridged": break
      default: add(word, &words, family)
      }
    }
    return ListedRule(words.conditions, target)
  }

  private static func add(_ word: String, _ words: inout RuleWords, _ family: AddressFamily) {
    let value = words.next()
    switch word {
    case "-s": words.add(RuleWords.address(value, .source))
    case "-d": words.add(RuleWords.address(value, .destination))
    case "-p": words.add(.equals(.protocolNumber, RuleWords.protocolNumber(value)))
    case "--mac-source": words.add(RuleWords.mac(value, .sourceMAC))
    case "--src-range": words.add(RuleWords.range(value, .source))
    case "--dst-range": words.add(RuleWords.range(value, .destination))
    case "--sport", "--dport":
      words.conditions.append(.equals(.isLaterFragment, 0))
      let (first, last) = RuleWords.numbers(value)
      words.add(.between(word == "--sport" ? .sourcePort : .destinationPort, first, last))
    case "--tcp-flags":
      words.conditions.append(.equals(.isLaterFragment, 0))
      words.add(.masked(.tcpFlags, flags(words.next()), mask: flags(value)))
    case "--tcp-option":
      words.conditions.append(.equals(.isLaterFragment, 0))
      words.add(Condition(.tcpOption(UInt8(value)!)))
    case "--icmp-type", "--icmpv6-type":
      words.conditions.append(.equals(.isLaterFragment, 0))
      words.add(message(value))
    case "--dscp": words.add(.masked(.typeOfService, RuleWords.number(value) << 2, mask: 0xfc))
    case "--ctstate": words.add(state(value))
    case "--ctdir": words.add(.equals(.side, value == "ORIGINAL" ? 0 : 1))
    case "--connlimit-above": words.add(.between(.connections, RuleWords.number(value) + 1, Field.connections.last))
    case "--connlimit-upto":
      words.isNegated.toggle()
      words.add(.between(.connections, RuleWords.number(value) + 1, Field.connections.last))
    case "--match-set":
      let ends = words.next().split(separator: ",")
      words.add(
        Condition(.member(SetLookup(name: value, directions: ends.map { $0 == "src" ? .source : .destination }))))
    default: words.conditions.append(.equals(.stpType, 999))
    }
  }

  private static func flags(_ text: String) -> UInt128 {
    let bits: [Substring: UInt128] = ["FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "NONE": 0]
    return text.split(separator: ",").reduce(0) { $0 | bits[$1]! }
  }

  private static func message(_ text: String) -> Condition {
    if text == "any" { return Condition(.all([])) }
    let parts = text.split(separator: "/").map { UInt128($0)! }
    return .between(
      .destinationPort, parts[0] << 8 | (parts.count == 2 ? parts[1] : 0),
      parts[0] << 8 | (parts.count == 2 ? parts[1] : 255))
  }

  private static func state(_ text: String) -> Condition {
    let numbers: [Substring: UInt128] = ["NEW": 0, "ESTABLISHED": 1, "RELATED": 2, "INVALID": 3]
    let states = text.split(separator: ",").map { numbers[$0]! }.sorted()
    if states.last! - states[0] == UInt128(states.count - 1) { return .between(.state, states[0], states.last!) }
    return Condition(.all(states.map { .equals(.state, $0, isNegated: true) }), isNegated: true)
  }
}
