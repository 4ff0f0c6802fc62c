// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath

/// `guard: strict | standard | off`, or a mapping that changes single things of `standard`.
extension FileDecoder {
  private static let guardWords: [(name: String, policy: GuardPolicy)] = [
    ("strict", .strict), ("standard", .standard), ("off", .off),
  ]
  private static let guardKeys = GuardPolicy.Part.allCases.map(\.rawValue)

  /// What a guard speaks of: a word of everything, a mapping of its keys.
  static func guardParts(_ node: Node) -> Set<GuardPolicy.Part> {
    guard case .mapping(let fields, _) = node.content else { return Set(GuardPolicy.Part.allCases) }
    return Set(fields.compactMap { GuardPolicy.Part(rawValue: $0.name) })
  }

  mutating func guardPolicy(_ node: Node, _ what: String) -> Located<GuardPolicy>? {
    let words = Self.guardWords.map(\.name)
    let expected = "\(words.joined(separator: ", ")), or a mapping such as {dhcp: server}"
    if case .mapping(let fields, _) = node.content {
      var policy = GuardPolicy.standard
      for field in fields { decodeGuardField(field, what, &policy) }
      checkSystemRules(fields, policy)
      return Located(value: policy, range: range(node))
    }
    guard let word = text(of: node, "guard of \(what)", expected: expected) else { return nil }
    if let known = Self.guardWords.first(where: { $0.name == word }) {
      return Located(value: known.policy, range: range(node))
    }
    let meant = ["no": "off", "false": "off", "none": "off", "on": "standard", "yes": "standard", "true": "standard"]
    report(
      "bad-value", "'\(word.excerpt)' is no guard", at: range(node), expected: expected,
      hint: meant[word.lowercased()].map { "did you mean '\($0)'?" } ?? Suggestion.hint(for: word, in: words))
    return nil
  }

  private mutating func decodeGuardField(_ field: Node.Entry, _ what: String, _ policy: inout GuardPolicy) {
    let name = "\(field.name.excerpt) in guard of \(what)"
    let node = field.value
    switch field.name {
    case "mac": policy.mac = macSources(node, name) ?? policy.mac
    case "ip": policy.ip = addressSources(node, name) ?? policy.ip
    case "arp": policy.checksARP = truth(of: node, name) ?? policy.checksARP
    case "dhcp": policy.dhcp = role(node, name) ?? policy.dhcp
    case "nd": policy.nd = truth(of: node, name) ?? policy.nd
    case "ra": policy.ra = role(node, name) ?? policy.ra
    case "multicast": policy.multicast = truth(of: node, name) ?? policy.multicast
    case "broadcast": policy.broadcast = truth(of: node, name) ?? policy.broadcast
    case "vlan": policy.vlans = vlans(node, name)
    case "ethertypes":
      if let word = word(node, name, ["known", "any"]) { policy.otherEthertypes = word == "any" }
    case "system":
      let word = word(node, name, GuardPolicy.SystemRules.allCases.map(\.rawValue))
      policy.systemRules = word.flatMap { GuardPolicy.SystemRules(rawValue: $0) } ?? policy.systemRules
    default: unknownKey(field, in: "guard of \(what)", known: Self.guardKeys)
    }
  }

  /// Roles are given by system rules.
  private mutating func checkSystemRules(_ fields: [Node.Entry], _ policy: GuardPolicy) {
    guard policy.systemRules != .all else { return }
    for field in fields where ["dhcp", "nd", "ra"].contains(field.name) {
      report(
        "bad-value", "\(field.name) means nothing beside system: \(policy.systemRules.rawValue)", at: keyRange(field),
        hint: "remove it, and write rules for it")
    }
  }

  private mutating func word(_ node: Node, _ what: String, _ words: [String]) -> String? {
    let expected = words.dropLast().joined(separator: ", ") + " or \(words[words.count - 1])"
    guard let word = text(of: node, what, expected: expected) else { return nil }
    if words.contains(word) { return word }
    report(
      "bad-value", "'\(word.excerpt)' is no value for \(what)", at: range(node), expected: expected,
      hint: Suggestion.hint(for: word, in: words))
    return nil
  }

