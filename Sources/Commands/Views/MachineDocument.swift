// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// What one VM gets and why: as JSON, and as text.
struct MachineDocument: Encodable {
  struct Place: Encodable {
    var file: String
    var line: Int

    init(_ range: SourceRange) {
      file = range.file
      line = range.start.line
    }

    var text: String { "\(file):\(line)" }
  }

  struct Group: Encodable {
    var name: String
    var tier: String
    var order: Int
    var uses: [String]
    var place: Place
  }

  struct Rule: Encodable {
    /// `GROUP/RULE`, or `system/WORD` for what no VM can do without.
    var id: String
    /// As it is written; absent for system rules.
    var text: String?
    var place: Place?
    /// The rules of filters that it became; none where other rules decide the same.
    var nwfilter: [String]
  }

  struct Word: Encodable {
    var value: String
    /// Groups; none where it is what holds if nobody says anything.
    var by: [String]
  }

  struct Interface: Encodable {
    var mac: String
    var addresses: [String]
    var network: String?
    var filter: String
    var profile: String
    var groups: [Group]
    var inRules: [Rule]
    var outRules: [Rule]
    var inDefault: Word
    var outDefault: Word
    var guardPolicy: Word
    var system: [Rule]
    var oneWay: [String]
  }

  var machine: String
  var interfaces: [Interface]

  init(_ machine: String, _ explanations: [NICExplanation], _ desired: DesiredState, _ policy: Policy) {
    self.machine = machine
    let filters = Dictionary(desired.filters.map { ($0.filter.name, $0) }, uniquingKeysWith: { first, _ in first })
    var texts = Dictionary(policy.writtenRules.map { ($0.id, $0.rule.text) }, uniquingKeysWith: { first, _ in first })
    if let admins = policy.admins {
      texts["admins/allow"] =
        "allow \(admins.allow.map(\.value.spelling).joined(separator: ", ")) "
        + "from \(admins.from.map(\.value.spelling).joined(separator: ", "))"
    }
    let uses = Dictionary(
      policy.groups.map { ($0.name, $0.rules.uses.map(\.value)) }, uniquingKeysWith: { first, _ in first })
    interfaces = explanations.map { Self.interface($0, filters, texts, uses) }
  }

  private static func interface(
    _ nic: NICExplanation, _ filters: [String: DesiredFilter], _ texts: [String: String], _ uses: [String: [String]]
  ) -> Interface {
    var entries: [String: [String]] = [:]
    var order: [String] = []
    let tree = [nic.profile] + (filters[nic.profile]?.filter.references.map(\.filter) ?? [])
    for filter in tree.compactMap({ filters[$0] }) {
      for (entry, sources) in zip(filter.filter.entries, filter.entrySources) {
        for source in sources {
          if entries[source.id] == nil { order.append(source.id) }
          entries[source.id, default: []].append(entry.summaryWithoutComment)
        }
      }
    }
    /// A rule that others stand between after a `pass` decides in several places; the first of them is its place.
    func rules(_ steps: [NICExplanation.Step]) -> [Rule] {
      var seen: Set<String> = []
      return steps.compactMap { step in
        let id = step.source.id
        guard let text = texts[id], seen.insert(id).inserted else { return nil }
        return Rule(id: id, text: text, place: step.source.range.map(Place.init), nwfilter: entries[id] ?? [])
      }
    }
    let (inRules, outRules) = (rules(nic.inbound), rules(nic.outbound))
    let written = Set((inRules + outRules).map(\.id))
    return Interface(
      mac: nic.nic.mac.description, addresses: nic.nic.addresses.map { "\($0)" }, network: nic.nic.network,
      filter: nic.filter, profile: nic.profile,
      groups: nic.groups.map { group in
        Group(
          name: group.name, tier: group.tier.rawValue, order: group.order, uses: uses[group.name] ?? [],
          place: Place(group.origin))
      }, inRules: inRules, outRules: outRules,
      inDefault: Word(value: nic.inboundDefault.verdict.rawValue, by: nic.inboundDefault.decidedBy),
      outDefault: Word(value: nic.outboundDefault.verdict.rawValue, by: nic.outboundDefault.decidedBy),
      guardPolicy: Word(value: nic.guardPolicy.words, by: nic.guardDecidedBy),
      system: order.filter { !written.contains($0) }.map { Rule(id: $0, nwfilter: entries[$0] ?? []) },
      oneWay: nic.oneWay)
  }

