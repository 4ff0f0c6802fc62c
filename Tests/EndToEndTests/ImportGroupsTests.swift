// SPDX-License-Identifier: Apache-2.0

import Foundation
import Sandbox
import Testing

extension EndToEnd {
  /// Filters that somebody wrote by hand, from a host to rules, and back on the host as what the rules make.
  @Suite struct ImportGroupsTests {
    private static let web = """
      <filter name='web' chain='root'>
        <filterref filter='no-mac-spoofing'/>
        <rule action='accept' direction='in' priority='100'><tcp dstportstart='80'/></rule>
        <rule action='accept' direction='in' priority='100'><tcp-ipv6 dstportstart='80'/></rule>
        <rule action='accept' direction='out' priority='200'><all/></rule>
        <rule action='accept' direction='out' priority='200'><all-ipv6/></rule>
        <rule action='drop' direction='inout' priority='1000'><all/></rule>
        <rule action='drop' direction='inout' priority='1000'><all-ipv6/></rule>
      </filter>
      """
    private static let limited = """
      <filter name='limited' chain='root'>
        <rule action='accept' direction='in' priority='100'><tcp dstportstart='80' connlimit-above='5'/></rule>
      </filter>
      """

    /// Puts a filter on the interface of a VM, running and stored, each as libvirt describes it.
    private static func put(_ filter: String?, on machine: String, _ host: TestHost) async throws {
      for (options, flag) in [(["dumpxml", machine], "--live"), (["dumpxml", machine, "--inactive"], "--config")] {
        let domain =
          options.count == 2
          ? try await host.virsh(options[0], options[1]) : try await host.virsh(options[0], options[1], options[2])
        let start = try #require(domain.range(of: "<interface "))
        let end = try #require(domain.range(of: "</interface>"))
        let interface = String(domain[start.lowerBound..<end.lowerBound])
          .replacing(/<filterref [^>]*>/, with: "")
        let reference = filter.map { "<filterref filter='\($0)'/>" } ?? ""
        try await host.virsh(
          "update-device", machine, "/dev/stdin", flag, input: "\(interface)\(reference)</interface>")
      }
    }

    @Test func aFilterBecomesRulesAndAnotherStays() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0, qemuDomains: 2)) { host in
        for (machine, filter, xml) in [("q1", "web", Self.web), ("q2", "limited", Self.limited)] {
          try await host.define(xml)
          try await Self.put(filter, on: machine, host)
        }
        let repository = try host.repository()
        let imported = try await repository.run("import", "--as", "groups", "--host", "h1", "--write").expect(0)
        imported.says("filter limited of group limited stays as it is: rule 1 of filter limited counts connections")
        let text = try String(contentsOfFile: "\(repository.path)/policies/imported.yaml", encoding: .utf8)
        #expect(text.contains("# In place of filter web: every packet is decided as before."), "\(text)")
        #expect(text.contains("- allow tcp/80\n") && !text.contains("  web:\n    adopt"), "\(text)")
        #expect(text.contains("limited:\n    adopt: true"), "\(text)")
        // What was put there by hand is not replaced; the other VM has what it had.
        try await repository.run("plan").expect(1).says("foreign-filterref", "filter web")
        try await Self.put(nil, on: "q1", host)
        try await repository.apply()
        try await repository.expectInSync()
        #expect(try await host.virsh("dumpxml", "q2").contains("<filterref filter='limited'/>"))
        // The rules that the kernel has now decide as the filter says.
        for (question, answer) in [
          ("in tcp/80 from 198.51.100.7", "ALLOWED"), ("in tcp/22 from 198.51.100.7", "DROPPED"),
        ] {
          let words = question.split(separator: " ").map(String.init)
          try await host.nwfleet(["trace", "--repo", repository.path, "q1"] + words + ["--live", "--host", "h1"])
            .says(answer)
        }
      }
    }
  }
}
