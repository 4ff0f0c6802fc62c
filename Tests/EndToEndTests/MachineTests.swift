// SPDX-License-Identifier: Apache-2.0

import Foundation
import Processes
import Sandbox
import SandboxFixture
import Testing

extension EndToEnd {
  /// Filters on VMs: QEMU domains that run or are off, and ports.
  @Suite struct MachineTests {
    /// Drops what others ask for: `ip` is enforced on the bridge, without the kernel's bridge netfilter.
    private static let filters = """
      filters:
        closed:
          rules:
            - {action: drop, direction: in, priority: 100, icmp: {type: 8}}
        parametric:
          rules:
            - {action: accept, direction: in, priority: 100, ip: {srcipaddr: $FRIENDS, protocol: icmp}}
            - {action: drop, direction: in, priority: 200, ip: {protocol: icmp}}

      """

    @Test func packetsOfAPort() async throws {
      try await withHost(SandboxOptions(virtualMachines: 3)) { host in
        let repository = try host.repository(machines: TestRepository.ports)
        try repository.policy(Self.filters)
        try await repository.apply()
        #expect(try await host.pings("vm2", "192.168.122.11"))
        try repository.policy(Self.filters + "groups: {web: {vms: {name: vm1}, filter: closed}}\n")
        try await repository.run("plan", "--detailed-exitcode").expect(2).says("+ port of vm1", "group web")
        try await repository.apply()
        #expect(try await !host.pings("vm2", "192.168.122.11"))
        #expect(try await host.pings("vm1", "192.168.122.12"))
        try await repository.expectInSync()
        try await repository.run("status").expect(0).says("in-sync")

        // Another filter, then other values for it.
        func policy(_ friends: String) -> String {
          Self.filters + "groups: {web: {vms: {name: vm1}, filter: parametric, parameters: {FRIENDS: \(friends)}}}\n"
        }
        try repository.policy(policy("192.168.122.12"))
        try await repository.apply()
        #expect(try await host.pings("vm2", "192.168.122.11"))
        #expect(try await !host.pings("vm3", "192.168.122.11"))
        try repository.policy(policy("[192.168.122.12, 192.168.122.13]"))
        try await repository.apply().says("~ port of vm1")
        #expect(try await host.pings("vm3", "192.168.122.11"))
        try await repository.expectInSync()

        // Without a value it could not be bound: nothing is sent.
        let before = try await host.virsh("nwfilter-binding-dumpxml", "vnet1")
        try repository.policy(Self.filters + "groups: {web: {vms: {name: vm1}, filter: parametric}}\n")
        try await repository.apply(expecting: 1).says("unbindable", "FRIENDS")
        #expect(try await host.virsh("nwfilter-binding-dumpxml", "vnet1") == before)

        // Somebody takes the binding away.
        try repository.policy(policy("192.168.122.12"))
        try await repository.apply()
        try await host.virsh("nwfilter-binding-delete", "vnet1")
        #expect(try await host.pings("vm3", "192.168.122.11"))
        try await repository.run("drift").expect(2).says("vm1")
        try await repository.apply()
        #expect(try await !host.pings("vm3", "192.168.122.11"))
        try await repository.run("drift").expect(0)

        // The group goes: that opens vm1.
        try repository.policy(Self.filters)
        try await repository.apply(expecting: 1).says("UNPROTECTED: vm1", "--allow-unprotected 1")
        #expect(try await !host.pings("vm3", "192.168.122.11"))
        try await repository.apply("--allow-unprotected", "1")
        #expect(try await host.pings("vm3", "192.168.122.11"))
        try await repository.run("destroy", "--auto-approve").expect(0)
      }
    }

    @Test func somebodyElsesBindingIsNotTaken() async throws {
      try await withHost { host in
        try await host.sandbox.bind(vm: "vm1", filter: "clean-traffic", parameters: [("IP", "192.168.122.11")])
        let repository = try host.repository(machines: TestRepository.ports)
        try repository.policy(Self.filters + "groups: {web: {vms: {name: vm1}, filter: closed}}\n")
        try await repository.apply(expecting: 1).says("port-taken", "clean-traffic")
        #expect(try await host.virsh("nwfilter-binding-list").contains("clean-traffic"))
        // One of a VM that is in no group is nobody's business.
        try repository.policy(Self.filters + "groups: {web: {vms: {name: vm2}, filter: closed}}\n")
        try await repository.apply()
        try await repository.run("destroy", "--auto-approve").expect(0)
        #expect(try await host.virsh("nwfilter-binding-list").contains("clean-traffic"))
      }
    }

