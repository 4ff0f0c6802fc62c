// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// Reads what a layer-3 rule of a filter looks at into the terms of groups.
struct MatchReader {
  let match: Match
  /// `rule 3 of filter web`.
  let subject: String

  var family: AddressFamily { match.filterProtocol.layer == .ipv4 ? .ipv4 : .ipv6 }

  /// Attributes that rules of groups have words for.
  private static let known: Set<String> = [
    "srcipaddr", "srcipmask", "srcipfrom", "srcipto", "dstipaddr", "dstipmask", "dstipfrom", "dstipto", "srcportstart",
    "srcportend", "dstportstart", "dstportend", "type", "code", "state", "comment",
  ]

  private static let reasons = [
    "connlimit-above": "counts connections, which a limit of a group counts otherwise",
    "ipset": "looks into a kernel set, which no group knows",
    "ipsetflags": "looks into a kernel set, which no group knows",
    "flags": "looks at TCP flags", "option": "looks at TCP options", "dscp": "looks at DSCP",
    "srcmacaddr": "looks at a MAC address",
  ]

  /// The match as a rule with the ends as written.
  ///
  /// - Throws: what no rule of a group can say.
  func rule(_ verdict: Verdict) throws(TranslationRefusal) -> TranslatedRule {
    for attribute in match.attributes {
      let name = match.definition(of: attribute).name
      guard Self.known.contains(name) else {
        throw TranslationRefusal(reason: "\(subject) \(Self.reasons[name] ?? "looks at \(name)")")
      }
      if attribute.isNegated, name != "comment", name != "state" {
        throw TranslationRefusal(reason: "\(subject) matches all but some \(name) (match='no')")
      }
      if case .variable(let use) = attribute.value {
        throw TranslationRefusal(reason: "\(subject) takes \(name) from \(use), whose value is no single one")
      }
    }
    return TranslatedRule(
      verdict: verdict, traffic: try traffic(), families: [family], from: try address("src"), to: try address("dst"),
      fromPorts: try ports("src"), comment: comment)
  }

  private func traffic() throws(TranslationRefusal) -> Traffic {
    let ports = try ports("dst").map { [$0] } ?? []
    switch match.filterProtocol {
    case .all, .allIPv6: return .any
    case .tcp, .tcpIPv6: return .ports(.tcp, ports)
    case .udp, .udpIPv6: return .ports(.udp, ports)
    case .sctp, .sctpIPv6: return .ports(.sctp, ports)
    case .icmp, .icmpv6:
      let (type, code) = (number("type"), number("code"))
      if type == nil, code != nil { throw TranslationRefusal(reason: "\(subject) names a code of ICMP without a type") }
      return .icmpNumbered(family, type: type.map { UInt8($0) }, code: code.map { UInt8($0) })
    case .igmp: return .ipProtocol(2)
    case .esp, .espIPv6: return .ipProtocol(50)
    case .ah, .ahIPv6: return .ipProtocol(51)
    case .udplite, .udpliteIPv6: return .ipProtocol(136)
    case .mac, .vlan, .stp, .arp, .rarp, .ip, .ipv6:
      throw TranslationRefusal(reason: "\(subject) is about layer 2")
    }
  }

  private func number(_ name: String) -> UInt32? {
    if case .number(let number)? = match[name]?.value { number } else { nil }
  }

  /// An end without its start makes no match in libvirt (reference H1e).
  private func ports(_ end: String) throws(TranslationRefusal) -> PortRange? {
    guard let first = number("\(end)portstart") else { return nil }
    let last = number("\(end)portend") ?? first
    guard first <= last, last <= 65535 else {
      throw TranslationRefusal(reason: "\(subject) has ports from last to first")
    }
    return UInt16(first)...UInt16(last)
  }

  private func address(_ end: String) throws(TranslationRefusal) -> AddressRange? {
    if let first = address(named: "\(end)ipaddr") {
      guard case .prefixLength(let length)? = match["\(end)ipmask"]?.value else {
        return AddressRange(family: family, range: first...first)
      }
      if length == 0 { return nil }
      return AddressRange(
        family: family, range: AddressSet.prefix(first: first, length: Int(length), family: family))
    }
    guard let first = address(named: "\(end)ipfrom") else { return nil }
    guard let last = address(named: "\(end)ipto"), first <= last else {
      throw TranslationRefusal(reason: "\(subject) has addresses from last to first, or without a last")
    }
    return AddressRange(family: family, range: first...last)
  }

  private func address(named name: String) -> UInt128? {
    switch match[name]?.value {
    case .ipv4(let address): address.number
    case .ipv6(let address): address.number
    default: nil
    }
  }

  private var comment: String? {
    if case .text(let text)? = match["comment"]?.value, !text.isEmpty { text } else { nil }
  }
}
