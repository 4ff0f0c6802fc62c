// SPDX-License-Identifier: Apache-2.0

import Foundation
import PacketProbe
import Processes
import Sandbox
import Testing

extension EndToEnd {
  /// Real packets under policies in the language of groups: what becomes of them is what the policies say.
  @Suite struct CompiledPolicyTests {
    private static let cases = TrafficCases.all + OrderCases.all + GuardCases.all + PeerCases.all + PresetCases.all

    /// A host of its own for some of the cases: libvirt takes longer for each NIC the more there are.
    private struct Job {
      var network: SandboxNetwork
      var cases: [CompiledCase]
      var admins = ""
      var environment: String?
    }

    private static let jobs: [Job] = {
      var jobs = [
        Job(
          network: .bridge, cases: AdminCases.all, admins: AdminCases.admins, environment: AdminCases.environment),
        Job(network: .routed, cases: PresetCases.all),
      ]
      for start in stride(from: 0, to: cases.count, by: 10) {
        jobs.append(Job(network: .nat, cases: Array(cases[start..<min(start + 10, cases.count)])))
      }
      return jobs
    }()

    @Test func `Packets meet what policies say`() async throws {
      let reports = try await withThrowingTaskGroup(of: (Int, FlowReport).self) { group in
        var reports: [Int: FlowReport] = [:]
        for (index, job) in Self.jobs.enumerated() {
          if index >= 2, let (index, report) = try await group.next() { reports[index] = report }
          group.addTask { (index, try await Self.report(job)) }
        }
        for try await (index, report) in group { reports[index] = report }
        return reports
      }
      for (index, job) in Self.jobs.enumerated() {
        guard let report = reports[index] else { continue }
        print("\n\(job.network.rawValue)\(job.environment == nil ? "" : ", with admins and an environment")")
        print(report.table)
      }
      let policies = Self.cases.count + AdminCases.all.count
      let count = reports.values.reduce(0) { $0 + $1.observations.count }
      let wrong = Self.jobs.indices.flatMap { reports[$0]?.disagreements ?? [] }
      print("\n\(policies) policies, \(count) flows, \(wrong.count) not as the policies say\n")
      fflush(nil)
      if !wrong.isEmpty { Issue.record("not as the policies say:\n\(FlowReport.table(wrong))") }
      #expect(policies >= 25)
      #expect(count >= 150)
    }

    @Test func `Words about what gets in one way are read as rules are`() {
      let words = OneWayWords(["tcp, icmp", "udp from 192.0.2.0/24, 198.51.100.7-198.51.100.9", "any from ::/0"])
      #expect(words.unreadable.isEmpty)
      #expect(words.cover(6, from: "203.0.113.9", .ipv4))
      #expect(words.cover(1, from: "203.0.113.9", .ipv4))
      #expect(!words.cover(58, from: "203.0.113.9", .ipv4))
      #expect(words.cover(17, from: "192.0.2.255", .ipv4))
      #expect(!words.cover(17, from: "192.0.3.0", .ipv4))
      #expect(words.cover(17, from: "198.51.100.9", .ipv4))
      #expect(!words.cover(17, from: "198.51.100.10", .ipv4))
      #expect(words.cover(99, from: "2001:db8::1", .ipv6))
      #expect(!words.cover(99, from: "192.0.2.1", .ipv4))
      #expect(OneWayWords(["tcq", "tcp from nobody", "udp from 192.0.2.0/24 from any"]).unreadable.count == 3)
    }

    /// All flows of cases on one network, and packets that they deny by the words that the plan has for them.
    private static func report(_ job: Job) async throws -> FlowReport {
      let (network, cases) = (job.network, job.cases)
      let common = ["common.yaml": CompiledCase.common(network) + "\n" + job.admins]
      let options = job.environment == nil ? [] : ["--env", PacketMatrix.environmentName]
      return try await PacketMatrix.with(
        network, cases.map { $0.policyCase(network) }, common: common, environment: job.environment
      ) { matrix in
        let words = try await planned(matrix, options)
        var probes: [String: [Flow]] = [:]
        for (index, item) in cases.enumerated() {
          guard let number = matrix.machines[item.name]?.first else { continue }
          let machine = matrix.host.sandbox.host(1).virtualMachine(number).name
          let own = words[machine] ?? []
          let lines = OneWayWords(own)
          #expect(lines.unreadable.isEmpty, "\(item.name): \(own)")
          probes[item.name] = item.denied.flatMap { $0.flows(lines, on: network) }
          // Both commands say the same of a machine.
          if index % 5 == 0 { #expect(try await rendered(matrix, machine, options) == own) }
        }
        return await matrix.observe(probes)
      }
    }

    // MARK: What the program says

    private struct Plan: Decodable {
      struct OneWay: Decodable {
        struct Interface: Decodable { var machine: String }

        var interface: Interface
        var traffic: [String]
      }

      var oneWay: [OneWay]
    }

    private struct Machine: Decodable {
      struct Interface: Decodable { var oneWay: [String] }

      var interfaces: [Interface]
    }

    /// The plan's words about what reaches machines one way, by machine.
    private static func planned(_ matrix: PacketMatrix, _ options: [String]) async throws -> [String: [String]] {
      let plan = try await matrix.host.nwfleet(["plan", "--json", "--repo", matrix.repository.path] + options)
      let document = try JSONDecoder().decode(Plan.self, from: Data(plan.expect(0).output.utf8))
      return Dictionary(document.oneWay.map { ($0.interface.machine, $0.traffic) }) { first, _ in first }
    }

    private static func rendered(
      _ matrix: PacketMatrix, _ machine: String, _ options: [String]
    ) async throws -> [String] {
      let result = try await matrix.host.nwfleet(
        ["render", "--json", "--vm", machine, "--repo", matrix.repository.path] + options)
      let document = try JSONDecoder().decode(Machine.self, from: Data(result.expect(0).output.utf8))
      return document.interfaces.flatMap(\.oneWay)
    }
  }
}
