// SPDX-License-Identifier: Apache-2.0

import Foundation
import Sandbox
import Testing

@Suite struct SandboxOptionsTests {
  @Test(arguments: [
    SandboxOptions(hosts: 0), SandboxOptions(hosts: 256), SandboxOptions(virtualMachines: -1),
    SandboxOptions(virtualMachines: 201), SandboxOptions(qemuDomains: 201), SandboxOptions(filterDirectorySize: "k"),
    SandboxOptions(filterDirectorySize: "1k,mode=777"), SandboxOptions(filterDirectorySize: ""),
  ])
  func outOfRange(options: SandboxOptions) async {
    let error = await #expect(throws: SandboxError.self) { try await Sandbox(root: "/nowhere").up(options) }
    #expect(error?.code == .invalidOption)
  }

  @Test func factsFollowFromNumbers() {
    let host = Sandbox(root: "/run/x").host(26)
    #expect(host.name == "h26")
    #expect(host.uri() == "qemu+unix:///system?socket=/run/x/h26/run/libvirt-sock")
    #expect(host.uri(driver: "nwfilter") == "nwfilter+unix:///system?socket=/run/x/h26/run/libvirt-sock")
    #expect(host.uri(driver: "lxc") == "lxc+unix:///?socket=/run/x/h26/run/libvirt-sock")
    let vm = host.virtualMachine(12)
    #expect(vm.name == "vm12" && vm.port == "vnet12")
    #expect(vm.mac == "52:54:00:1a:00:0c")
    #expect(vm.addresses == ["192.168.122.22", "2001:db8:122::22"])
    #expect(UUID(uuidString: vm.uuid) != nil)
    #expect(host.qemuDomain(3).mac == "52:54:00:1a:f0:03")
  }

  @Test func nothingUp() async throws {
    let sandbox = Sandbox(root: NSTemporaryDirectory() + "/nwfleet-none")
    #expect(sandbox.status().isEmpty)
    try await sandbox.down()
    let error = #expect(throws: SandboxError.self) { try sandbox.uri() }
    #expect(error?.code == .notRunning)
    #expect(error?.hint == "start it with: nwfleet sandbox up")
  }

  @Test(.enabled(if: geteuid() == 0, "needs root"))
  func otherFoldersAreLeftAlone() async throws {
    let root = NSTemporaryDirectory() + "/nwfleet-" + UUID().uuidString.prefix(8)
    try FileManager.default.createDirectory(atPath: root + "/h1", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: root) }
    let down = await #expect(throws: SandboxError.self) { try await Sandbox(root: root).down() }
    #expect(down?.code == .invalidRoot)
    let up = await #expect(throws: SandboxError.self) { try await Sandbox(root: root).up() }
    #expect(up?.code == .invalidRoot || up?.code == .missingTool)
    #expect(FileManager.default.fileExists(atPath: root + "/h1"))
  }
}
