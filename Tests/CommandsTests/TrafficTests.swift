// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import Foundation
import GoldenSupport
import Planning
import PolicyLanguage
import Reconcile
import Testing

@testable import Commands

/// What a change of a policy does to packets, beside recorded files.
@Suite struct TrafficTests {
  private static let golden =
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/traffic").path

  private static let main = """
    project: acme
    id: 6f1c0d2e
    vms:
      web-1: {nics: {"52:54:00:00:00:11": {addresses: [192.168.122.11, "2001:db8:122::11"]}}}
      web-2: {nics: {"52:54:00:00:00:12": {addresses: [192.168.122.12, "2001:db8:122::12"]}}}
      db-1: {nics: {"52:54:00:00:00:21": {addresses: [192.168.122.21]}}}
    """

  private static let policies = """
    groups:
      web:
        vms: {name: "web-*"}
        in:
          - allow http, https
          - allow ssh from 192.0.2.0/25, 192.0.2.128/25
      db:
        vms: {name: "db-*"}
        in:
          - allow postgres from group:web
      lab:
        vms: {name: "lab-*"}
        out:
          - drop any to 169.254.169.254
    """

  private func ports(_ policies: String) throws -> PortsWithFilters {
    let loaded = PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: Self.main), PolicyFile(path: "policies/all.yaml", text: policies),
    ])
    let policy = try #require(loaded.policy, "\(loaded.diagnostics)")
    return try PortsWithFilters(policy, today: try #require(Day("2026-11-22")))
  }

  private func report(_ old: String, _ new: String) throws -> TrafficReport {
    let change = Self.policies.replacing(old, with: new)
    #expect(change != Self.policies)
    return TrafficReport(from: try ports(Self.policies), to: try ports(change))
  }

  @Test(arguments: [
    ("port", "http, https", "http, https, tcp/8080"), ("revoked", "from group:web", "from vm:web-1"),
    ("no-vm", "drop any to 169.254.169.254", "drop dns to any"),
    ("guard", "name: \"web-*\"}", "name: \"web-*\"}\n    guard: off"),
    ("default", "    out:", "    default: {out: drop}\n    out:"),
    ("new-group", "  lab:", "  shop:\n    vms: {name: \"shop-*\"}\n  lab:"),
    ("limit", "- allow http, https", "- {rule: \"allow http, https\", limit: {connections: 20}}"),
  ])
  func saysWhatChanges(_ name: String, old: String, new: String) throws {
    let report = try report(old, new)
    expectGolden(TrafficText(report, style: .plain, isVerbose: false).text, "\(Self.golden)/\(name).txt")
    expectGolden(JSONFile.text(TrafficDocument(report)), "\(Self.golden)/\(name).json")
  }

  @Test(arguments: [
    ("- allow http, https", "- allow tcp/443\n      - allow tcp/80"),
    ("192.0.2.0/25, 192.0.2.128/25", "192.0.2.0/24"),
    ("  lab:", "  # A comment.\n  lab:"),
  ])
  func knowsThatNothingChanges(old: String, new: String) throws {
    let report = try report(old, new)
    #expect(report.isNone, "\(TrafficText(report, style: .plain, isVerbose: true).text)")
    #expect(TrafficText(report, style: .plain, isVerbose: false).text == "No traffic change.\n")
  }

  /// The address of a VM whose NIC nobody has written down depends on what else there is.
  @Test func comparesVMsWithoutAddressesOfNICs() throws {
    let main = "project: acme\nid: 6f1c0d2e\nvms:\n  web-1: {addresses: [192.168.122.11]}\n"
    let policies = "groups:\n  web:\n    vms: {name: \"web-*\"}\n    in:\n      - allow http\n"
    func ports(_ main: String, _ policies: String) throws -> PortsWithFilters {
      let loaded = PolicyRepository.load(files: [
        PolicyFile(path: "nwfleet.yaml", text: main), PolicyFile(path: "policies/all.yaml", text: policies),
      ])
      return try PortsWithFilters(
        try #require(loaded.policy, "\(loaded.diagnostics)"), today: try #require(Day("2026-11-22")))
    }
    let report = TrafficReport(
      from: try ports(main, policies),
      to: try ports(
        main.replacing("vms:\n", with: "vms:\n  a-1: {addresses: [192.168.122.9]}\n"),
        policies.replacing("allow http", with: "allow http, tcp/8080")))
    let text = TrafficText(report, style: .plain, isVerbose: false).text
    #expect(
      text == """
        web (web-1):
          + newly allowed in: tcp/8080 from any
        New, so not compared: VM a-1.

        """)
  }

  /// A group whose VMs are all others than before is not said to be unchanged.
  @Test func saysWhatItCannotCompare() throws {
    func port(_ machine: String) -> FilteredPort {
      let mac = MACAddress(bits: 0x5254_0000_0001)
      return FilteredPort(
        interface: InterfaceName(machine: machine, mac: mac, device: nil), mac: mac, groups: ["web"],
        reference: nil, addresses: [])
    }
    let report = TrafficReport(
      from: PortsWithFilters([port("a")], filters: [:]), to: PortsWithFilters([port("b")], filters: [:]))
    #expect(!report.isNone)
    #expect(report.newMachines == ["b"])
    #expect(report.removedMachines == ["a"])
  }

  @Test(arguments: ["..", "a...b"])
  func refusesRanges(_ text: String) {
    #expect(throws: DiagnosticError.self) { try Revision.range(text) }
  }

  /// libvirt's stock filters need the VM's address, which the repository knows.
  @Test func comparesStockFilters() throws {
    let native = Self.policies + "\n  old:\n    vms: {name: \"old-*\"}\n    filter: clean-traffic\n"
    let main = Self.main + "\n  old-1: {addresses: [192.168.122.31]}\n"
    let loaded = PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: main), PolicyFile(path: "policies/all.yaml", text: native),
    ])
    let policy = try #require(loaded.policy, "\(loaded.diagnostics)")
    let ports = try PortsWithFilters(policy, today: try #require(Day("2026-11-22")))
    let report = TrafficReport(from: ports, to: ports)
    #expect(report.isNone, "\(report.unknown)")
  }
}
