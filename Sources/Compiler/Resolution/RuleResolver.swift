// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// Turns rules as they are written into sets of packets.
struct RuleResolver {
  var peers: PeerResolver
  var traffic: TrafficResolver

  init(checker: NameChecker, index: MachineIndex, hosts: [InventoryHost]) {
    var peers = PeerResolver(checker: checker, index: index, hosts: hosts)
    traffic = TrafficResolver(&peers)
    self.peers = peers
  }

  var findings: Findings {
    get { peers.checker.findings }
    set { peers.checker.findings = newValue }
  }

  /// nil where something is wrong with the rule, which is then reported, or where it matches nothing.
  mutating func resolve(_ rule: PolicyRule, _ scope: Scope, group: String, id: String) -> ResolvedRule? {
    // Both ends are looked up even where one is wrong: all problems of a rule show at once.
    let from = rule.from.map { peers.resolve($0, scope) } ?? .some(.any)
    let to = rule.to.map { peers.resolve($0, scope) } ?? .some(.any)
    let regions = traffic.resolve(rule.traffic, scope, &peers)
    guard let from, let to, var regions else { return nil }
    reportEmpties(rule, from, to, scope)
    if let ports = rule.fromPorts {
      guard restrict(&regions, fromPorts: ports, rule) else { return nil }
    }
    var result: [PacketRegion] = []
    result.reserveCapacity(regions.count)
    for var region in regions {
      region.source = from.addresses(region.family)
      region.destination = to.addresses(region.family)
      if !region.isEmpty { result.append(region) }
    }
    if result.isEmpty {
      if !from.isEmpty, !to.isEmpty { reportFamilies(rule, from, to, regions) }
      return nil
    }
    return ResolvedRule(
      verdict: rule.verdict, packets: PacketSet(result), connectionLimit: rule.connectionLimit,
      isStateless: rule.isStateless, group: group, source: RuleSource(id: id, range: rule.origin))
  }

  /// Ports that packets come from; false where the rule is about something without ports.
  private mutating func restrict(_ regions: inout [PacketRegion], fromPorts: [PortRange], _ rule: PolicyRule) -> Bool {
    for index in regions.indices {
      guard regions[index].portUse == .ports else {
        findings.add(
          Diagnostic(
            "ports-not-possible", "'\(rule.text)' speaks of something that has no ports, but from-port is given",
            at: rule.origin, expected: "tcp, udp, sctp or services of these", hint: "make two rules of it"))
        return false
      }
      regions[index].sourcePorts = IntervalSet(fromPorts)
    }
    return true
  }

  /// A name that stands for nothing: it allows nobody, but whoever wants to keep somebody out believes to have done so.
  private mutating func reportEmpties(_ rule: PolicyRule, _ from: ResolvedPeers, _ to: ResolvedPeers, _ scope: Scope) {
    for (list, resolved) in [(rule.from, from), (rule.to, to)] where !resolved.empties.isEmpty {
      let names = resolved.empties.map { "'\($0)'" }.joined(separator: ", ")
      let isOne = resolved.empties.count == 1
      let what = "\(names) \(isOne ? "is" : "are") empty"
      let range = list?.first { item in resolved.empties.contains(item.value.spelling) }?.range ?? list?.first?.range
      let consequence =
        switch (rule.verdict, resolved.isEmpty) {
        case (.allow, true): ": this allows nobody"
        case (.allow, false): ": of this list, the others alone are allowed"
        case (_, true): ", so '\(rule.text)' does not do what it says"
        case (_, false): ", so '\(rule.text)' speaks of the others alone"
        }
      findings.add(
        Diagnostic(
          "empty-peer", what + consequence, severity: rule.verdict == .allow ? .warning : .error,
          at: range ?? rule.origin,
          hint: "give \(isOne ? "it" : "them") members, or remove \(isOne ? "it" : "them") here"))
    }
  }

  private mutating func reportFamilies(
    _ rule: PolicyRule, _ from: ResolvedPeers, _ to: ResolvedPeers, _ regions: [PacketRegion]
  ) {
    func families(_ peers: ResolvedPeers) -> String? {
      if peers.ipv4.isEmpty { return "IPv6" }
      return peers.ipv6.isEmpty ? "IPv4" : nil
    }
    var parts: [String] = []
    let traffic = Set(regions.map(\.family))
    if traffic.count == 1 {
      parts.append("'\(rule.traffic[0].value.spelling)' is \(traffic == [.ipv4] ? "IPv4" : "IPv6")")
    }
    if let family = families(from) { parts.append("'from' is \(family)") }
    if let family = families(to) { parts.append("'to' is \(family)") }
    findings.add(
      Diagnostic(
        "families-do-not-meet", "no packet can match '\(rule.text)': \(parts.joined(separator: ", "))",
        at: rule.origin, expected: "addresses of one family at both ends",
        hint: "add addresses of the other family, or remove an end that has none"))
  }
}
