// SPDX-License-Identifier: Apache-2.0

public import FilterModel
import PacketPath

/// Proposes a group for a hand-written filter, rule by rule in libvirt's order.
///
/// A proposal is a guess: who takes it compiles it, and compares what the kernel makes of both.
public struct FilterTranslator {
  private let filters: [String: Filter]
  private var rules: [TrafficDirection: [TranslatedRule]] = [.in: [], .out: []]
  /// What becomes of packets of a family that no rule before has decided, once a rule decides them all.
  private var ends: [AddressFamily: Verdict] = [:]
  private var guardPolicy = FilterTranslator.bareGuard

  /// Nothing but the rules.
  private static let bareGuard: GuardPolicy = {
    var policy = GuardPolicy.off
    policy.systemRules = .nothing
    (policy.dhcp, policy.ra) = (.client, .client)
    return policy
  }()

  /// - Parameters:
  ///   - reference: of a port.
  ///   - filters: by name; at least those that are referred to.
  ///   - mac: of the port.
  /// - Returns: the nearest group that there is.
  /// - Throws: what in the filter no group has words for.
  public static func proposal(
    for reference: FilterReference, filters: [String: Filter], mac: MACAddress
  ) throws(TranslationRefusal) -> ProposedGroup {
    var parameters = reference.parameters
    if let given = parameters["MAC"], given != [mac.description] {
      throw TranslationRefusal(reason: "its parameter MAC is not the NIC's MAC address")
    }
    parameters["MAC"] = [mac.description]
    let bound: [BoundRule]
    do throws(KernelProgramError) {
      bound = try KernelProgram.boundRules(root: reference.filter, filters: filters, parameters: parameters)
    } catch {
      if error.code == .missingVariable, error.part == "IP" {
        throw TranslationRefusal(reason: "libvirt learns $IP from what the VM sends first, which no group does")
      }
      throw TranslationRefusal(reason: error.description)
    }
    var translator = FilterTranslator(filters: filters)
    try translator.readEthernet(bound.filter(\.isEthernet), mac, addresses: parameters["IP"] ?? [])
    for rule in bound where !rule.isEthernet { try translator.read(rule) }
    return try translator.proposal()
  }

  private init(filters: [String: Filter]) { self.filters = filters }

  // MARK: Layer 2

  /// Filters of libvirt's own that a guard comes near to.
  private static let guards: Set<String> = [
    "no-mac-spoofing", "no-ip-spoofing", "no-arp-spoofing", "no-arp-mac-spoofing", "no-arp-ip-spoofing",
    "clean-traffic",
  ]

  /// The guard that stands for the rules at layer 2; no rule of a group does.
  private mutating func readEthernet(
    _ bound: [BoundRule], _ mac: MACAddress, addresses: [String]
  ) throws(TranslationRefusal) {
    if bound.isEmpty { return }
    if bound.map(\.rule.content) == Self.ownMACOnly(mac), bound.allSatisfy({ $0.chain.hasPrefix("mac") }) {
      guardPolicy.mac = .only(declared: true, others: [])
      return
    }
    if let other = bound.first(where: { Self.guards.isDisjoint(with: $0.origin.path) }) {
      throw TranslationRefusal(
        reason: "\(subject(other.origin)) is about layer 2 (\(other.elementName)), "
          + "of which groups have their guard only")
    }
    guardPolicy = .standard
    let ranges = addresses.compactMap { text in try? AddressRange(parsing: text) }
    if bound.contains(where: { $0.origin.path.contains { $0.hasSuffix("ip-spoofing") } }), !ranges.isEmpty {
      guardPolicy.ip = .only(declared: false, others: ranges)
    }
  }

  /// What `no-mac-spoofing` says.
  private static func ownMACOnly(_ mac: MACAddress) -> [Rule.Content] {
    [
      Rule.Content(action: .return, direction: .out, match: Match(.mac, ["srcmacaddr": .mac(mac)])),
      Rule.Content(action: .drop, direction: .out, match: Match(.mac)),
    ]
  }

  // MARK: Layer 3

  private mutating func read(_ bound: BoundRule) throws(TranslationRefusal) {
    guard let match = bound.rule.match else { return }
    let reader = MatchReader(match: match, subject: subject(bound.origin))
    guard ends[reader.family] == nil else { return }
    switch bound.rule.action {
    case .accept: try readAccept(bound.rule, reader)
    case .return:
      // Never looks at connections, and the host's own rules have the last word.
      addBoth(try reader.rule(.allow), bound.rule, isStateless: true)
    case .drop: try readDenial(.drop, bound.rule, reader)
    case .reject: try readDenial(.reject, bound.rule, reader)
    case .continue: throw TranslationRefusal(reason: "\(reader.subject) says 'continue', which iptables does not know")
    }
  }

