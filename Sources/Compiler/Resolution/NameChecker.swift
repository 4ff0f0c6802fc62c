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
    for preset in policy.presets { check(preset) }
    for index in policy.groups.indices { check(policy.groups[index].rules) }
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
            "bad-icmp-type", "there is no kind of ICMP message '\(name)'", at: item.range,
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
    check(ruleSet.inbound)
    check(ruleSet.outbound)
  }

  private mutating func check(_ rules: [PolicyRule]) {
    for index in rules.indices {
      check(rules[index].traffic)
      if let from = rules[index].from { check(from) }
      if let to = rules[index].to { check(to) }
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
