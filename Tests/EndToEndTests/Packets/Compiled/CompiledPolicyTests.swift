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

    @Test func `Packets meet what policies say`() async throws {
      var reports: [(place: String, report: FlowReport)] = []
      for network in SandboxNetwork.allCases {
        reports.append((network.rawValue, try await Self.report(network, Self.cases)))
      }
      let administered = try await Self.report(
        .bridge, AdminCases.all, more: AdminCases.admins, environment: AdminCases.environment)
      reports.append(("bridge, with admins and an environment", administered))

      for (place, report) in reports { print("\n\(place): \(report.observations.count) flows\n\(report.table)") }
      let policies = Self.cases.count + AdminCases.all.count
      let count = reports.reduce(0) { $0 + $1.report.observations.count }
      let wrong = reports.flatMap(\.report.disagreements)
      print("\n\(policies) policies, \(count) flows, \(wrong.count) not as the policies say\n")
      fflush(nil)
      for (place, report) in reports where !report.disagreements.isEmpty {
        Issue.record("\(place), not as the policies say:\n\(FlowReport.table(report.disagreements))")
      }
      #expect(policies >= 25)
      #expect(count >= 150)
    }

    /// All flows of cases on one network, and packets that they deny by the words that the plan has for them.
    private static func report(
      _ network: SandboxNetwork, _ cases: [CompiledCase], more: String = "", environment: String? = nil
    ) async throws -> FlowReport {
      let common = ["common.yaml": CompiledCase.common(network) + "\n" + more]
      let options = environment == nil ? [] : ["--env", PacketMatrix.environmentName]
      return try await PacketMatrix.with(
        network, cases.map { $0.policyCase(network) }, common: common, environment: environment
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