  private mutating func readAccept(_ rule: Rule, _ reader: MatchReader) throws(TranslationRefusal) {
    var translated = try reader.rule(.allow)
    guard rule.matchesState, case .states(let states)? = reader.match["state"]?.value else {
      if rule.matchesState, rule.direction != .inout {
        // Other messages than queries begin no connection, and answers come with the rule for the query.
        if case .icmpNumbered(let family, let type?, _) = translated.traffic,
          ConnectionTracking.reply(to: type, family) == nil
        {
          return
        }
        add(translated, rule.direction == .in ? .in : .out)
      } else {
        addBoth(translated, rule, isStateless: true)
      }
      return
    }
    if states.isEmpty || states.contains(.new) {
      // With a state libvirt makes no rule for the other direction.
      translated.isStateless = states.isEmpty
      if rule.direction != .out { add(translated, .in) }
      if rule.direction != .in { add(rule.direction == .out ? translated : translated.reversed(), .out) }
    } else if states.contains(.related) {
      // What is left is about flows that other rules begin.
      guardPolicy.systemRules = .icmpErrors
    }
  }

  private mutating func readDenial(
    _ verdict: Verdict, _ rule: Rule, _ reader: MatchReader
  ) throws(TranslationRefusal) {
    let translated = try reader.rule(verdict)
    if rule.matchesState, case .states(let states)? = reader.match["state"]?.value, !states.isEmpty {
      // Packets that belong to no flow are dropped anyway.
      if states == .invalid, verdict == .drop { return }
      throw TranslationRefusal(reason: "\(reader.subject) denies by the state of connections")
    }
    let isAll = translated.traffic == .any && translated.from == nil && translated.to == nil
    if isAll, reader.match["state"] == nil {
      ends[reader.family] = verdict
    } else {
      addBoth(translated, rule, isStateless: false)
    }
  }

  /// A rule without states, which libvirt makes for both directions.
  private mutating func addBoth(_ translated: TranslatedRule, _ rule: Rule, isStateless: Bool) {
    var translated = translated
    translated.isStateless = isStateless
    if case .icmpNumbered(_, .some, _) = translated.traffic {
      // For given types of ICMP it makes the one direction, and none of 'inout'.
      if rule.direction != .inout { add(translated, rule.direction == .in ? .in : .out) }
      return
    }
    add(rule.direction == .out ? translated.reversed() : translated, .in)
    add(rule.direction == .out ? translated : translated.reversed(), .out)
  }

  private mutating func add(_ rule: TranslatedRule, _ direction: TrafficDirection) {
    rules[direction, default: []].append(rule)
  }

  // MARK: The group

  private mutating func proposal() throws(TranslationRefusal) -> ProposedGroup {
    let verdicts = Set(ends.values)
    guard verdicts.count < 2 else {
      throw TranslationRefusal(
        reason: "one family is dropped at the end and the other rejected; a group has one default")
    }
    // What nothing decides passes, whatever connection it belongs to.
    let open = Set(AddressFamily.allCases.filter { ends[$0] == nil })
    if !open.isEmpty {
      let rest = TranslatedRule(verdict: .allow, traffic: .any, families: open, isStateless: true)
      add(rest, .in)
      add(rest, .out)
    }
    var inbound = TranslatedRule.merged(rules[.in] ?? [])
    var outbound = TranslatedRule.merged(rules[.out] ?? [])
    let end = verdicts.first ?? .drop
    let inboundDefault = Self.takeDefault(&inbound) ?? end
    let outboundDefault = Self.takeDefault(&outbound) ?? end
    return ProposedGroup(
      guardPolicy: guardPolicy, inbound: inbound.map { $0.written(.in) }, outbound: outbound.map { $0.written(.out) },
      inboundDefault: inboundDefault, outboundDefault: outboundDefault)
  }

  /// A last rule that allows everything is a default.
  private static func takeDefault(_ rules: inout [TranslatedRule]) -> Verdict? {
    guard let last = rules.last, last.verdict == .allow, last.traffic == .any, last.families.count == 2,
      last.from == nil, last.to == nil, !last.isStateless
    else { return nil }
    rules.removeLast()
    return .allow
  }

  /// `rule 3 of filter web`.
  private func subject(_ origin: Origin) -> String {
    let entries = filters[origin.filter]?.entries ?? []
    let number = entries.prefix(origin.entry + 1).count { if case .rule = $0 { true } else { false } }
    return "rule \(number) of filter \(origin.filter)"
  }
}

extension BoundRule {
  fileprivate var isEthernet: Bool { rule.match.map { $0.filterProtocol.layer == .ethernet } ?? true }

  fileprivate var elementName: String { rule.match?.filterProtocol.name ?? "all frames" }
}

extension Rule {
  /// What a rule does, wherever it stands.
  fileprivate struct Content: Equatable {
    var action: Action
    var direction: Direction
    var match: Match?
  }

  fileprivate var content: Content { Content(action: action, direction: direction, match: match) }
}
