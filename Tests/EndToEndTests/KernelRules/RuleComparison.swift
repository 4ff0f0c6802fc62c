// SPDX-License-Identifier: Apache-2.0

import FilterGenerator
import FilterModel
import FilterXML
import Foundation
import PacketPath
import Processes
import Sandbox
import Testing

/// Binds filters to the port of a VM, and compares what the kernel then holds with the program.
struct RuleComparison {
  private let host: TestHost
  private let port = "vnet1"
  private let machine = "vm1"

  init(_ host: TestHost) async throws {
    self.host = host
    for set in ["nwfleet-test", "nwfleet_test"] {
      try await host.sandbox.exec(["ipset", "create", set, "hash:ip,port"]).requireSuccess()
    }
  }

  /// A value for each kind of attribute, for the variables of ``withOwnVariables(_:)``.
  static let samples: [String: [String]] = [
    "number": ["7"], "decimal": ["7"], "macAddress": ["52:54:00:00:00:05"], "macMask": ["ff:ff:ff:00:00:00"],
    "ipv4Address": ["192.0.2.5", "192.0.2.6"], "ipv4Mask": ["24"], "ipv6Address": ["2001:db8::5"],
    "ipv6Mask": ["64"], "setName": ["nwfleet_test"], "setDirections": ["src"],
  ]

  /// The match with a variable of the attribute's kind in place of any other.
  static func withOwnVariables(_ match: Match) -> Match {
    var result = match
    for attribute in match.attributes {
      guard case .variable(let use) = attribute.value else { continue }
      let kind = "\(match.definition(of: attribute).kind)".prefix { $0.isLetter || $0.isNumber }
      var access = use.access
      if case .element = access { access = .element(0) }
      result.set(
        Int(attribute.index), .variable(VariableReference(String(kind), access)), isNegated: attribute.isNegated)
    }
    return result
  }

  /// Whether the rule has a program, and asks only sets that are there: those of the test are of IPv4.
  func canBind(_ rule: Rule) -> Bool {
    if rule.match?.filterProtocol == .allIPv6, rule.match?["ipset"] != nil { return false }
    let filter = Filter(name: "one", entries: [.rule(rule)])
    let parameters = Self.samples.merging(["MAC": ["52:54:00:01:00:01"]]) { first, _ in first }
    return (try? KernelProgram(root: "one", filters: ["one": filter], parameters: parameters)) != nil
  }

  /// A tree of up to four filters without stock filters or variables that nobody gives; the first is the root.
  static func randomTree(using generator: inout SeededGenerator) -> [Filter] {
    var filters: [Filter] = []
    for number in 0..<Int.random(in: 1...4, using: &generator) {
      var filter = randomFilter(using: &generator)
      filter.name = "tree-\(number)"
      filter.uuid = nil
      filter.entries = filter.rules.compactMap { rule in
        if rule.match?["ipset"] != nil { return nil }
        var rule = rule
        rule.match = rule.match.map(withOwnVariables)
        return .rule(rule)
      }
      for child in filters where Bool.random(using: &generator) {
        filter.entries.insert(
          .reference(FilterReference(child.name, parameters: ["number": ["9"]])),
          at: Int.random(in: 0...filter.entries.count, using: &generator))
      }
      filters.append(filter)
    }
    return filters.reversed()
  }

  /// Expects that libvirt makes the program's rules, or refuses what has no program.
  ///
  /// - Parameters:
  ///   - filters: the root first; others before those that refer to them when read backwards.
  ///   - known: filters that the host has.
  func expectSame(_ filters: [Filter], known: [Filter] = [], parameters: [String: [String]]) async throws {
    let vm = host.sandbox.host(1).virtualMachine(1)
    let program = Result { () throws(KernelProgramError) in
      try KernelProgram(
        root: filters[0].name,
        filters: Dictionary((known + filters).map { ($0.name, $0) }) { _, last in last },
        parameters: parameters.merging(["MAC": [vm.mac]]) { given, _ in given })
    }
    // Chains of one priority have another order in each run of libvirtd.
    let chains = Dictionary(filters.map { ($0.chain, $0.priority) }) { first, _ in first }
    if Set(chains.values).count < chains.count { return }
    try await host.sandbox.unbind(vm: machine)
    for filter in filters.reversed() {
      _ = try? await host.virsh("nwfilter-undefine", filter.name)
      try await host.define(FilterXML.write(filter))
    }
    let text = filters.map { FilterXML.write($0) }.joined(separator: "\n")
    let list = parameters.sorted { $0.key < $1.key }.flatMap { name, values in values.map { (name: name, value: $0) } }
    do {
      try await host.sandbox.bind(vm: machine, filter: filters[0].name, parameters: list)
    } catch {
      if case .success = program { Issue.record("libvirt refuses: \(error)\n\(text)") }
      return
    }
    switch program {
    case .failure(let error): Issue.record("libvirt binds, but: \(error)\n\(text)")
    case .success(let program): try await compare(program, text)
    }
  }

  private func compare(_ program: KernelProgram, _ text: String) async throws {
    let layer2 = EthernetListing(try await list(["ebtables", "-t", "nat", "-L"]))
    let packets = [
      AddressFamily.ipv4: PacketListing(try await list(["iptables", "-S"]), .ipv4),
      .ipv6: PacketListing(try await list(["ip6tables", "-S"]), .ipv6),
    ]
    var expected: Set<String> = []
    for stage in program.allStages {
      for chain in [stage.root] + stage.subchains {
        let name = stage.hook.chainName(chain.name, port: port)
        expected.insert(name)
        let listed =
          switch stage.hook {
          case .ethernet: layer2.chains[name]
          case .forwardFromMachine(let family), .forwardToMachine(let family), .inputFromMachine(let family):
            packets[family]!.chains[name]
          }
        expectSame(listed ?? [], chain.rules.map { ListedRule($0, stage, port: port) }, "\(stage.hook) \(name)", text)
      }
    }
    let own = layer2.chains.keys.filter { $0.contains("-\(port)") && !expected.contains($0) }
    #expect(own == [], "chains that the program does not have\n\(text)")
  }

  private func expectSame(_ listed: [ListedRule], _ expected: [ListedRule], _ chain: String, _ text: String) {
    #expect(listed.count == expected.count, "\(chain): \(listed.count) rules, not \(expected.count)\n\(text)")
    for (index, (one, other)) in zip(listed, expected).enumerated() where one != other {
      let difference = one.conditions.symmetricDifference(other.conditions)
      Issue.record(
        """
        \(chain), rule \(index + 1): the kernel has
        \(one)
        and not
        \(other)
        difference: \(difference)
        \(text)
        """)
      return
    }
  }

  private func list(_ command: [String]) async throws -> String {
    try await host.sandbox.exec(command).requireSuccess().output
  }
}
