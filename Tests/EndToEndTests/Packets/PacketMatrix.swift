// SPDX-License-Identifier: Apache-2.0

import Foundation
import PacketProbe
import Processes
import Sandbox
import SandboxFixture
import Testing

/// A policy, the machines that it is for, and what it is to do with packets.
struct PolicyCase: Sendable {
  let name: String
  /// How many machines it has; `{vm}`, `{mac}`, `{ip4}`, `{ip6}`, `{port}` stand for the first in the texts below, `{vm2}`
  /// and so on for the others. The peer is 192.168.122.11 and 2001:db8:122::11 everywhere.
  let machines: Int
  /// More keys of each machine's NIC in the inventory, in YAML's flow style: `addresses: [{ip4}]`.
  let nic: String
  /// More keys of each machine in the inventory: `labels: {role: web}`.
  let machine: String
  /// A file of the policy repository.
  let policy: String
  let flows: [Flow]

  init(
    _ name: String, machines: Int = 1, nic: String = "", machine: String = "", policy: String, flows: [Flow]
  ) {
    self.name = name
    self.machines = machines
    self.nic = nic
    self.machine = machine
    self.policy = policy
    self.flows = flows
  }

  /// The lines of the case's machines in the inventory.
  func inventory(_ machines: [SandboxVirtualMachine]) -> String {
    machines.enumerated().map { index, vm in
      // The machine's own facts come first here, whichever of the case it is.
      let facts = [vm] + machines[..<index] + machines[(index + 1)...]
      let nic = self.nic.isEmpty ? "" : ", " + text(self.nic, facts)
      let machine = self.machine.isEmpty ? "" : ", " + text(self.machine, facts)
      return "  \(vm.name): {host: h1\(machine), nics: {\"\(vm.mac)\": {port: \(vm.port)\(nic)}}}\n"
    }.joined()
  }

  /// A text with the machines' own facts in it.
  func text(_ text: String, _ machines: [SandboxVirtualMachine]) -> String {
    var text = text
    for (index, machine) in machines.enumerated() {
      let suffix = index == 0 ? "" : String(index + 1)
      for (name, value) in [
        ("vm", machine.name), ("mac", machine.mac), ("ip4", machine.ipv4Address), ("ip6", machine.ipv6Address),
        ("port", machine.port),
      ] {
        text = text.replacing("{\(name)\(suffix)}", with: value)
      }
    }
    return text
  }
}

/// Policies applied to the machines of one host, all at the same time, and packets between them.
struct PacketMatrix: Sendable {
  let host: TestHost
  let repository: TestRepository
  let lab: PacketLab
  let cases: [PolicyCase]
  /// The VMs of each case, by number.
  let machines: [String: [Int]]

  /// Starts a host, applies the policies of all cases in one run, and takes the machines over.
  ///
  /// - Parameters:
  ///   - common: more files of the policy repository, such as sets, networks or admins that all cases share.
  ///   - environment: the contents of an environment that the policies are applied with.
  static func with<Result>(
    _ network: SandboxNetwork, _ cases: [PolicyCase], common: [String: String] = [:], environment: String? = nil,
    _ body: (_ matrix: PacketMatrix) async throws -> Result
  ) async throws -> Result {
    try await withPolicies(network, cases, common: common, environment: environment) { host, repository, machines in
      let count = machines.values.joined().max() ?? 1
      let lab = try await PacketLab(host.sandbox, network: network, machines: count)
      defer { lab.close() }
      return try await body(
        PacketMatrix(host: host, repository: repository, lab: lab, cases: cases, machines: machines))
    }
  }

  /// Starts a host and applies the policies of all cases in one run; the machines' kernels are left as they are.
  static func withPolicies<Result>(
    _ network: SandboxNetwork, _ cases: [PolicyCase], common: [String: String] = [:], environment: String? = nil,
    _ body: (_ host: TestHost, _ repository: TestRepository, _ machines: [String: [Int]]) async throws -> Result
  ) async throws -> Result {
    var next = PacketLab.firstMachine
    var machines: [String: [Int]] = [:]
    for item in cases {
      try #require(machines[item.name] == nil, "two cases are called \(item.name)")
      machines[item.name] = Array(next..<next + item.machines)
      next += item.machines
    }
    let options = SandboxOptions(virtualMachines: next - 1, network: network)
    return try await withHost(options) { host in
      var inventory = ""
      var files = common
      for item in cases {
        let vms = (machines[item.name] ?? []).map(host.sandbox.host(1).virtualMachine)
        inventory += item.inventory(vms)
        files["\(item.name).yaml"] = item.text(item.policy, vms)
      }
      let repository = try host.repository(machines: inventory, files: files)
      if let environment { try repository.environment(environmentName, environment) }
      let applied = try await repository.apply(environment == nil ? [] : ["--env", environmentName])
      // Without its filters all packets pass, and the table would say nothing.
      try #require(applied.succeeded, "the policies were not applied")
      return try await body(host, repository, machines)
    }
  }

  static let environmentName = "matrix"

  /// A flow of a case that goes on as long as its caller wants.
  func open(_ flow: Flow, of item: PolicyCase, _ family: Family) -> PacketLab.Connection {
    lab.open(flow, machines: machines[item.name] ?? [], family: family)
  }

  /// Gives a case another policy.
  func apply(
    _ policy: String, of item: PolicyCase, expecting status: Int32 = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let vms = (machines[item.name] ?? []).map(host.sandbox.host(1).virtualMachine)
    try repository.write("policies/\(item.name).yaml", item.text(policy, vms))
    try await repository.apply(expecting: status, sourceLocation: sourceLocation)
  }

  /// Tries all flows, many at a time.
  ///
  /// - Parameter more: flows besides those of the cases, by case.
  func observe(_ more: [String: [Flow]] = [:]) async -> FlowReport {
    var jobs: [(item: PolicyCase, flow: Flow, family: Family)] = []
    for item in cases {
      for flow in item.flows + (more[item.name] ?? []) { jobs += flow.families.map { (item, flow, $0) } }
    }
    let observations = await withTaskGroup(of: (Int, Observation).self) { group in
      var results: [(Int, Observation)] = []
      for (index, job) in jobs.enumerated() {
        if index >= 24, let result = await group.next() { results.append(result) }
        group.addTask {
          let verdict = await lab.observe(job.flow, machines: machines[job.item.name] ?? [], family: job.family)
          return (
            index, Observation(policy: job.item.name, flow: job.flow, family: job.family, observed: verdict)
          )
        }
      }
      for await result in group { results.append(result) }
      return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
    return FlowReport(observations)
  }

  /// Tries all flows, prints the table, and fails with all that is not as expected.
  static func expectAgreement(
    _ network: SandboxNetwork, _ cases: [PolicyCase], common: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let report = try await with(network, cases, common: common) { await $0.observe() }
    print("\(network.rawValue): \(cases.count) policies, \(report.observations.count) flows\n\(report.table)\n")
    fflush(nil)
    #expect(!report.observations.isEmpty, sourceLocation: sourceLocation)
    #expect(
      report.disagreements.isEmpty, "not as expected:\n\(FlowReport.table(report.disagreements))",
      sourceLocation: sourceLocation)
  }
}
