// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// Rules as `ebtables -t nat -L` lists them.
struct EthernetListing {
  /// By the kernel's names.
  let chains: [String: [ListedRule]]

  init(_ text: String) {
    var chains: [String: [ListedRule]] = [:]
    var chain = ""
    for line in text.split(separator: "\n") {
      if line.hasPrefix("Bridge chain: ") {
        chain = String(line.dropFirst("Bridge chain: ".count).prefix { $0 != "," })
        chains[chain] = []
      } else if line.contains("-j ") {
        chains[chain, default: []].append(Self.rule(String(line)))
      }
    }
    self.chains = chains
  }

  private static func rule(_ line: String) -> ListedRule {
    var words = RuleWords(line)
    var isIPv6 = false
    var target = ""
    var configuration: [Condition] = []
    var isSpanningTree = false
    while !words.isAtEnd {
      var word = words.next()
      if word == "!" {
        words.isNegated = true
        word = words.next()
      }
      if word == "-j" {
        target = words.next()
      } else if word == "--arp-gratuitous" {
        words.conditions.append(isAboutIPv4)
        words.add(Condition(.equal(.senderAddress, .targetAddress)))
      } else if word.hasPrefix("--stp-") {
        isSpanningTree = true
        let header = words.conditions
        words.conditions = []
        addSpanningTree(word, &words)
        if word == "--stp-type" {
          words.conditions = header + words.conditions
        } else {
          configuration += words.conditions
          words.conditions = header
        }
      } else if word == "-p" {
        let name = words.value()
        isIPv6 = name == "IPv6"
        words.add(.equals(.etherType, etherType(name)))
      } else {
        add(word, &words, isIPv6: isIPv6)
      }
    }
    if isSpanningTree { words.conditions.append(.equals(.isSpanningTree, 1)) }
    if !configuration.isEmpty {
      words.conditions.append(
        Condition(.all([.equals(.stpType, 0), Condition(.all(configuration), isNegated: true)]), isNegated: true))
    }
    return ListedRule(words.conditions, target)
  }

  /// What ebt_arp looks at before it looks at addresses, and at MAC addresses.
  private static let isAboutIPv4 = Condition.equals(.protocolType, UInt128(EtherType.ipv4))
  private static let isAboutEthernet = Condition.equals(.hardwareType, 1)

  private static func add(_ word: String, _ words: inout RuleWords, isIPv6: Bool) {
    let value = words.value()
    switch word {
    case "-s": words.add(RuleWords.mac(value, .sourceMAC))
    case "-d": words.add(RuleWords.mac(value, .destinationMAC))
    case "--ip-src", "--ip6-src": words.add(RuleWords.address(value, .source))
    case "--ip-dst", "--ip6-dst": words.add(RuleWords.address(value, .destination))
    case "--ip-tos": words.add(.equals(.typeOfService, UInt128(value.dropFirst(2), radix: 16)!))
    case "--ip-proto": words.add(.equals(.protocolNumber, RuleWords.protocolNumber(value)))
    case "--ip6-proto": addIPv6(RuleWords.protocolNumber(value), &words)
    case "--ip-sport", "--ip6-sport", "--ip-dport", "--ip6-dport":
      words.conditions.append(.equals(.isLaterFragment, 0))
      let (first, last) = RuleWords.numbers(value)
      words.add(.between(word.contains("sport") ? .sourcePort : .destinationPort, first, last))
    case "--ip6-icmp-type":
      words.conditions.append(.equals(.isLaterFragment, 0))
      words.add(messages(value))
    case "--arp-op": words.add(.equals(.operation, operation(value)))
    case "--arp-htype": words.add(.equals(.hardwareType, RuleWords.number(value)))
    case "--arp-ptype": words.add(.equals(.protocolType, RuleWords.number(value)))
    case "--arp-ip-src":
      words.conditions.append(isAboutIPv4)
      words.add(RuleWords.address(value, .senderAddress))
    case "--arp-ip-dst":
      words.conditions.append(isAboutIPv4)
      words.add(RuleWords.address(value, .targetAddress))
    case "--arp-mac-src":
      words.conditions.append(isAboutEthernet)
      words.add(RuleWords.mac(value, .senderMAC))
    case "--arp-mac-dst":
      words.conditions.append(isAboutEthernet)
      words.add(RuleWords.mac(value, .targetMAC))
    case "--vlan-id": words.add(.equals(.vlan, RuleWords.number(value)))
    case "--vlan-encap": words.add(.equals(.vlanProtocol, UInt128(value, radix: 16)!))
    default: words.conditions.append(.equals(.stpType, 999))
    }
  }

