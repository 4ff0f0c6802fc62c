// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Foundation
import Planning
import Reconcile
import Testing

@testable import Commands

/// What import and status say of hosts that somebody else has worked on.
@Suite struct HostViewTests {
  private static let identity = Identity(project: "acme")
  private static let place = SourceRange(
    file: "a.yaml", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 5))

  private static func filter(_ name: String, _ owner: Identity? = identity) -> ObservedFilter {
    let uuid = owner?.uuid(ofFilter: name) ?? ObjectUUID(high: 9, low: 9)
    return ObservedFilter(
      name: name, uuid: uuid, xml: "", filter: Filter(name: name, uuid: uuid, entries: [.rule(Rule(.accept, .in))]))
  }

  private static func interface(
    _ number: UInt64, _ reference: FilterReference?, carriesFilters: Bool = true
  ) -> ObservedInterface {
    ObservedInterface(
      mac: MACAddress(bits: 0x5254_0000_0000 + number), type: carriesFilters ? "bridge" : "user",
      carriesFilters: carriesFilters, device: nil, live: .absent, config: .present(reference))
  }

  private static func machine(_ name: String, _ interfaces: [ObservedInterface]) -> ObservedMachine {
    ObservedMachine(
      name: name, uuid: ObjectUUID(high: 1, low: 1), isRunning: false, isPersistent: true, interfaces: interfaces)
  }

  private static func host(
    _ filters: [ObservedFilter], _ machines: [ObservedMachine], _ bindings: [ObservedBinding] = []
  ) -> ObservedHost {
    ObservedHost(name: "kvm1", uri: "qemu:///system", filters: filters, machines: machines, bindings: bindings)
  }

  private static func status(_ observed: ObservedHost, _ filters: [String]) async throws -> StatusDocument {
    let desired = DesiredState(
      identity: identity, repositoryID: "6f1c",
      filters: filters.map { name in
        DesiredFilter(
          Filter(name: name, entries: [.rule(Rule(.accept, .in))]), origin: place, entryOrigins: [place])
      },
      attachments: [
        DesiredAttachment(
          group: "web", machines: [NamePattern("web-*")], reference: FilterReference("a"), origin: place)
      ])
    let host = try SnapshotHost(SnapshotDocument(observed, takenAt: 0))
    return StatusDocument(try await PlanSession(host: host, desired: desired))
  }

  @Test func statusNamesEachState() async throws {
    let observed = Self.host(
      [Self.filter("a"), Self.filter("theirs", nil)],
      [
        Self.machine("db", [Self.interface(1, FilterReference("theirs")), Self.interface(2, nil)]),
        Self.machine("web-1", [Self.interface(3, FilterReference("a")), Self.interface(4, nil)]),
        Self.machine("web-2", [Self.interface(5, FilterReference("theirs"))]),
        Self.machine(
          "web-3",
          [
            Self.interface(6, nil, carriesFilters: false),
            Self.interface(7, FilterReference("a", parameters: ["X": ["1"]])),
          ]),
      ])
    let document = try await Self.status(observed, ["a"])
    #expect(
      document.interfaces.map(\.state) == [
        "foreign", "unfiltered", "in-sync", "missing", "foreign", "cannot-filter", "drifted",
      ])
    #expect(!document.isInSync)
    #expect(document.text(.plain).contains("The policy cannot be applied here: 1 problem, see 'nwfleet plan'\n"))
  }

  @Test func manyNamesAreCounted() async throws {
    let document = try await Self.status(Self.host([], []), ["a"] + (1...150).map { "f\($0)" })
    #expect(document.filters.missing.count == 151 && document.filters.drifted == [] && document.filters.inSync == 0)
    #expect(document.text(.plain).contains("missing: a, f1, f10, f100, f101 and 146 more\n"))
  }

  @Test func aSnapshotOfAnUnknownHostIsNamed() {
    let inventory = Inventory(hosts: [InventoryHost(name: "kvm1", uri: "qemu:///system", origin: Self.place)])
    let unknown = ReadableHostOptions.findings(about: "kvm2", inventory)
    #expect(unknown.map(\.code.rawValue) == ["snapshot-of-unknown-host"] && unknown[0].severity == .warning)
    #expect(ReadableHostOptions.findings(about: "kvm1", inventory) == [])
    #expect(ReadableHostOptions.findings(about: "kvm2", nil) == [])
  }

  @Test func importNamesWhatItLeavesOut() throws {
    let other = Identity(project: "beta")
    let binding = ObservedBinding(
      device: "tap9", ownerName: "box", ownerUUID: ObjectUUID(high: 3, low: 3), mac: MACAddress(bits: 9),
      reference: FilterReference("mine"))
    let imported = try HostImport(
      Self.host(
        [Self.filter("mine", nil), Self.filter("theirs", other), Self.filter("beta.host.marker", other)],
        [
          Self.machine("half", [Self.interface(1, FilterReference("mine")), Self.interface(2, nil)]),
          Self.machine("whole", [Self.interface(3, FilterReference("mine"))]),
        ], [binding]))
    let messages = imported.warnings.map(\.message)
    for text in ["project beta", "VM half is in no group", "port tap9 (box"] {
      #expect(messages.contains { $0.contains(text) }, "\(text)")
    }
    #expect(!imported.text.contains("theirs") && imported.text.contains("whole"))
  }
}
