// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Processes
import Sandbox
import SandboxFixture
import Testing

extension EndToEnd {
  /// `apply --confirm-within`: what nobody confirms is taken back by itself.
  @Suite struct ConfirmTests {
    private static let open = """
      filters:
        web: {rules: [{action: accept, direction: inout, priority: 500, ip: {}}]}
      groups:
        web: {vms: {name: vm1}, filter: web}

      """
    /// Nothing of IP reaches vm1 or leaves it, on the bridge.
    private static let cut = """
      filters:
        web: {rules: [{action: drop, direction: inout, priority: 500, ip: {}}]}
        more: {rules: [{action: drop, direction: inout, priority: 500, ipv6: {}}]}
      groups:
        web: {vms: {name: vm1}, filter: web}

      """

    @Test func takenBackUnlessConfirmed() async throws {
      try await withHost(SandboxOptions(stockFilters: false)) { host in
        let repository = try host.repository(machines: TestRepository.ports)
        try repository.policy(Self.open)
        try await repository.apply()
        let before = try await host.filters()
        try repository.policy(Self.cut)
        try await repository.apply("--confirm-within", "3s").says("nwfleet confirm")
        #expect(try await !host.pings("vm2", "192.168.122.11"))
        // While it waits, nothing else is applied.
        try await repository.apply(expecting: 1).says("confirm")
        #expect(try await eventually { try await host.filters() == before })
        #expect(try await host.pings("vm2", "192.168.122.11"))
        #expect(try await eventually { !host.isUndoRunning })
        try await repository.run("confirm").expect(1).says("nothing-to-confirm")

        try await repository.apply("--confirm-within", "3s")
        try await repository.run("confirm").expect(0)
        let after = try await host.filters()
        #expect(after["more"] != nil)
        try await Task.sleep(for: .seconds(4))
        #expect(try await host.filters() == after)
        try await repository.expectInSync()
        try await repository.run("confirm").expect(1).says("nothing-to-confirm")
      }
    }

    /// The first change of a host, deletions, and VMs: all of it comes back.
    @Test func everyKindOfStepIsTakenBack() async throws {
      try await withHost(SandboxOptions(qemuDomains: 1, stockFilters: false)) { host in
        let repository = try host.repository(machines: TestRepository.ports)
        try repository.policy(
          """
          filters:
            web: {rules: [{action: accept, direction: inout, priority: 500, ip: {}}]}
            old: {rules: [{filterref: web}]}
          groups:
            web: {vms: {name: vm1}, filter: web}

          """)
        try await repository.apply()
        let before = try await host.filters()
        let bindings = try await host.virsh("nwfilter-binding-list")
        try repository.policy(
          """
          filters:
            web: {rules: [{action: drop, direction: inout, priority: 500, ip: {}}]}
            new: {rules: [{filterref: web}]}
          groups:
            web: {vms: {name: vm2}, filter: new}
            domains: {vms: {name: q1}, filter: new}

          """)
        try await repository.apply("--confirm-within", "2s", "--allow-unprotected", "1")
        #expect(try await host.virsh("nwfilter-binding-list") != bindings)
        #expect(try await eventually { try await host.filters() == before })
        #expect(try await host.virsh("nwfilter-binding-list") == bindings)
        #expect(try await !host.virsh("dumpxml", "q1").contains("filterref"))
        #expect(try await !host.virsh("dumpxml", "q1", "--inactive").contains("filterref"))
      }
    }

    /// The apply itself is killed in the middle of its work, before it could say anything.
    @Test func takenBackAfterTheApplyIsKilled() async throws {
      try await withHost(SandboxOptions(stockFilters: false)) { host in
        let repository = try host.repository(machines: TestRepository.portsOfAnyHost)
        try repository.policy(Self.open)
        try await repository.apply()
        let before = try await host.filters()
        try repository.policy(Self.cut)
        let proxy = try FaultProxy("\(host.folder)/proxy", to: host.sandbox.host(1).socket)
        defer { proxy.stop() }
        let arguments = [
          "apply", "--repo", repository.path, "--connect", proxy.uri, "--auto-approve", "--confirm-within", "1s",
        ]
        proxy.arm(nil)
        try await host.nwfleet(arguments).expect(0)
        let calls = proxy.calls
        #expect(try await eventually { try await host.isBack(before) })
        for call in [calls / 2, calls - 6, calls - 3, calls] {
          try #require(try await eventually { !host.isUndoRunning })
          proxy.arm(FaultProxy.Fault(harm: .killCaller, call: call, isSent: true))
          try await host.nwfleet(arguments).expect(128 + SIGKILL)
          proxy.arm(nil)
          #expect(try await eventually { try await host.isBack(before) }, "call \(call)")
          #expect(try await host.pings("vm2", "192.168.122.11"))
        }
      }
    }