  private static func etherType(_ name: String) -> UInt128 {
    let known: [String: UInt128] = [
      "IPv4": 0x800, "ARP": 0x806, "RARP": 0x8035, "802_1Q": 0x8100, "IPv6": 0x86dd,
    ]
    return known[name] ?? RuleWords.number(name)
  }

  private static func operation(_ name: String) -> UInt128 {
    NumberNames.arpOperations.number(named: name).map { UInt128($0) } ?? RuleWords.number(name)
  }

  /// As ebt_ip6 finds the protocol: behind extension headers, and 44 in a later fragment.
  private static func addIPv6(_ number: UInt128, _ words: inout RuleWords) {
    let test: [Condition] =
      switch number {
      case 44: [.equals(.isLaterFragment, 1)]
      case 0, 43, 51, 59, 60: [.never]
      default: [.equals(.protocolNumber, number), .equals(.isLaterFragment, 0)]
      }
    if words.isNegated {
      words.isNegated = false
      words.conditions.append(.equals(.protocolNumber, 59, isNegated: true))
      words.conditions.append(Condition(.all(test), isNegated: true))
    } else {
      words.conditions += test
    }
  }

  /// `TYPE:TYPE/CODE:CODE`, and shorter forms of it.
  private static func messages(_ text: String) -> Condition {
    let named = [
      "echo-request": "128:128", "echo-reply": "129:129", "destination-unreachable": "1:1", "packet-too-big": "2:2",
      "beyond-scope": "1:1/2:2",
    ]
    let parts = (named[text] ?? text).split(separator: "/").map { RuleWords.numbers(String($0)) }
    let types = parts[0]
    let codes = parts.count == 2 ? parts[1] : (0, 255)
    if codes == (0, 255) || types.0 == types.1 {
      return .between(.destinationPort, types.0 << 8 | codes.0, types.1 << 8 | codes.1)
    }
    let none = (types.0...types.1).map {
      Condition.between(.destinationPort, $0 << 8 | codes.0, $0 << 8 | codes.1, isNegated: true)
    }
    return Condition(.all(none), isNegated: true)
  }

  private static func addSpanningTree(_ word: String, _ words: inout RuleWords) {
    let value = words.value()
    let names = ["config": "0", "tcn": "128", "topology-change": "1", "topology-change-ack": "128"]
    if word == "--stp-root-addr" || word == "--stp-sender-addr" {
      words.add(RuleWords.mac(value, word == "--stp-root-addr" ? .rootAddress : .senderBridge))
      return
    }
    let fields: [String: Field] = [
      "--stp-type": .stpType, "--stp-flags": .stpFlags, "--stp-root-prio": .rootPriority,
      "--stp-root-cost": .rootCost, "--stp-sender-prio": .senderPriority, "--stp-port": .stpPort,
      "--stp-msg-age": .messageAge, "--stp-max-age": .maximumAge, "--stp-hello-time": .helloTime,
      "--stp-forward-delay": .forwardDelay,
    ]
    let (first, last) = RuleWords.numbers(names[value] ?? value)
    words.add(.between(fields[word] ?? .stpType, first, last))
  }
}
