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
  /// How many machines it has; `{vm}`, `{mac}`, `{ip4}`, `{ip6}` stand for the first in the texts below, `{vm2}` and so on
  /// for the others, `{peer4}` and `{peer6}` for the addresses of the peer.
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

  /// A text with the machines' own facts in it.
  func text(_ text: String, _ machines: [SandboxVirtualMachine], peer: SandboxVirtualMachine) -> String {
    var text = text.replacing("{peer4}", with: peer.ipv4Address).replacing("{peer6}", with: peer.ipv6Address)
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
  static func with<Result>(
    _ network: SandboxNetwork, _ cases: [PolicyCase], _ body: (_ matrix: PacketMatrix) async throws -> Result
  ) async throws -> Result {
    var next = PacketLab.firstMachine
    var machines: [String: [Int]] = [:]
    for item in cases {
      #expect(machines[item.name] == nil, "two cases are called \(item.name)")
      machines[item.name] = Array(next..<next + item.machines)
      next += item.machines
    }
    let options = SandboxOptions(virtualMachines: next - 1, network: network)
    return try await withHost(options) { host in
      let sandboxHost = host.sandbox.host(1)
      var inventory = ""
      var files: [String: String] = [:]
      for item in cases {
        let vms = (machines[item.name] ?? []).map(sandboxHost.virtualMachine)
        for (index, vm) in vms.enumerated() {
          // The machine's own facts come first: those of the whole case begin with it.
          let facts = [vm] + vms[..<index] + vms[(index + 1)...]
          let nic = item.nic.isEmpty ? "" : ", " + item.text(item.nic, facts, peer: sandboxHost.virtualMachine(1))
          let machine = item.machine.isEmpty ? "" : ", " + item.machine
          inventory += "  \(vm.name): {host: h1\(machine), nics: {\"\(vm.mac)\": {port: \(vm.port)\(nic)}}}\n"
        }
        files["\(item.name).yaml"] = item.text(item.policy, vms, peer: sandboxHost.virtualMachine(1))
      }
      let repository = try host.repository(machines: inventory, files: files)
      let applied = try await repository.apply()
      // Without its filters all packets pass, and the table would say nothing.
      try #require(applied.succeeded, "the policies were not applied")
      let lab = try await PacketLab(host.sandbox, network: network, machines: next - 1)
      defer { lab.close() }
      return try await body(
        PacketMatrix(host: host, repository: repository, lab: lab, cases: cases, machines: machines))
    }
  }

  /// A flow of a case that goes on as long as its caller wants.
  func open(_ flow: Flow, of item: PolicyCase, _ family: Family) -> PacketLab.Connection {
    lab.open(flow, machines: machines[item.name] ?? [], family: family)
  }

  /// Gives a case another policy.
  func apply(
    _ policy: String, of item: PolicyCase, expecting status: Int32 = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let sandboxHost = host.sandbox.host(1)
    let vms = (machines[item.name] ?? []).map(sandboxHost.virtualMachine)
    try repository.write(
      "policies/\(item.name).yaml", item.text(policy, vms, peer: sandboxHost.virtualMachine(1)))
    try await repository.apply(expecting: status, sourceLocation: sourceLocation)
  }

  /// Tries all flows, many at a time.
  func observe() async -> FlowReport {
    var jobs: [(item: PolicyCase, flow: Flow, family: Family)] = []
    for item in cases {
      for flow in item.flows { jobs += flow.families.map { (item, flow, $0) } }
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
    _ network: SandboxNetwork, _ cases: [PolicyCase], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let report = try await with(network, cases) { await $0.observe() }
    print("\(network.rawValue): \(cases.count) policies, \(report.observations.count) flows\n\(report.table)\n")
    #expect(!report.observations.isEmpty, sourceLocation: sourceLocation)
    #expect(
      report.disagreements.isEmpty, "not as expected:\n\(FlowReport.table(report.disagreements))",
      sourceLocation: sourceLocation)
  }
}