    @Test func domainsRunningAndOff() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0, qemuDomains: 2)) { host in
        try await host.virsh("destroy", "q2")
        let process = try host.emulator()
        let repository = try host.repository()
        func policy(_ filter: String) -> String {
          Self.filters + "groups: {domains: {vms: {name: \"q*\"}, filter: \(filter)}}\n"
        }
        try repository.policy(policy("closed"))
        let plan = try await repository.run("plan", "--detailed-exitcode").expect(2)
        plan.says("interface of q1 (52:54:00:01:f0:01, tapq1), running and stored", "q2", "stored configuration")
        try await repository.apply()
        let config = ["closed", "closed"]
        #expect(try await host.references("q1") == config)
        #expect(try await host.references("q2") == ["closed"])
        #expect(try host.emulator() == process)
        try await repository.expectInSync()

        try repository.policy(policy("parametric, parameters: {FRIENDS: 192.0.2.1}"))
        try await repository.apply()
        #expect(try await host.references("q1") == ["parametric", "parametric"])
        #expect(try host.emulator() == process)
        try await repository.expectInSync()

        // One of the two descriptions is changed by hand.
        let stored = try await host.virsh("dumpxml", "q1", "--inactive")
        try await host.virsh(
          "define", "/dev/stdin", input: stored.replacingOccurrences(of: "parametric", with: "closed"))
        try await repository.run("drift").expect(2).says("q1", "closed")
        try await repository.apply().says("interface of q1", "stored configuration")
        #expect(try await host.references("q1") == ["parametric", "parametric"])
        // The binding is taken away; the VM's XML says nothing of it.
        try await host.virsh("nwfilter-binding-delete", "tapq1")
        try await repository.run("drift").expect(2).says("binding of q1 (tapq1) is missing")
        try await repository.apply()
        #expect(try await host.virsh("nwfilter-binding-list").contains("parametric"))
        try await repository.expectInSync()
        // It starts with the filter, and ends without its binding.
        try await host.virsh("start", "q2", "--paused")
        try await repository.expectInSync()

        try repository.policy(Self.filters)
        try await repository.apply(expecting: 1).says("2 interfaces", "UNPROTECTED: q1", "UNPROTECTED: q2")
        try await repository.apply("--allow-unprotected", "2")
        #expect(try await host.references("q1") + host.references("q2") == [])
        #expect(try await host.virsh("nwfilter-binding-list").isEmpty)
        #expect(try host.emulator() == process)
      }
    }

    @Test func interfacesThatCannotHaveFilters() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0, qemuDomains: 1)) { host in
        let interface = "<interface type='user'><mac address='52:54:00:01:f0:99'/><model type='virtio'/></interface>"
        try await host.virsh("attach-device", "q1", "/dev/stdin", "--config", input: interface)
        let repository = try host.repository()
        try repository.policy(Self.filters + "groups: {domains: {vms: {name: q1}, filter: closed}}\n")
        try await repository.apply(expecting: 4).says("NOT FILTERED", "52:54:00:01:f0:99", "interface of type user")
        #expect(try await host.references("q1") == ["closed", "closed"])
        try await repository.apply(expecting: 4).says("No changes", "NOT FILTERED")
      }
    }

    @Test func anotherFilterIsNotReplaced() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0, qemuDomains: 1)) { host in
        let live = try await host.virsh("dumpxml", "q1")
        let start = try #require(live.range(of: "<interface ")?.lowerBound)
        let end = try #require(live.range(of: "</interface>")?.lowerBound)
        try await host.virsh(
          "update-device", "q1", "/dev/stdin", "--live", "--config",
          input: "\(live[start..<end])<filterref filter='no-mac-spoofing'/></interface>")
        let repository = try host.repository()
        try repository.policy(Self.filters + "groups: {domains: {vms: {name: q1}, filter: closed}}\n")
        try await repository.apply(expecting: 1).says("foreign-filterref", "no-mac-spoofing")
        #expect(try await host.references("q1") == ["no-mac-spoofing", "no-mac-spoofing"])
      }
    }

    /// A stock filter is nobody's: what says that the project put it there is beside it.
    @Test func aStockFilterOfAGroup() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0, qemuDomains: 1)) { host in
        let repository = try host.repository()
        try repository.policy("groups: {domains: {vms: {name: q1}, filter: no-mac-spoofing}}\n")
        try await repository.apply()
        #expect(try await host.references("q1") == ["no-mac-spoofing", "no-mac-spoofing"])
        try await repository.expectInSync()
        try repository.policy(
          "groups: {domains: {vms: {name: q1}, filter: clean-traffic, parameters: {IP: 192.0.2.7}}}\n")
        try await repository.apply()
        try await repository.expectInSync()
        try await repository.run("destroy", "--auto-approve").expect(0)
        #expect(try await host.references("q1").isEmpty)
      }
    }

    /// What only the kernel can refuse: a set that is not there.
    @Test func aChangeThatFailsOnAPort() async throws {
      try await withHost(SandboxOptions(stockFilters: false)) { host in
        let repository = try host.repository(machines: TestRepository.ports)
        func policy(_ set: String, _ other: String) -> String {
          """
          filters:
            allowed: {rules: [{action: accept, direction: in, priority: 100, ip: {srcipaddr: \(other)}}]}
            sets: {rules: [{action: drop, direction: in, priority: 100, all: {\(set)}}]}
            more: {rules: [{filterref: sets}]}
          groups:
            one: {vms: {name: vm1}, filter: sets}
            two: {vms: {name: vm2}, filter: allowed}

          """
        }
        try repository.policy(policy("srcipaddr: 192.0.2.1", "192.0.2.1"))
        try await repository.apply()
        let before = try await host.filters()
        let broken = policy("ipset: no-such-set, ipsetflags: src", "192.0.2.2")
        try repository.policy(broken)

        let undone = try await repository.apply(expecting: 1, "--on-failure", "undo")
        undone.says("failed: change filter sets", "undone: change filter allowed")
        #expect(try await host.filters() == before)

        // The other port has its new filter; this one keeps the old.
        let kept = try await repository.apply(expecting: 4)
        kept.says("failed: change filter sets", "not as planned")
        let after = try await host.filters()
        #expect(after["sets"] == before["sets"] && after["allowed"] != before["allowed"])
        #expect(after["acme.host.marker"] == before["acme.host.marker"])

        // With a time limit it is taken back as a whole, and says so.
        try repository.policy(broken.replacingOccurrences(of: "192.0.2.2", with: "192.0.2.3"))
        try await repository.apply(expecting: 4, "--confirm-within", "1s").says("unless you say: nwfleet confirm")
        #expect(try await eventually { try await host.filters() == after })
      }
    }

    @Test func rulesThatTheKernelDoesNotSee() async throws {
      try await withHost(SandboxOptions(bridgeNetfilter: false)) { host in
        let repository = try host.repository(machines: TestRepository.ports)
        try repository.policy(Self.filters + "groups: {web: {vms: {name: \"vm*\"}, filter: closed}}\n")
        let sysctl = "net.bridge.bridge-nf-call-iptables"
        let plan = try await repository.run("plan").expect(4)
        plan.says(
          "NOT ENFORCED on vm1 (52:54:00:01:00:01, vnet1)", "NOT ENFORCED on vm2", "sysctl -w \(sysctl)=1")
        try await repository.apply(expecting: 4).says("NOT ENFORCED on vm1", "sysctl -w \(sysctl)=1")
        #expect(try await host.pings("vm2", "192.168.122.11"))
        try await repository.apply(expecting: 4).says("No changes.")
        try await repository.run("drift").expect(4).says("NOT ENFORCED")
        try await repository.run("status").expect(0).says("not-enforced")
        // Layer-2 rules need nothing of the kind.
        try repository.policy(
          Self.filters + "groups: {web: {vms: {name: vm1}, filter: parametric, parameters: {FRIENDS: 192.0.2.1}}}\n")
        try await repository.apply("--allow-unprotected", "1")
        #expect(try await !host.pings("vm2", "192.168.122.11"))

        _ = try await host.sandbox.exec(["sh", "-c", "echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables"])
        try repository.policy(Self.filters + "groups: {web: {vms: {name: vm2}, filter: closed}}\n")
        try await repository.apply("--allow-unprotected", "1")
        #expect(try await !host.pings("vm1", "192.168.122.12"))
      }
    }

    /// The running VM has a port of the network's and the model that it was started with; its next start has neither.
    @Test func onlyTheFilterOfAnInterfaceChanges() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0, qemuDomains: 1)) { host in
        let network = "<network><name>lan</name><forward mode='bridge'/><bridge name='br0'/></network>"
        try await host.virsh("net-define", "/dev/stdin", input: network)
        try await host.virsh("net-start", "lan")
        try await host.virsh("destroy", "q1")
        let inNetwork = try await host.virsh("dumpxml", "q1", "--inactive")
          .replacingOccurrences(of: "interface type='bridge'", with: "interface type='network'")
          .replacingOccurrences(of: "bridge='br0'", with: "network='lan'")
        try await host.virsh("define", "/dev/stdin", input: inNetwork)
        try await host.virsh("start", "--paused", "q1")
        let otherModel = inNetwork.replacingOccurrences(of: "model type='virtio'", with: "model type='e1000'")
        try await host.virsh("define", "/dev/stdin", input: otherModel)
        let live = try await host.interface("q1")
        let stored = try await host.interface("q1", "--inactive")
        #expect(live.contains("type='bridge'") && live.contains("network='lan'") && live.contains("'virtio'"))
        #expect(stored.contains("type='network'") && stored.contains("model type='e1000'"))

        let repository = try host.repository()
        func policy(_ filter: String) -> String {
          Self.filters + "groups: {domains: {vms: {name: q1}, filter: \(filter)}}\n"
        }
        for filter in ["closed", "parametric, parameters: {FRIENDS: 192.0.2.1}"] {
          try repository.policy(policy(filter))
          try await repository.apply()
          let name = String(filter.prefix { $0 != "," })
          #expect(try await host.references("q1") == [name, name])
          #expect(try await host.interface("q1") == live)
          #expect(try await host.interface("q1", "--inactive") == stored)
          #expect(try await host.virsh("net-port-list", "lan").split(separator: "\n").count == 1)
          try await repository.expectInSync()
        }
        try await repository.run("destroy", "--auto-approve").expect(0)
        #expect(try await host.references("q1").isEmpty)
        #expect(try await host.interface("q1") == live)
        #expect(try await host.interface("q1", "--inactive") == stored)
      }
    }

    /// What is put on the running VM in vain is not left for its next start.
    @Test func aRefusedFilterIsNotStored() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0, qemuDomains: 1, stockFilters: false)) { host in
        let stored = try await host.interface("q1", "--inactive")
        let repository = try host.repository()
        try repository.policy(
          """
          filters:
            sets: {rules: [{action: drop, direction: in, priority: 100, all: {ipset: no-such-set, ipsetflags: src}}]}
          groups: {domains: {vms: {name: q1}, filter: sets}}

          """)
        try await repository.apply(expecting: 4).says("failed: ", "the stored configuration is put back")
        #expect(try await host.references("q1").isEmpty)
        #expect(try await host.interface("q1", "--inactive") == stored)
      }
    }

    /// libvirt takes names that no policy may have.
    @Test func aBindingToAFilterWithAnOddName() async throws {
      try await withHost { host in
        try await host.define("<filter name='my filter' chain='root'><rule action='accept' direction='in'/></filter>")
        try await host.sandbox.bind(vm: "vm1", filter: "my filter")
        let repository = try host.repository(machines: TestRepository.ports)
        try repository.policy(Self.filters + "groups: {web: {vms: {name: vm1}, filter: closed}}\n")
        try await repository.apply(expecting: 1).says("port-taken", "my filter")
      }
    }

    /// libvirt does not add a MAC that it is given.
    @Test(arguments: ["52:54:00:01:00:01", "52:54:00:0A:00:01"])
    func aMACThatTheGroupGives(_ mac: String) async throws {
      try await withHost { host in
        let repository = try host.repository(machines: TestRepository.ports)
        try repository.policy(
          Self.filters + "groups: {web: {vms: {name: vm1}, filter: closed, parameters: {MAC: \"\(mac)\"}}}\n")
        try await repository.apply()
        #expect(try await host.virsh("nwfilter-binding-dumpxml", "vnet1").contains("name='MAC' value='\(mac)'"))
        try await repository.expectInSync()
      }
    }
  }
}

