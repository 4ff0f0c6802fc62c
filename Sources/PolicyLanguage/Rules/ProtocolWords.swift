// SPDX-License-Identifier: Apache-2.0

import Compiler
import PacketPath

/// The words for protocols, which no service can have as its name.
enum ProtocolWords {
  static let withPorts = Dictionary(uniqueKeysWithValues: PortProtocol.allCases.map { ($0.rawValue, $0) })

  static let icmp: [String: AddressFamily] = ["icmpv4": .ipv4, "icmpv6": .ipv6]

  static let all = IPProtocols.reservedWords.sorted()

  /// Whether no service can be called so.
  static func isReserved(_ word: String) -> Bool { IPProtocols.reservedWords.contains(word) || taken.contains(word) }

  /// Words with a meaning in rules, or one that a reader would expect.
  private static let taken: Set<String> = ["all", "from", "to", "ip", "ipv4", "ipv6"]

  /// Other spellings of protocols.
  static let spellings = [
    "icmp6": "icmpv6", "ipv6-icmp": "icmpv6", "icmp-ipv6": "icmpv6", "icmp4": "icmpv4", "ipsec": "esp, ah",
    "ip": "any", "all": "any", "*": "any", "everything": "any", "ospfv3": "ospf", "carp/vrrp": "vrrp",
    "udp-lite": "udplite", "sit": "ipv6-in-ipv4", "6in4": "ipv6-in-ipv4",
  ]

  /// The traffic of a protocol by number, in the form that its own word has.
  static func traffic(_ number: UInt8) -> Traffic {
    if let item = PortProtocol.allCases.first(where: { $0.number == number }) { return .ports(item, []) }
    switch number {
    case 1: return .icmpNumbered(.ipv4, type: nil, code: nil)
    case 58: return .icmpNumbered(.ipv6, type: nil, code: nil)
    default: return .ipProtocol(number)
    }
  }
}
