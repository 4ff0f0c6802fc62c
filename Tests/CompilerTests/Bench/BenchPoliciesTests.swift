// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Foundation
import GoldenSupport
import PacketPath
import PolicyLanguage
import Testing

@testable import Compiler

/// The policies of `bench/policies`: how many rules they become, beside those that a person would write, and that both decide
/// the same.
@Suite struct BenchPoliciesTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("bench")

  private static let policies = CompiledPolicies(folder.appendingPathComponent("policies").path)

  @Test("At least three times fewer rules than a plain expansion, and the documented numbers of them")
  func counts() throws {
    let policies = Self.policies
    #expect(policies.problems == [])
    #expect(policies.groups.count == 20)
    var rows: [(String, Int, Int)] = policies.groups.map { group in
      (group.name, PlainExpansion(group, of: policies.policy).rules.count, policies.profile(of: group).rules.count)
    }
    let (plain, compiled) = (rows.map(\.1).reduce(0, +), rows.map(\.2).reduce(0, +))
    #expect(plain >= 3 * compiled, "\(plain) and \(compiled)")
    rows.append(("**all 20**", plain, compiled))
    let table =
      ["| Policy | plain expansion | nwfleet | ratio |", "|---|---:|---:|---:|"]
      + rows.map { name, plain, compiled in
        "| \(name) | \(plain) | \(compiled) | \(String(format: "%.1f", Double(plain) / Double(compiled))) |"
      }
    let text = table.joined(separator: "\n") + "\n"
    expectGolden(text, Self.folder.appendingPathComponent("policies/counts.md").path)
    let page = try String(contentsOf: Self.folder.appendingPathComponent("README.md"), encoding: .utf8)
    #expect(page.contains(text), "bench/README.md shows another table than bench/policies/counts.md")
  }

  @Test("Compiled filters decide as the plain expansion does", arguments: 0..<20)
  func sameVerdicts(index: Int) throws {
    let policies = Self.policies
    let group = try #require(policies.groups.dropFirst(index).first)
    let expansion = PlainExpansion(group, of: policies.policy)
    var verdicts = PlainVerdicts(expansion)
    let machine = policies.machine(of: group)
    let program = try policies.program(of: machine)
    let own = machine.interfaces[0].mac
    let other = RandomPolicy.otherMAC
    var sample = PacketSample(expansion, own: machine.addressNumbers, seed: UInt64(index))
    var allowed = 0
    for _ in 0..<10_000 {
      let (packet, direction) = sample.next()
      let isInbound = direction == .in
      let frame = Frame(
        packet, sourceMAC: isInbound ? other : own, destinationMAC: isInbound ? own : other)
      let tracking = FirstMatch.trackingOfFirst(packet)
      let actual = program.outcome(frame, isInbound ? .toMachine : .fromMachine, .bridged, tracking)
      let verdict = verdicts.verdict(packet, direction)
      if verdict == .allow { allowed += 1 }
      if actual != Outcome(verdict) {
        Issue.record("\(group.name) \(direction) \(packet): \(actual), but the plain rules \(verdict)")
        break
      }
    }
    // A sample that never meets a verdict shows nothing about it.
    #expect((500...9_500).contains(allowed), "\(group.name): \(allowed) of the packets are allowed")
  }
}

/// The repository and what it becomes.
private struct CompiledPolicies {
  let policy: Policy
  let desired: DesiredState
  let problems: [String]
  /// Those that are measured: one VM each, of its name.
  let groups: [Group]
  private let filters: [String: Filter]

  init(_ path: String) {
    let loaded = PolicyRepository.load(directory: path)
    policy = loaded.policy ?? Policy(identity: Identity(project: "none"), repositoryID: "0")
    let compilation = compile(policy)
    desired =
      compilation.desired ?? DesiredState(identity: policy.identity, repositoryID: policy.repositoryID)
    problems = (loaded.diagnostics + compilation.diagnostics).filter { $0.severity == .error }.map(\.message)
    groups = policy.groups.filter { group in !group.selector.names.isEmpty }.sorted { $0.name < $1.name }
    filters = Dictionary(uniqueKeysWithValues: desired.filters.map { ($0.filter.name, $0.filter) })
  }

  func machine(of group: Group) -> InventoryMachine {
    policy.inventory.machines.first { group.selector.selects($0.name, labels: $0.labels) }!
  }

  private func root(of machine: InventoryMachine) -> Filter {
    filters[desired.interfaces.first { $0.machine == machine.name }!.reference.filter]!
  }

  func profile(of group: Group) -> Filter {
    guard case .reference(let reference)? = root(of: machine(of: group)).entries.first else {
      preconditionFailure("the filter of a NIC is a reference")
    }
    return filters[reference.filter]!
  }

  func program(of machine: InventoryMachine) throws -> KernelProgram {
    try KernelProgram(
      root: root(of: machine).name, filters: filters,
      parameters: ["MAC": [machine.interfaces[0].mac.description]])
  }
}

extension InventoryMachine {
  fileprivate var addressNumbers: [AddressFamily: UInt128] {
    var numbers: [AddressFamily: UInt128] = [:]
    for address in addresses {
      switch address {
      case .ipv4(let own): numbers[.ipv4] = own.number
      case .ipv6(let own): numbers[.ipv6] = own.number
      }
    }
    return numbers
  }
}
