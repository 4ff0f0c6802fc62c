// SPDX-License-Identifier: Apache-2.0

import FilterGenerator
import FilterModel
import FilterXML
import Foundation
import PacketPath
import Processes
import Sandbox
import Testing

extension EndToEnd {
  /// The rules that a real libvirtd makes are those of `KernelProgram`, chain by chain and rule by rule.
  @Suite struct KernelRulesTests {
    @Test("Each attribute of each protocol, in each direction", arguments: Direction.allCases)
    func everyAttribute(direction: Direction) async throws {
      try await withHost(SandboxOptions(virtualMachines: 1)) { host in
        let comparison = try await RuleComparison(host)
        for name in FilterProtocol.allCases {
          let rules = attributeCases().flatMap(\.filter.rules).filter { $0.match?.filterProtocol == name }
          let entries = rules.enumerated().compactMap { index, rule -> Filter.Entry? in
            var rule = rule
            rule.direction = direction
            rule.action = [.accept, .drop, .accept, .return][index % 4]
            rule.match = rule.match.map(RuleComparison.withOwnVariables)
            return comparison.canBind(rule) ? .rule(rule) : nil
          }
          let filter = Filter(name: "every-\(name.name)", entries: entries)
          try await comparison.expectSame([filter], parameters: RuleComparison.samples)
        }
      }
    }

    @Test("Random trees of filters; what cannot be bound is refused by libvirt too", arguments: 0..<2)
    func randomTrees(part: Int) async throws {
      try await withHost(SandboxOptions(virtualMachines: 1)) { host in
        let comparison = try await RuleComparison(host)
        var generator = SeededGenerator(seed: UInt64(part))
        for _ in 0..<12 {
          try await comparison.expectSame(
            RuleComparison.randomTree(using: &generator), parameters: RuleComparison.samples)
        }
      }
    }

    @Test(.enabled(if: LibvirtCases.isThere, "libvirt's test files are not there; NWFLEET_LIBVIRT_CASES can name them"))
    func libvirtsOwnTestFiles() async throws {
      try await withHost(SandboxOptions(virtualMachines: 1)) { host in
        let comparison = try await RuleComparison(host)
        // As libvirt's own test has them (tests/nwfilterxml2firewalltest.c).
        let parameters = [
          "A": ["1.1.1.1", "2.2.2.2", "3.3.3.3", "3.3.3.3"], "B": ["80", "90", "80", "80"],
          "C": ["1080", "1090", "1100", "1110"], "IP": ["192.168.122.7"],
        ]
        for file in LibvirtCases.inputs where !file.lastPathComponent.contains("-invalid") {
          let text = try String(contentsOf: file, encoding: .utf8)
          guard let filter = FilterXML.parse(text).filter else { continue }
          var stock: [Filter] = []
          for (name, xml) in try await host.filters() {
            if name != filter.name, let known = FilterXML.parse(xml).filter { stock.append(known) }
          }
          try await comparison.expectSame([filter], known: stock, parameters: parameters)
        }
      }
    }
  }
}