  // MARK: Text

  func text(_ style: Style) -> String {
    guard !interfaces.isEmpty else { return "\(machine) is in no group with rules.\n" }
    return interfaces.map { text($0, style) }.joined(separator: "\n")
  }

  private func text(_ interface: Interface, _ style: Style) -> String {
    var text = style.bold("\(machine) (\(interface.mac))")
    if !interface.addresses.isEmpty { text += "  \(interface.addresses.joined(separator: ", "))" }
    if let network = interface.network { text += "  on network \(network)" }
    text += "\nfilter \(interface.filter): \(interface.profile)\n\nGroups, in the order in which they decide:\n"
    for group in interface.groups {
      let order = group.order == 0 ? "" : ", order \(group.order)"
      let uses = group.uses.isEmpty ? "" : ", uses \(group.uses.joined(separator: ", "))"
      text += "  \(group.name) (\(group.tier)\(order)\(uses))  \(style.dim("# \(group.place.text)"))\n"
    }
    text += "\nIn:\n" + interface.inRules.map { Self.text($0, style) }.joined()
    text += "  default: \(Self.text(interface.inDefault))\n"
    text += "\nOut:\n" + interface.outRules.map { Self.text($0, style) }.joined()
    text += "  default: \(Self.text(interface.outDefault))\n"
    text += "\nGuard: \(Self.text(interface.guardPolicy))\n"
    if !interface.system.isEmpty {
      text += "\nSystem rules and defaults:\n" + interface.system.map { Self.text($0, style) }.joined()
    }
    if !interface.oneWay.isEmpty {
      text += "\nOne way from the host and routed networks, no reply passes: "
      text += interface.oneWay.joined(separator: "; ") + "\n"
    }
    return text
  }

  private static func text(_ word: Word) -> String {
    "\(word.value)  (\(word.by.isEmpty ? "no group says otherwise" : "says \(word.by.joined(separator: ", "))"))"
  }

  private static func text(_ rule: Rule, _ style: Style) -> String {
    var text = "  \(rule.text ?? rule.id)"
    if rule.text != nil {
      let origin = [rule.id, rule.place?.text].compactMap(\.self).joined(separator: ", ")
      text += "  \(style.dim("# \(origin)"))"
    }
    text += "\n"
    if rule.nwfilter.isEmpty { return text + style.dim("      no rule of its own: others decide the same\n") }
    return text + rule.nwfilter.map { style.dim("      \($0)\n") }.joined()
  }
}

extension GuardPolicy {
  /// Its name, or what it says in the words of policies.
  var words: String {
    switch self {
    case .standard: return "standard"
    case .strict: return "strict"
    case .off: return "off"
    default: break
    }
    func text<Value: CustomStringConvertible>(_ sources: Sources<Value>) -> String {
      switch sources {
      case .any: return "any"
      case .only(let declared, let others):
        let words = (declared ? ["declared"] : []) + others.map(\.description)
        return words.count == 1 ? words[0] : "[\(words.joined(separator: ", "))]"
      }
    }
    let within = declaredWithin.map { " (declared within \($0.map { "\($0)" }.joined(separator: ", ")))" } ?? ""
    var words = [
      "mac: \(text(mac))", "ip: \(text(ip))\(within)", "arp: \(checksARP)", "dhcp: \(dhcp.rawValue)", "nd: \(nd)",
    ]
    words += ["ra: \(ra.rawValue)", "multicast: \(multicast)", "broadcast: \(broadcast)"]
    if !vlans.isEmpty { words.append("vlan: [\(vlans.map(String.init).joined(separator: ", "))]") }
    if otherEthertypes { words.append("ethertypes: any") }
    if systemRules != .all { words.append("system: \(systemRules.rawValue)") }
    return words.joined(separator: ", ")
  }
}
