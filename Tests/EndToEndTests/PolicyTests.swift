// SPDX-License-Identifier: Apache-2.0

import Foundation
import Sandbox
import Testing

extension EndToEnd {
  /// Groups with rules on a real libvirtd: filters of NICs over profiles over leaves.
  @Suite struct PolicyTests {
    private static let web = """
      groups:
        web:
          vms: {label: {role: web}}
          in:
            - allow http, https
            - allow icmp/echo-request
      """
    private static let db = """
      groups:
        db:
          vms: {label: {role: db}}
          in:
            - {rule: allow postgres from 10.0.0.0/8, name: clients}
      """

    /// `later` is no VM yet.
    private static func machines(_ first: String = "web", _ second: String = "db") -> String {
      """
        vm1: {host: h1, labels: {role: \(first)}, nics: {"52:54:00:01:00:01": {port: vnet1}}}
        vm2: {host: h1, labels: {role: \(second)}, nics: {"52:54:00:01:00:02": {port: vnet2}}}
        later: {host: h1, labels: {role: web}, nics: {"52:54:00:01:00:09": {}}}
      """
    }

    private static func project(_ machines: String) -> String {
      "project: acme\nid: \"6f1c0d2e\"\nhosts:\n  h1: {uri: \"sandbox:///1\"}\nvms:\n\(machines)\n"
    }

    /// The names of the filters that libvirtd was sent, in order.
    private static func defined(_ host: TestHost) throws -> [String] {
      let log = try String(contentsOfFile: host.sandbox.host(1).log, encoding: .utf8)
      return log.matches(of: #/: virNWFilterDefineXML:?[^\n]*<filter name='([^']*)'/#).map { String($0.1) }
    }

    /// What an apply sends, the record of what was applied left out.
    private static func sent(by repository: TestRepository, _ host: TestHost) async throws -> [String] {
      let before = try defined(host).count
      try await repository.apply()
      return try defined(host).dropFirst(before).filter { $0 != "acme.host.marker" }
    }

    @Test func everyChangeIsOneDefine() async throws {
      try await withHost(SandboxOptions(libvirtdDebugLog: true)) { host in
        let repository = try host.repository(files: ["web.yaml": Self.web, "db.yaml": Self.db])
        try repository.write("nwfleet.yaml", Self.project(Self.machines()))
        let first = try await Self.sent(by: repository, host)
        let named = ["acme.profile.db", "acme.profile.web", "acme.nic.525400010001", "acme.nic.525400010002"]
        // That of the VM that is not there yet: who makes it can refer to it.
        for name in named + ["acme.nic.525400010009"] { #expect(first.filter { $0 == name }.count == 1, "\(first)") }
        #expect(first.count == Set(first).count)
        try await repository.run("status").expect(0).says("acme.nic.525400010001", "in-sync")
        try await repository.run("drift").expect(0)

        // Nothing to do: nothing is sent.
        let writes = try Self.defined(host)
        try await repository.apply().says("No changes.")
        for file in ["nwfleet.yaml", "policies/web.yaml", "policies/db.yaml"] {
          let text = try String(contentsOfFile: "\(repository.path)/\(file)", encoding: .utf8)
          try repository.write(file, "\n\n" + text)
        }
        try await repository.apply().says("No changes.")
        #expect(try Self.defined(host) == writes)

        // A rule more: its profile, and with it no other.
        try repository.write("policies/web.yaml", Self.web + "\n      - allow tcp/8443 from 192.0.2.0/24\n")
        try await repository.run("plan").expect(0)
          .says("web/in-allow-tcp-8443-from-192-0-2-0-24, policies/web.yaml:7", "rebuilds 1 port")
        #expect(try await Self.sent(by: repository, host) == ["acme.profile.web"])

        // Another label: the NIC's own filter, for one VM.
        try repository.write("nwfleet.yaml", Self.project(Self.machines("db")))
        #expect(try await Self.sent(by: repository, host) == ["acme.nic.525400010001"])

        // In two groups at once: a profile for both, which is new.
        try repository.write(
          "policies/db.yaml", Self.db.replacingOccurrences(of: "{role: db}", with: "{role: [db, web]}"))
        try repository.write("nwfleet.yaml", Self.project(Self.machines("web")))
        let both = try await Self.sent(by: repository, host)
        #expect(
          Set(both) == ["acme.profile.db.web", "acme.nic.525400010001", "acme.nic.525400010009"],
          "\(both)")
        try await repository.expectInSync()
        try await host.nwfleet("destroy", "--repo", repository.path, "--auto-approve").expect(0)
        #expect(try await host.filters().keys.filter { $0.hasPrefix("acme.") } == [])
      }
    }

    @Test func aMistypedSelectorOpensNothing() async throws {
      try await withHost { host in
        let repository = try host.repository(files: ["web.yaml": Self.web, "db.yaml": Self.db])
        try repository.write("nwfleet.yaml", Self.project(Self.machines()))
        try await repository.apply()
        try repository.write("nwfleet.yaml", Self.project(Self.machines("wbe")))
        try await repository.apply(expecting: 1).says("unprotected", "vm1")
        try repository.write("nwfleet.yaml", Self.project(Self.machines()))
        try repository.write("policies/web.yaml", Self.web + "\n    default: {in: allow}\n")
        try await repository.run("plan").says("UNPROTECTED", "default of in")
        try await repository.apply(expecting: 1).says("unprotected")
        try await repository.apply("--allow-unprotected", "1")
      }
    }

    @Test func annotatedFiltersAreAccepted() async throws {
      try await withHost { host in
        let repository = try host.repository(files: ["web.yaml": Self.web, "db.yaml": Self.db])
        try repository.write("nwfleet.yaml", Self.project(Self.machines()))
        let folder = "\(host.folder)/rendered"
        try await repository.run("render", "--annotate", "--out", folder).expect(0)
        let text = try String(contentsOfFile: "\(folder)/acme.profile.web.xml", encoding: .utf8)
        #expect(text.contains("<!-- web/in-allow-icmp-echo-request, policies/web.yaml:6 -->"))
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        // Leaves first.
        for kind in ["guard", "mac", "peers", "profile", "nic"] {
          for file in files where file.hasPrefix("acme.\(kind).") {
            try await host.virsh("nwfilter-define", "\(folder)/\(file)")
          }
        }
        try await repository.run("plan").expect(0).says("filter")
        try await repository.run("render", "--vm", "vm1").expect(0)
          .says("allow http, https", "web/in-allow-http-https", "default: drop", "Guard: standard")
      }
    }
  }
}
