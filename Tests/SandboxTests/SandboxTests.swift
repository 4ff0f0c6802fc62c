// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Processes
import Sandbox
import SandboxFixture
import Testing

@Suite(.liveHosts, .timeLimit(.minutes(5))) struct SandboxTests {
  @Test func twoHostsWithVMsThatReachEachOther() async throws {
    try await withSandbox(hosts: 2) { sandbox in
      let status = sandbox.status()
      #expect(status.map(\.host.name) == ["h1", "h2"])
      #expect(status.allSatisfy { $0.isUp && $0.libvirtdPID != nil && $0.virtualMachines.map(\.number) == [1, 2] })
      #expect(try await ping(sandbox, from: "vm1", to: "192.168.122.12"))
      #expect(try await ping(sandbox, from: "vm1", to: "2001:db8:122::12"))
      #expect(try await ping(sandbox, from: "vm2", to: "192.168.122.1"))
      #expect(try await ping(sandbox, from: "vm2", to: "vm1"))
      #expect(try await ping(sandbox, from: "world", to: "192.168.122.11"))
      #expect(try await sandbox.exec(host: 2, ["cat", "/proc/sys/kernel/hostname"]).output == "h2\n")
      let mac = try await sandbox.exec(host: 2, vm: "vm1", ["cat", "/sys/class/net/eth0/address"])
      #expect(mac.output == "52:54:00:02:00:01\n")
      let filters = try await virsh(sandbox, host: 2, "nwfilter-list")
      #expect(filters.contains("clean-traffic"))
    }
  }

  @Test func upStartsALibvirtdThatHasDied() async throws {
    try await withSandbox { sandbox in
      try await sandbox.signalDaemon(SIGKILL)
      #expect(sandbox.status().first?.libvirtdPID == nil)
      try await sandbox.up()
      #expect(sandbox.status().first?.libvirtdPID != nil)
      #expect(try await virsh(sandbox, host: 1, "nwfilter-list").contains("clean-traffic"))
    }
  }

  @Test func aBoundFilterDropsAndAnUnboundOneLetsThrough() async throws {
    try await withSandbox { sandbox in
      let xml = "<filter name='deny'><rule action='drop' direction='inout' priority='500'><all/></rule></filter>"
      let defined = try await Processes.run(
        "virsh", ["-c", try sandbox.uri(), "nwfilter-define", "/dev/stdin"], input: xml)
      try defined.requireSuccess()
      #expect(try await ping(sandbox, from: "vm1", to: "192.168.122.12"))
      try await sandbox.bind(vm: "vm1", filter: "deny")
      #expect(try await !ping(sandbox, from: "vm1", to: "192.168.122.12"))
      try await sandbox.bind(vm: "vm1", filter: "clean-traffic", parameters: [("IP", "192.168.122.11")])
      #expect(try await ping(sandbox, from: "vm1", to: "192.168.122.12"))
      try await sandbox.unbind(vm: "vm1")
      try await sandbox.unbind(vm: "vm1")
      #expect(try await ping(sandbox, from: "vm1", to: "2001:db8:122::12"))

      let unknown = await #expect(throws: SandboxError.self) { try await sandbox.bind(vm: "vm9", filter: "deny") }
      #expect(unknown?.code == .unknownMachine)
      #expect(unknown?.hint == "it has: vm1, vm2")
      let failed = await #expect(throws: SandboxError.self) { try await sandbox.bind(vm: "vm1", filter: "no-such") }
      #expect(failed?.code == .failed)
    }
  }

  @Test func natHidesTheVMsAndServesThem() async throws {
    try await withSandbox(vms: 1, network: .nat) { sandbox in
      #expect(try await ping(sandbox, from: "vm1", to: "198.51.100.2"))
      #expect(try await ping(sandbox, from: "vm1", to: "2001:db8:51::2"))
      #expect(try await ping(sandbox, from: "world", to: "192.168.122.11"))
      let rules = try await sandbox.exec(["iptables", "-w", "-t", "nat", "-nvxL", "POSTROUTING"])
      let masquerade = rules.output.split(separator: "\n").first { $0.contains("MASQUERADE") }
      #expect(masquerade?.split(separator: " ").first != "0")
      #expect(sandbox.status().first?.network == .nat)
    }
  }

  @Test func routerServesTheVMs() async throws {
    try await withSandbox(vms: 1, network: .routed) { sandbox in
      #expect(try await ping(sandbox, from: "vm1", to: "198.51.100.2"))
      #expect(try await ping(sandbox, from: "world", to: "2001:db8:122::11"))
      #expect(try await sandbox.exec(["ping", "-c1", "-W2", "198.51.100.2"]).succeeded)
      // The router's first advertisements come within seconds; a default route learnt from one says so.
      let learnt = try await eventually {
        try await sandbox.exec(vm: "vm1", ["ip", "-6", "route", "show", "default"]).output.contains("proto ra")
      }
      #expect(learnt)
    }
  }

  @Test func qemuDomainsRun() async throws {
    try await withSandbox(vms: 0, qemu: 2) { sandbox in
      #expect(sandbox.status().first?.qemuDomains.map(\.name) == ["q1", "q2"])
      #expect(try await virsh(sandbox, host: 1, "domstate", "q1").hasPrefix("paused"))
      #expect(try await virsh(sandbox, host: 1, "domiflist", "q2").contains("52:54:00:01:f0:02"))
      _ = try await virsh(sandbox, host: 1, "destroy", "q1")
      #expect(sandbox.status().first?.qemuDomains.map(\.name) == ["q2"])
      try await sandbox.up(SandboxOptions(virtualMachines: 1, qemuDomains: 3))
      #expect(sandbox.status().first?.qemuDomains.map(\.name) == ["q1", "q2", "q3"])
      #expect(sandbox.status().first?.virtualMachines.map(\.name) == ["vm1"])
    }
  }

  @Test func upKeepsWhatIsUp() async throws {
    try await withSandbox(vms: 1) { sandbox in
      let first = sandbox.status()
      try await sandbox.up(SandboxOptions(hosts: 2, virtualMachines: 2))
      let second = sandbox.status()
      #expect(second.first?.pid == first.first?.pid)
      #expect(second.map(\.virtualMachines.count) == [2, 2])
      #expect(try await ping(sandbox, from: "vm1", to: "192.168.122.12"))
      let error = await #expect(throws: SandboxError.self) {
        try await sandbox.up(SandboxOptions(network: .nat))
      }
      #expect(error?.code == .conflict)
      try await sandbox.down(host: 1)
      #expect(sandbox.status().map(\.host.name) == ["h2"])
    }
  }

  @Test func daemonStopsCrashesHangsAndComesBack() async throws {
    try await withSandbox { sandbox in
      let first = try #require(sandbox.status().first?.libvirtdPID)
      try await sandbox.signalDaemon(SIGKILL)
      #expect(sandbox.status().first?.libvirtdPID == nil)
      #expect(try await ping(sandbox, from: "vm1", to: "192.168.122.12"))
      let gone = await #expect(throws: SandboxError.self) { try await sandbox.signalDaemon(SIGKILL) }
      #expect(gone?.code == .notRunning)
      try await sandbox.startDaemon()
      let second = try #require(sandbox.status().first?.libvirtdPID)
      #expect(second != first)
      try await sandbox.startDaemon()
      #expect(sandbox.status().first?.libvirtdPID == second)
      #expect(try await virsh(sandbox, host: 1, "nwfilter-list").contains("clean-traffic"))
      try await sandbox.stopDaemon()
      try await sandbox.startDaemon()
      #expect(try await virsh(sandbox, host: 1, "nwfilter-list").contains("clean-traffic"))
      try await sandbox.signalDaemon(SIGSTOP)
      #expect(sandbox.status().first?.libvirtdPID != nil)
    }
  }

  @Test func smallFilterFolderFills() async throws {
    let options = SandboxOptions(virtualMachines: 0, stockFilters: false, filterDirectorySize: "16k")
    try await withSandbox(options) { sandbox in
      let comment = String(repeating: "x", count: 200)
      let rules = String(
        repeating: "<rule action='drop' direction='inout'><all comment='\(comment)'/></rule>", count: 200)
      let result = try await Processes.run(
        "virsh", ["-c", try sandbox.uri(), "nwfilter-define", "/dev/stdin"],
        input: "<filter name='big'>\(rules)</filter>")
      #expect(!result.succeeded)
      #expect(result.errorOutput.contains("No space left"))
    }
  }

  @Test func aStartThatFailsSaysWhy() async throws {
    // The stock filters do not fit.
    let error = await #expect(throws: SandboxError.self) {
      try await withSandbox(SandboxOptions(filterDirectorySize: "4k")) { _ in }
    }
    #expect(error?.code == .failed)
    #expect(error?.message.contains("No space left") == true)
  }

  @Test func debugLogShowsCommandsAndCalls() async throws {
    try await withSandbox(SandboxOptions(libvirtdDebugLog: true)) { sandbox in
      try await sandbox.bind(vm: "vm1", filter: "clean-traffic", parameters: [("IP", "192.168.122.11")])
      let log = try String(contentsOfFile: sandbox.host(1).log, encoding: .utf8)
      #expect(log.contains("virNWFilterBindingCreateXML"))
      #expect(log.contains("ebtables"))
    }
  }

  @Test func bridgeNetfilterCanBeOff() async throws {
    try await withSandbox(SandboxOptions(virtualMachines: 0, bridgeNetfilter: false)) { sandbox in
      let value = try await sandbox.exec(["cat", "/proc/sys/net/bridge/bridge-nf-call-iptables"])
      #expect(value.output == "0\n")
    }
  }

  @Test func commandsRunInTheCallersFolder() async throws {
    try await withSandbox(vms: 1) { sandbox in
      let here = FileManager.default.currentDirectoryPath
      let folder = try await sandbox.exec(vm: "vm1", ["pwd"])
      #expect(folder.output == here + "\n")
      let status = try await sandbox.execAttached(["sh", "-c", "exit 5"])
      #expect(status == 5)
      let slow = await #expect(throws: SandboxError.self) {
        try await sandbox.exec(["sleep", "1000"], deadline: .milliseconds(200))
      }
      #expect(slow?.code == .timedOut)
    }
  }
}

private func ping(_ sandbox: Sandbox, from machine: String, to address: String) async throws -> Bool {
  try await sandbox.exec(vm: machine, ["ping", "-c1", "-W1", address]).succeeded
}

private func virsh(_ sandbox: Sandbox, host: Int, _ arguments: String...) async throws -> String {
  let result = try await Processes.run("virsh", ["-q", "-c", try sandbox.uri(host: host)] + arguments)
  return try result.requireSuccess().output
}