    /// The caller's session goes through vm1's port, and dies with it.
    @Test func takenBackAfterTheCallerIsCutOff() async throws {
      try await withHost(SandboxOptions(stockFilters: false)) { host in
        let repository = try host.repository(machines: TestRepository.portsOfAnyHost)
        try repository.policy(Self.open)
        try await repository.apply()
        let before = try await host.filters()
        try repository.policy(Self.cut)
        let script = """
          while ping -n -c1 -W1 192.168.122.12 > /dev/null; do sleep 0.1; done &
          "$@" || kill -9 -$$
          wait
          kill -9 -$$
          """
        let environment = host.environment.map { "\($0.key)=\($0.value)" }
        let session = try await host.sandbox.exec(
          vm: "vm1",
          ["env"] + environment + [
            "setsid", "-w", "sh", "-c", script, "sh", Program.path, "apply", "--repo", repository.path, "--connect",
            host.sandbox.host(1).uri(), "--auto-approve", "--confirm-within", "4s",
          ])
        session.expect(128 + SIGKILL).says("unless you say: nwfleet confirm")
        #expect(try await !host.pings("vm1", "192.168.122.12"))
        #expect(try await eventually { try await host.filters() == before })
        #expect(try await eventually { try await host.pings("vm1", "192.168.122.12") })
      }
    }

    /// libvirtd is away when the time has come: the undo waits for it.
    @Test func takenBackOnceLibvirtdIsThere() async throws {
      try await withHost(SandboxOptions(stockFilters: false)) { host in
        let repository = try host.repository(machines: TestRepository.ports)
        try repository.policy(Self.open)
        try await repository.apply()
        let before = try await host.filters()
        try repository.policy(Self.cut)
        try await repository.apply("--confirm-within", "1s")
        try await host.sandbox.signalDaemon(SIGKILL)
        #expect(try await eventually { host.isUndoDue })
        try await Task.sleep(for: .seconds(2))
        // It is not given up, and nothing else is applied meanwhile.
        #expect(host.isUndoDue)
        try await host.sandbox.startDaemon()
        #expect(try await eventually { try await host.isBack(before) })
        try await repository.run("confirm").expect(1).says("nothing-to-confirm")
      }
    }

    /// Somebody changes a filter after the apply: the undo leaves that one alone, says so, and takes the rest back.
    @Test func somebodyElsesChangeStays() async throws {
      try await withHost(SandboxOptions(stockFilters: false)) { host in
        let repository = try host.repository(machines: TestRepository.ports)
        try repository.policy(Self.open)
        try await repository.apply()
        let before = try await host.filters()
        try repository.policy(Self.cut)
        try await repository.apply("--confirm-within", "3s")
        let web = try #require(try await host.filters()["web"])
        let theirs = web.replacingOccurrences(of: "priority='500'", with: "priority='499'")
        try #require(theirs != web)
        try await host.define(theirs)
        #expect(try await eventually { try await host.filters()["more"] == nil })
        #expect(try await eventually { !host.isUndoRunning })
        #expect(try await host.filters()["web"]?.contains("priority='499'") == true)
        // Nothing is applied over it until somebody has looked.
        try await repository.apply(expecting: 1).says("not taken back as a whole")
        try await repository.run("confirm").expect(0)
        try repository.policy(Self.open)
        try await repository.apply()
        #expect(try await host.filters()["web"] == before["web"])
      }
    }
  }
}

extension TestHost {
  /// Whether an undo is at work, or has left something.
  fileprivate var isUndoDue: Bool {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/run")) ?? []
    return files.contains { $0.hasSuffix(".undoing") }
  }

  /// Whether something waits for a confirmation.
  fileprivate var isUndoArmed: Bool {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/run")) ?? []
    return files.contains { $0.hasPrefix("undo-") && !$0.hasSuffix(".log") }
  }

  /// Whether nothing waits any more, and the filters are as they were.
  fileprivate func isBack(_ before: [String: String]) async throws -> Bool {
    guard !isUndoArmed else { return false }
    return try await filters() == before
  }

  /// Whether the process is there that waits, or takes back.
  fileprivate var isUndoRunning: Bool {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.contains { process in
      guard Int(process) != nil, let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else {
        return false
      }
      let line = String(decoding: data, as: UTF8.self)
      return line.contains("undo-armed") && line.contains(folder)
    }
  }
}
