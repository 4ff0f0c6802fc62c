// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath
import Testing

@testable import Compiler

/// Filters that are too large are refused, whatever makes them so.
@Suite struct ExpansionTests {
  private func addresses(_ count: Int) -> [Peer] {
    (0..<count).map { .ip("10.\($0 >> 8).\($0 & 255 | 1).\($0 % 100 * 2 + 1)") }
  }

  private func problems(_ inbound: [PolicyRule], guard guardPolicy: GuardPolicy? = nil) -> [Diagnostic] {
    compile(policy([group("web", in: inbound, guard: guardPolicy)])).diagnostics.filter { $0.severity == .error }
  }

  /// Behind a protocol that layer 3 does not know, each denial is one rule for each protocol that it does know.
  @Test func denialsOfSingleProtocols() throws {
    let drop = rule(.drop, [.any], from: addresses(300))
    #expect(problems([drop, rule(.allow, [.any])]).map(\.code) == [])
    let found = problems([drop, rule(.drop, [.ipProtocol(112)]), rule(.allow, [.any])])
    #expect(Set(found.map(\.code)) == ["expansion-too-large"])
    #expect(found.contains { $0.message.contains("at most 2000") })
  }

  @Test func layer2HasALimitOfItsOwn() throws {
    func found(_ count: Int) -> [Diagnostic] { problems([rule(.allow, [.ipProtocol(112)], from: addresses(count))]) }
    #expect(found(20).map(\.code) == [])
    #expect(found(150).map(\.code) == ["expansion-too-large"])
    #expect(found(150).first?.message.contains("at layer 2; at most 100") == true)
    var list = GuardPolicy.standard
    list.ip = .only(
      declared: true,
      others: (0..<100).map { range("10.\($0).0.0/16").range }.map {
        AddressRange(family: .ipv4, range: $0.lowerBound...$0.upperBound - 1)
      })
    #expect(problems([], guard: list).map(\.code) == ["expansion-too-large"])
  }

  /// Said of too many rules before any of them is looked at closely.
  @Test func tooManyRulesAreRefusedSoon() {
    let rules = (0..<2001).map { rule(.allow, [.ports(.tcp, [UInt16($0)...UInt16($0 * 3)])]) }
    let found = problems(rules)
    #expect(found.map(\.code) == ["expansion-too-large"])
    #expect(found.first?.message.contains("2001 rules of the policy") == true)
  }
}