  private mutating func macSources(_ node: Node, _ what: String) -> GuardPolicy.Sources<MACAddress>? {
    let expected = "declared, any, or a list of declared and MAC addresses"
    guard let sources = sources(node, what, expected: expected) else { return nil }
    guard case .only(let declared, let texts) = sources else { return .any }
    let macs = texts.map { nicAddress($0) }
    return macs.contains { $0 == nil } ? nil : .only(declared: declared, others: macs.compactMap { $0 })
  }

  private mutating func addressSources(_ node: Node, _ what: String) -> GuardPolicy.Sources<AddressRange>? {
    let expected = "declared, any, or a list of declared and addresses such as 10.8.0.0/16"
    guard let sources = sources(node, what, expected: expected) else { return nil }
    guard case .only(let declared, let texts) = sources else { return .any }
    let addresses = texts.map { sourceAddresses($0) }
    return addresses.contains { $0 == nil } ? nil : .only(declared: declared, others: addresses.compactMap { $0 })
  }

  /// The texts beside `declared`, not read yet.
  private mutating func sources(
    _ node: Node, _ what: String, expected: String
  ) -> GuardPolicy.Sources<Located<String>>? {
    guard let texts = texts(of: node, what, expected: expected) else { return nil }
    guard !texts.isEmpty else {
      report("missing-value", "\(what) is empty", at: range(node), expected: expected)
      return nil
    }
    if let any = texts.first(where: { $0.value == "any" }) {
      if texts.count == 1 { return .any }
      report(
        "any-with-others", "'any' beside others", at: any.range,
        hint: "any says everything already: remove it, or the others")
      return nil
    }
    let others = texts.filter { $0.value != "declared" }
    return .only(declared: others.count < texts.count, others: others)
  }

  private mutating func sourceAddresses(_ text: Located<String>) -> AddressRange? {
    var parser = RuleParser(.set)
    let scalar = Node.Scalar(text: text.value, style: .plain)
    let peers = parser.peers([RuleText(scalar, text.range)])
    result.diagnostics += parser.diagnostics
    guard let peers else { return nil }
    if peers.count == 1, case .addresses(let range) = peers[0].value { return range }
    report(
      "bad-value", "'\(text.value.excerpt)' is no source of packets", at: text.range,
      expected: "declared, any, or addresses such as 10.8.0.0/16", hint: "write each address as an element of its own")
    return nil
  }

  private mutating func role(_ node: Node, _ what: String) -> GuardPolicy.Role? {
    let words = GuardPolicy.Role.allCases.map(\.rawValue)
    let expected = "client, server or off"
    guard let word = text(of: node, what, expected: expected) else { return nil }
    if let role = GuardPolicy.Role(rawValue: word) { return role }
    let meant = ["no": "off", "false": "off", "yes": "client", "true": "client"]
    report(
      "bad-value", "'\(word.excerpt)' is no value for \(what)", at: range(node), expected: expected,
      hint: meant[word.lowercased()].map { "did you mean '\($0)'?" } ?? Suggestion.hint(for: word, in: words))
    return nil
  }

  /// IEEE 802.1Q: 0 means no VLAN, 4095 is reserved.
  private mutating func vlans(_ node: Node, _ what: String) -> [UInt16] {
    let expected = "a VLAN from 1 to 4094, or a list of them"
    var vlans: [UInt16] = []
    for text in texts(of: node, what, expected: expected) ?? [] {
      if let number = RuleParser.number(text.value, most: 4094), number > 0 {
        vlans.append(UInt16(number))
      } else {
        report("bad-value", "'\(text.value.excerpt)' is no VLAN", at: text.range, expected: expected)
      }
    }
    return vlans
  }

  /// The lowest bit of the first byte means a group of receivers (IEEE 802): no NIC has such an address.
  mutating func nicAddress(_ text: Located<String>) -> MACAddress? {
    let mac = MACAddress(text.value)
    if let mac, mac.bits >> 40 & 1 == 0, mac.bits != 0 { return mac }
    report(
      "bad-mac-address", "'\(text.value.excerpt)' is no address of a NIC", at: text.range,
      expected: "a MAC address such as \"52:54:00:12:34:56\"",
      hint: mac == nil ? nil : "this address means several receivers, or none")
    return nil
  }
}
