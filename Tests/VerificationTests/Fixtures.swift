// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PolicyLanguage
import Testing
import Verification

/// A policy in memory, and what tests of it come to.
struct TestPolicy {
  let policy: Policy
  var planner: TestPlanner
  let library: FilterLibrary

  static let facts = """
    project: acme
    id: 6f1c0d2e
    networks:
      default: {subnets: [192.168.122.0/24, "2001:db8:122::/64"], gateway: [192.168.122.1], host: [192.168.122.1]}
    vms:
      web-1: {addresses: [192.168.122.11, "2001:db8:122::11"]}
      web-2: {nics: {"52:54:00:00:00:12": {addresses: [192.168.122.12]}}}
      db-1: {nics: {"52:54:00:00:00:21": {addresses: [192.168.122.21, "2001:db8:122::21"]}}}
      bare-1: {nics: {"52:54:00:00:00:31": }}
    """

  init(_ policies: String, facts: String = Self.facts) throws {
    let result = PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: facts), PolicyFile(path: "policies/all.yaml", text: policies),
    ])
    #expect(result.diagnostics == [])
    policy = try #require(result.policy)
    let (planner, diagnostics) = PolicyCompiler(policy, host: nil, today: try #require(Day("2026-11-22"))).planner()
    #expect(diagnostics.filter { $0.severity == .error } == [])
    self.planner = try #require(planner)
    library = FilterLibrary(self.planner.desired.filters, stock: StockFilters.filters())
  }

  /// All tests, in order.
  mutating func results() -> [TestResult] {
    var verifier = Verifier(library)
    var results: [TestResult] = []
    for planned in planner.plans() { results.append(verifier.check(planned)) }
    return results
  }

  /// A line for each test: `ok`, `no` with the verdict on a counterexample, or `??` with the code of what is wrong.
  mutating func words() -> [String] {
    results().map { result in
      let text = result.planned.test.text
      switch result.status {
      case .passed: return "ok \(text)"
      case .failed(let conversation): return "no \(text): \(conversation.packet) \(conversation.outcome)"
      case .undecided(let problems): return "?? \(text): \(problems.map(\.code.rawValue).joined(separator: " "))"
      }
    }
  }
}
