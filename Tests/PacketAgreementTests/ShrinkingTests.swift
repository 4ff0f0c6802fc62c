// SPDX-License-Identifier: Apache-2.0

import FilterGenerator
import FilterModel
import PacketPath
import PacketProbe
import Testing

@testable import PacketAgreement

/// Cases of a seed, and how disagreements are made small; no host is needed.
@Suite struct ShrinkingTests {
  @Test func `Cases are those of their seed, and connections are apart from each other`() {
    let source = CaseSource(seed: 7, trials: 30, given: [])
    let (cases, again) = (source.batch(0), source.batch(0))
    #expect(cases.map(\.tree) == again.map(\.tree))
    #expect(cases.map { $0.trials.map(\.frame) } == again.map { $0.trials.map(\.frame) })
    #expect(cases.count == CaseSource.mostMachines)
    #expect(Set(cases.map(\.machine)).count == cases.count)
    for item in cases {
      #expect(item.tree.definitionOrder?.last?.name == item.tree.root)
      #expect(item.trials.count == 30)
    }
    let other = CaseSource(seed: 8, trials: 30, given: []).batch(0)
    #expect(other.map(\.tree) != cases.map(\.tree))
  }

  @Test func `All chains, protocols and actions come up, and nobody's answer is awaited`() {
    let source = CaseSource(seed: 1, trials: 10, given: [])
    let cases = (0..<10).flatMap { source.batch($0) }
    let filters = cases.flatMap { $0.tree.filters.values }
    let rules = filters.flatMap(\.rules)
    #expect(Set(filters.compactMap { Chain.prefix(of: $0.chain)?.name }) == Set(Chain.prefixes.map(\.name)))
    #expect(Set(rules.compactMap { $0.match?.filterProtocol }) == Set(FilterProtocol.allCases))
    #expect(Set(rules.map(\.action)) == Set(Action.allCases))
    #expect(rules.contains { $0.match?.attributes.contains { $0.isNegated } == true })
    let trials = cases.flatMap(\.trials)
    #expect(Set(trials.map(\.topology)) == Set(Topology.allCases))
    #expect(Set(trials.map(\.tracking.state)) == Set(Tracking.State.allCases))
  }

  @Test func `A case shrinks to the one rule and attribute that disagree`() async throws {
    let source = CaseSource(seed: 3, trials: 1, given: [])
    let found = (0..<50).lazy.flatMap { source.batch($0) }.first { item in
      item.tree.filters.count > 2 && Self.disagrees(item)
    }
    let item = try #require(found)
    var result = AgreementResult(item: item)
    result.findings = [.disagreement(arrived: true)]
    var shrinking = Shrinking(result, trial: 0, within: .seconds(3600)) { candidate in
      var result = AgreementResult(item: candidate)
      result.findings = [Self.disagrees(candidate) ? .disagreement(arrived: true) : .agreement]
      return result
    }
    let smallest = try await shrinking.run().item
    #expect(smallest.tree.filters.count == 1)
    #expect(smallest.tree.parameters.isEmpty)
    let rules = smallest.tree.filters.values.flatMap(\.rules)
    #expect(rules.count == 1)
    #expect(rules.first?.match?.attributes.count == 1)
    #expect(smallest.trials.first?.frame.typeOfService == 0)
  }

  /// Something that one rule does, with one attribute.
  private static func disagrees(_ item: AgreementCase) -> Bool {
    (item.tree.definitionOrder ?? []).flatMap(\.rules).contains {
      $0.match?.filterProtocol == .arp && $0.match?["opcode"] != nil
    }
  }
}