extension TestHost {
  /// The interface of a VM with one, all but its filter and the id of the network's port, which each update makes anew.
  fileprivate func interface(_ machine: String, _ options: String...) async throws -> String {
    let text = try await Processes.run(
      "virsh", ["-q", "-c", try sandbox.uri(host: 1), "dumpxml", machine] + options
    ).requireSuccess().output
    let start = try #require(text.range(of: "<interface ")?.lowerBound)
    let end = try #require(text.range(of: "</interface>")?.upperBound)
    let filter = /\s*<filterref(?:[^>]*\/>|.*?<\/filterref>)/.dotMatchesNewlines()
    return String(text[start..<end]).replacing(filter, with: "").replacing(/\sportid='[^']*'/, with: "")
  }

  /// The filters that the interfaces of a VM refer to, as it runs and as it is stored.
  fileprivate func references(_ machine: String) async throws -> [String] {
    let stored = try await virsh("dumpxml", machine, "--inactive")
    let isRunning = try await !virsh("domstate", machine).hasPrefix("shut off")
    let texts = isRunning ? [try await virsh("dumpxml", machine), stored] : [stored]
    return texts.flatMap { text in
      text.components(separatedBy: "<filterref filter='").dropFirst().map { String($0.prefix { $0 != "'" }) }
    }
  }

  /// The process of q1.
  fileprivate func emulator() throws -> Int32 {
    let text = try String(contentsOfFile: "\(sandbox.host(1).directory)/run/qemu/q1.pid", encoding: .utf8)
    return try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
  }
}
