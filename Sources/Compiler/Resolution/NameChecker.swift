// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
import FilterModel
import PacketPath

extension Policy {
  /// Names that the policy does not have, and definitions that run in circles: all that can be known of a policy that is too
  /// wrong to be compiled.
  ///
  /// - Parameter furtherGroups: names of groups that are there, but too wrong to be in the policy.
  public func problemsOfNames(furtherGroups: [String]) -> [Diagnostic] {
    NameChecker(self, furtherGroups: furtherGroups).findings.sorted
  }
}

/// Looks up every name of a policy once, whether or not a NIC of this host has to do with it.
struct NameChecker {
  private(set) var names: NameTable
  var findings = Findings()
  /// Sets in an order in which each comes after those that it names.
  private(set) var setOrder: [String] = []
  private(set) var serviceOrder: [String] = []

  /// - Parameter furtherGroups: names of groups that are there, but too wrong to be in the policy.
  init(_ policy: Policy, furtherGroups: [String] = []) {
    names = NameTable(policy, furtherGroups: furtherGroups)
    checkSets(policy.sets)
    checkServices(policy.services)
    for preset in policy.presets { check(preset) }
    for index in policy.groups.indices { check(policy.groups[index].rules) }
    checkPresetLoops(policy.presets)
    if let admins = policy.admins {
      check(admins.from)
      reportPlaceholders(admins.from)
      check(admins.allow)
    }
    for test in policy.allTests {
      check(test.peers)
      check(test.traffic)
    }
    for machine in policy.inventory.machines {
      for network in [machine.network] + machine.interfaces.map(\.network) {
        guard let network, names.networks[network] == nil else { continue }
        findings.add(names.unknown(.network, network, at: machine.origin))
      }
    }
  }

  mutating func check(_ peers: [Located<Peer>]) {
    for peer in peers {
      switch peer.value {
      case .set(let name) where names.sets[name] == nil: findings.add(names.unknown(.set, name, at: peer.range))
      case .group(let name) where names.groups[name] == nil:
        findings.add(names.unknown(.group, name, at: peer.range))
      case .machine(let name) where names.machines[name] == nil:
        findings.add(names.unknown(.machine, name, at: peer.range))
      default: break
      }
    }
  }

  mutating func check(_ traffic: [Located<Traffic>]) {
    for item in traffic {
      switch item.value {
      case .service(let name) where names.services[name] == nil && ServiceCatalogue[name] == nil:
        findings.add(names.unknown(.service, name, at: item.range))
      case .icmp(let name?) where ICMPMessages[name] == nil:
        findings.add(
          Diagnostic(
            "bad-icmp-type", "there is no kind of ICMP message '\(name)'", at: item.range,
            expected: "a name of 'nwfleet schema services', or icmpv4/NUMBER, icmpv6/NUMBER",
            hint: names.suggestion(for: name, ICMPMessages.all.map(\.name))))
      default: break
      }
    }
  }

  /// Denials may name them: lists of addresses that nobody should have do.
  private mutating func reportPlaceholders(_ peers: [Located<Peer>]) {
    for peer in peers {
      guard case .addresses(let range) = peer.value, let hint = Self.placeholder(range) else { continue }
      findings.add(
        Diagnostic(
          "never-matches", "no packet between machines has the address \(range)", severity: .warning, at: peer.range,
          hint: hint))
    }
  }

  /// Addresses that no packet on a network has (RFC 1122, RFC 4291): the hint says what was probably meant.
  private static func placeholder(_ range: AddressRange) -> String? {
    let (first, last) = (range.range.lowerBound, range.range.upperBound)
    let isOne = first == last
    if range.family == .ipv4 {
      // A client without an address asks for one from 0.0.0.0, but that is the guard's business.
      if isOne, first == 0 { return "write any for everybody, or 0.0.0.0/0 for all of IPv4" }
      if first >> 24 == 127, last >> 24 == 127 { return "write host for the machine that runs the VM" }
      return nil
    }
    if isOne, first == 0 { return "write any for everybody, or \"::/0\" for all of IPv6" }
    if isOne, first == 1 { return "write host for the machine that runs the VM" }
    if first >> 32 == 0xffff, last >> 32 == 0xffff { return "write the IPv4 address itself" }
    return nil
  }

  /// - Parameter known: the names that would have been right.
  mutating func unknownParameter(_ name: String, at range: SourceRange, known: [String]) {
    findings.add(names.unknown(.parameter, name, at: range, candidates: known + names.machineParameters))
  }

  private mutating func check(_ ruleSet: RuleSet) {
    for use in ruleSet.uses where names.presets[use.value] == nil {
      findings.add(names.unknown(.preset, use.value, at: use.range))
    }
    check(ruleSet.inbound)
    check(ruleSet.outbound)
  }

  private mutating func check(_ rules: [PolicyRule]) {
    for index in rules.indices {
      check(rules[index].traffic)
      for peers in [rules[index].from, rules[index].to] {
        guard let peers else { continue }
        check(peers)
        if rules[index].verdict == .allow { reportPlaceholders(peers) }
      }
    }
  }

  // MARK: Definitions that name each other

  private mutating func checkSets(_ sets: [AddressSetDefinition]) {
    var edges: [String: [String]] = [:]
    for set in sets {
      check(set.members)
      check(set.except)
      edges[set.name.value] = (set.members + set.except).compactMap { peer in
        if case .set(let name) = peer.value { name } else { nil }
      }
    }
    let graph = NameGraph(edges)
    setOrder = graph.order
    for loop in graph.loops {
      findings.add(
        Diagnostic(
          "set-loop", Self.loopMessage("sets", loop), at: names.sets[loop[0]]?.name.range, hint: Self.loopHint,
          notes: Self.loopNotes(loop) { names.sets[$0]?.name.range }))
    }
  }

  private mutating func checkServices(_ services: [ServiceDefinition]) {
    var edges: [String: [String]] = [:]
    for service in services {
      check(service.traffic)
      edges[service.name.value] = service.traffic.compactMap { item in
        if case .service(let name) = item.value { name } else { nil }
      }
    }
    let graph = NameGraph(edges)
    serviceOrder = graph.order
    for loop in graph.loops {
      findings.add(
        Diagnostic(
          "service-loop", Self.loopMessage("services", loop), at: names.services[loop[0]]?.name.range,
          hint: Self.loopHint,
          notes: Self.loopNotes(loop) { names.services[$0]?.name.range }))
    }
  }

  private mutating func checkPresetLoops(_ presets: [RuleSet]) {
    let edges = Dictionary(presets.map { ($0.name.value, $0.uses.map(\.value)) }) { first, _ in first }
    for loop in NameGraph(edges).loops {
      findings.add(
        Diagnostic(
          "preset-loop", Self.loopMessage("presets", loop), at: names.presets[loop[0]]?.name.range,
          hint: Self.loopHint, notes: Self.loopNotes(loop) { names.presets[$0]?.name.range }))
    }
  }

  private static func loopMessage(_ what: String, _ loop: [String]) -> String {
    "\(what) include each other in a loop: \((loop + [loop[0]]).joined(separator: " → "))"
  }

  private static let loopHint = "remove one of them from another"

  private static func loopNotes(_ loop: [String], _ place: (String) -> SourceRange?) -> [Diagnostic.Note] {
    loop.dropFirst().prefix(8).map { Diagnostic.Note("'\($0)' is defined here", at: place($0)) }
  }
}
