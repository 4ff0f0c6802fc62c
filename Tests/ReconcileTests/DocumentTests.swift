// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import FilterXML
import Foundation
import Planning
import Reconcile
import Testing

@Suite struct DocumentTests {
  private let identity = Identity(project: "acme")
  private let place = SourceRange(
    file: "policies/a.yaml", start: SourcePosition(line: 3, column: 5), end: SourcePosition(line: 3, column: 9))

  private var filter: Filter {
    var match = Match(.tcp)
    match.set(0, .mac(MACAddress(bits: 0x5254_0012_3456)))
    return Filter(
      name: "a", uuid: identity.uuid(ofFilter: "a"), chain: "ipv4", entries: [.rule(Rule(.drop, .in, match: match))])
  }

  private var observed: ObservedHost {
    ObservedHost(
      name: "kvm1", uri: "qemu:///system", libvirtVersion: "9.0.0",
      filters: [
        ObservedFilter(name: "a", uuid: identity.uuid(ofFilter: "a"), xml: FilterXML.write(filter), filter: filter)
      ],
      machines: [
        ObservedMachine(
          name: "vm", uuid: ObjectUUID(high: 1, low: 2), isRunning: true, isPersistent: true,
          interfaces: [
            ObservedInterface(
              mac: MACAddress(bits: 7), type: "bridge", carriesFilters: true, device: "vnet0",
              live: .present(FilterReference("a", parameters: ["IP": ["10.0.0.1", "10.0.0.2"]])), config: .present(nil)),
            ObservedInterface(
              mac: MACAddress(bits: 8), type: "user", carriesFilters: false, device: nil, live: .absent,
              config: .present(nil)),
          ])
      ],
      bindings: [
        ObservedBinding(
          device: "vnet0", ownerName: "vm", ownerUUID: ObjectUUID(high: 1, low: 2), mac: MACAddress(bits: 7),
          reference: FilterReference("a"))
      ], enforcement: Enforcement(ipv4: .on, ipv6: .off))
  }

  private func temporaryFile() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
  }

  @Test func snapshotRoundTrip() throws {
    let path = temporaryFile()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try JSONFile.write(SnapshotDocument(observed, takenAt: 42), to: path)
    let read = try JSONFile.read(SnapshotDocument.self, from: path)
    #expect(read.takenAt == 42)
    #expect(try read.observed() == observed)
  }

  @Test func stepRoundTrip() throws {
    let steps: [Step] = [
      .filter(
        FilterChange(
          name: "a", uuid: identity.uuid(ofFilter: "a"), before: nil,
          after: .init(filter: filter, xml: FilterXML.write(filter)))),
      .interface(
        InterfaceChange(
          machine: "vm", uuid: ObjectUUID(high: 1, low: 2), mac: MACAddress(bits: 7), device: "vnet0", isLive: true,
          isConfig: false, before: .init(nil), after: .init(FilterReference("a", parameters: ["A": ["1", "2"]])),
          group: nil)),
      .port(PortChange(machine: "vm", device: "vnet0", before: observed.bindings[0], after: nil, group: nil)),
    ]
    for step in steps {
      #expect(try StepDocument(step).step() == step)
      #expect(try StepDocument(step.inverse).step().inverse == step)
    }
  }

  private func desired(line: Int, port: UInt32 = 80) -> DesiredState {
    var place = place
    place.start.line = line
    var match = Match(.tcp)
    if let index = FilterProtocol.tcp.attributes.firstIndex(where: { $0.name == "dstportstart" }) {
      match.set(index, .number(port))
    }
    let filter = Filter(name: "a", entries: [.rule(Rule(.accept, .in, match: match))])
    return DesiredState(
      identity: identity, repositoryID: "6f1c",
      filters: [
        DesiredFilter(filter, origin: place, entryOrigins: [place]),
        DesiredFilter(
          Filter(name: "acme.profile.web", entries: filter.entries), origin: place, entryOrigins: [place],
          entrySources: [[RuleSource(id: "web/http", range: place), RuleSource(id: "system/nd", range: nil)]]),
      ],
      attachments: [
        DesiredAttachment(group: "g", machines: [NamePattern("vm*")], reference: FilterReference("a"), origin: place)
      ],
      interfaces: [
        DesiredInterface(
          machine: "vm", mac: MACAddress(bits: 8), reference: FilterReference("acme.nic.000000000008"), groups: ["web"],
          origin: place, oneWay: ["udp from any"],
          addresses: [.ipv4(IPv4Address(bits: 9)), .ipv6(IPv6Address(high: 1, low: 2))])
      ],
      ports: [DesiredPort(machine: "vm9", device: "tap9", mac: MACAddress(bits: 9), host: "kvm1")])
  }

  @Test func desiredRoundTrip() throws {
    #expect(try DesiredDocument(desired(line: 3)).desired() == desired(line: 3))
  }

  /// A blank line at the top of a file must not make hosts look outdated.
  @Test func digestIgnoresPlaces() {
    #expect(DesiredDocument.digest(of: desired(line: 3)) == DesiredDocument.digest(of: desired(line: 4)))
    #expect(DesiredDocument.digest(of: desired(line: 3)) != DesiredDocument.digest(of: desired(line: 3, port: 81)))
  }

  @Test func savedPlanLeadsToTheSamePlan() throws {
    let path = temporaryFile()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let request = PlanRequest(
      desired: desired(line: 3), observed: observed,
      marker: Marker(repositoryID: "6f1c", commit: "c", digest: "d", expired: ["web/old@2026-01-01"]))
    try JSONFile.write(SavedPlan(request, takenAt: 1), to: path)
    let saved = try JSONFile.read(SavedPlan.self, from: path)
    #expect(Plan(try saved.request()) == Plan(request))
    #expect(SavedPlan.differences(from: observed, to: observed).isEmpty)
    var changed = observed
    changed.filters[0].xml += " "
    changed.bindings = []
    #expect(
      SavedPlan.differences(from: observed, to: changed).map(\.message)
        == ["filter a has changed", "binding of vnet0 is gone"])
  }

  /// A rule that cannot be read is not left out: the plan is refused.
  @Test func savedPlanWithAnUnknownRule() throws {
    let text = JSONFile.text(DesiredDocument(desired(line: 3)))
    let broken = text.replacingOccurrences(of: "<tcp", with: "<dccp")
    try #require(broken != text)
    let document = try JSONDecoder().decode(DesiredDocument.self, from: Data(broken.utf8))
    #expect(throws: HostError.self) { try document.desired() }
  }

  @Test(arguments: ["", "{}", "[1]", "{\"format\": 99}", "not json"])
  func brokenFiles(text: String) throws {
    let path = temporaryFile()
    defer { try? FileManager.default.removeItem(atPath: path) }
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    #expect(throws: HostError.self) { try JSONFile.read(SnapshotDocument.self, from: path) }
    #expect(throws: HostError.self) { try JSONFile.read(SavedPlan.self, from: path + ".missing") }
  }
}
