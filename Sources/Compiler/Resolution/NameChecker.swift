// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// Looks up every name of a policy once, whether or not a NIC of this host has to do with it.
struct NameChecker {
  private(set) var names: NameTable
  var findings = Findings()
  /// Sets in an order in which each comes after those that it names.
  private(set) var setOrder: [String] = []
  private(set) var serviceOrder: [String] = []

  init(_ policy: Policy) {
    names = NameTable(policy)
    checkSets(policy.sets)
    checkServices(policy.services)
    for ruleSet in policy.presets + policy.groups.map(\.rules) { check(ruleSet) }
    checkPresetLoops(policy.presets)
    if let admins = policy.admins {
      check(admins.from)
      check(admins.allow)
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
            "unknown-icmp-message", "there is no kind of ICMP message '\(name)'", at: item.range,
            expected: "a name of 'nwfleet schema services', or icmpv4/NUMBER, icmpv6/NUMBER",
            hint: names.suggestion(for: name, ICMPMessages.all.map(\.name))))
      default: break
      }
    }
  }

  /// - Parameter known: the names that would have been right.
  mutating func unknownParameter(_ name: String, at range: SourceRange, known: [String]) {
    findings.add(names.unknown(.parameter, name, at: range, candidates: known + names.machineParameters))
  }

  private mutating func check(_ ruleSet: RuleSet) {
    for use in ruleSet.uses where names.presets[use.value] == nil {
      findings.add(names.unknown(.preset, use.value, at: use.range))
    }
    for rule in ruleSet.inbound + ruleSet.outbound {
      check(rule.traffic)
      if let from = rule.from { check(from) }
      if let to = rule.to { check(to) }
      checkEnd(rule)
    }
    checkRuleNames(ruleSet)
  }

  /// What ends by itself must not close a gap that the policy counts on.
  private mutating func checkEnd(_ rule: PolicyRule) {
    guard rule.until != nil, rule.verdict != .allow, !rule.expiresOpen else { return }
    findings.add(
      Diagnostic(
        "until-opens",
        "'\(rule.text)' ends by itself, and then what it \(rule.verdict == .pass ? "passes on" : "\(rule.verdict.rawValue)s") may be allowed",
        at: rule.origin, expected: "until: on a rule that allows", hint: "add 'expires: open' if that is meant"))
  }

  /// Environments and expiry know rules by their names.
  private mutating func checkRuleNames(_ ruleSet: RuleSet) {
    var places: [String: SourceRange] = [:]
    for (direction, rules) in [(TrafficDirection.in, ruleSet.inbound), (.out, ruleSet.outbound)] {
      for rule in rules {
        let name = rule.name(direction)
        let range = rule.name?.range ?? rule.origin
        guard let first = places[name] else {
          places[name] = range
          continue
        }
        findings.add(
          Diagnostic(
            "duplicate-rule-name", "'\(ruleSet.name.value)' has two rules called '\(name)'", at: range,
            hint: rule.name == nil ? "remove one of them, or tell them apart with name:" : "rename one of them",
            notes: [Diagnostic.Note("the first one", at: first)]))
      }
    }
  }

  // MARK: Definitions that name each other

  private mutating func checkSets(_ sets: [AddressSetDefinition]) {
    var edges: [String: [String]] = [:]
    for set in sets {
      check(set.members)
      check(set.except)
      for peer in set.members + set.except {
        switch peer.value {
        case .any, .network, .parameter:
          findings.add(
            Diagnostic(
              "bad-set-member", "'\(peer.value.spelling)' cannot be in a set", at: peer.range,
              expected: "addresses, prefixes, ranges, @SET, group:NAME or vm:NAME"))
        default: break
        }
      }
      edges[set.name.value] = (set.members + set.except).compactMap { peer in
        if case .set(let name) = peer.value { name } else { nil }
      }
    }
    let graph = NameGraph(edges)
    setOrder = graph.order
    let known = names
    report(graph.loops, "sets", "set-loop") { known.sets[$0]?.name.range }
  }

  private mutating func checkServices(_ services: [ServiceDefinition]) {
    var edges: [String: [String]] = [:]
    for service in services {
      check(service.traffic)
      for item in service.traffic {
        guard case .parameter = item.value else { continue }
        findings.add(
          Diagnostic(
            "bad-service-item", "'\(item.value.spelling)' cannot be in a service", at: item.range,
            expected: "other services, or protocols and ports", hint: "write it in the rules that use the service"))
      }
      edges[service.name.value] = service.traffic.compactMap { item in
        if case .service(let name) = item.value { name } else { nil }
      }
    }
    let graph = NameGraph(edges)
    serviceOrder = graph.order
    let known = names
    report(graph.loops, "services", "service-loop") { known.services[$0]?.name.range }
  }

  private mutating func checkPresetLoops(_ presets: [RuleSet]) {
    let edges = Dictionary(presets.map { ($0.name.value, $0.uses.map(\.value)) }) { first, _ in first }
    let known = names
    report(NameGraph(edges).loops, "presets", "preset-loop") { known.presets[$0]?.name.range }
  }

  private mutating func report(
    _ loops: [[String]], _ what: String, _ code: Diagnostic.Code, place: (String) -> SourceRange?
  ) {
    for loop in loops {
      let path = (loop + [loop[0]]).joined(separator: " → ")
      findings.add(
        Diagnostic(
          code, "\(what) include each other in a loop: \(path)", at: place(loop[0]), hint: "remove one of them",
          notes: loop.dropFirst().prefix(8).map { Diagnostic.Note("'\($0)' is defined here", at: place($0)) }))
    }
  }
}
