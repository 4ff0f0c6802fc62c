// SPDX-License-Identifier: Apache-2.0

import Sandbox
import Testing

extension EndToEnd {
  @Suite struct IdempotenceTests {
    private static let first = """
      filters:
        web-base:
          chain: ipv4
          rules:
            - {action: accept, direction: in, priority: 100, tcp: {dstportstart: 443}}
        web:
          rules:
            - {filterref: web-base}
            - {action: drop, direction: in, priority: 900, all: {}}
      """
    private static let second = """
      filters:
        db:
          rules:
            - {action: drop, direction: inout, priority: 500, icmp: {}}
      groups:
        web: {vms: {name: vm1}, filter: web}
        domains: {vms: {name: "q*"}, filter: db}
      """

    /// The calls that change something, as libvirtd's own log has them.
    private static func writes(_ host: TestHost) throws -> [String: Int] {
      var writes: [String: Int] = [:]
      for function in [
        "virNWFilterDefineXML", "virNWFilterUndefine", "virNWFilterBindingCreateXML", "virNWFilterBindingDelete",
      ] {
        writes[function] = try host.calls(of: function)
      }
      return writes
    }

    @Test func aSecondApplySendsNothing() async throws {
      try await withHost(SandboxOptions(qemuDomains: 1, libvirtdDebugLog: true)) { host in
        let repository = try host.repository(
          machines: TestRepository.ports, files: ["a.yaml": Self.first, "b.yaml": Self.second])
        try await repository.apply()
        let writes = try Self.writes(host)
        // Three filters and the record of what was applied; vm1's port, and q1's, which libvirt's QEMU driver binds.
        #expect(writes["virNWFilterDefineXML"] == 4)
        #expect(writes["virNWFilterBindingCreateXML"] == 2)
        try await repository.apply().says("No changes.")
        #expect(try Self.writes(host) == writes)

        // Files named and ordered otherwise say the same.
        try repository.remove("policies/a.yaml")
        try repository.remove("policies/b.yaml")
        try repository.write("policies/z-other.yaml", Self.second)
        try repository.write("policies/c.yaml", Self.first)
        try await repository.apply().says("No changes.")
        try await repository.run("status").expect(0)
        try await repository.run("drift").expect(0)
        #expect(try Self.writes(host) == writes)
      }
    }

    @Test func twoHostsHaveTheSameFilters() async throws {
      try await withHost(SandboxOptions(hosts: 2, virtualMachines: 0, stockFilters: false)) { host in
        let repository = try host.repository(
          hosts: "h1: {uri: \"sandbox:///1\"}\n  h2: {uri: \"sandbox:///2\"}", files: ["a.yaml": Self.first])
        try await repository.apply("--host", "h1")
        try await repository.apply("--host", "h2")
        let filters = try await host.filters(host: 1)
        #expect(filters.count == 3)
        #expect(try await host.filters(host: 2) == filters)
        // Without --host it is not clear which is meant.
        try await repository.apply(expecting: 1).says("several-hosts", "h1, h2")
      }
    }
  }
}
