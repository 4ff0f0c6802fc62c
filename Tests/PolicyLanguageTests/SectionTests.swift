// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PolicyLanguage
import Testing

/// What right input comes to.
@Suite struct SectionTests {
  private func load(_ policies: String, main: String = "") -> LoadResult {
    PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: "project: acme\nid: 6f1c0d2e\n" + main),
      PolicyFile(path: "policies/web.yaml", text: policies),
    ])
  }

  private func filter(_ rules: String) throws -> Filter {
    let result = load("filters:\n  web:\n    rules:\n" + rules)
    #expect(result.diagnostics == [])
    return try #require(result.desired?.filters.first?.filter)
  }

  @Test func project() throws {
    let desired = try #require(load("").desired)
    #expect(desired == DesiredState(identity: Identity(project: "acme"), repositoryID: "6f1c0d2e"))
  }

  @Test func hosts() {
    let uris = [
      "qemu:///system", "qemu:///session", "qemu+ssh://root@kvm1.example.net:2222/system",
      "qemu+tls://[2001:db8::1]/system",
      "nwfilter+unix:///system?mode=legacy", "lxc:///", "sandbox:///12",
    ]
    let text = uris.enumerated().map { "  h\($0.offset): {uri: \"\($0.element)\", labels: {site: no}}\n" }.joined()
    let result = load("", main: "hosts:\n" + text)
    #expect(result.diagnostics == [])
    #expect(result.inventory.hosts.map(\.uri) == uris)
    #expect(result.inventory.hosts.allSatisfy { $0.labels == ["site": "no"] })
  }

  @Test func machinesAndPorts() throws {
    let result = load(
      "",
      main: """
        hosts: {kvm1: {uri: "qemu:///system"}, kvm2: {uri: "qemu:///system"}}
        vms:
          web-2: {host: kvm2, nics: {52:54:00:00:00:02: {port: tap0}}}
          web-1:
            host: kvm1
            labels: {role: web}
            nics:
              "52:54:00:00:00:01": {port: tap0}
              "52:54:0:0:0:a":
          "db 1":
        """)
    #expect(result.diagnostics == [])
    #expect(result.inventory.machines.map(\.name) == ["db 1", "web-1", "web-2"])
    let ports = try #require(result.desired?.ports)
    #expect(ports.map(\.device) == ["tap0", "tap0"])
    #expect(ports.map(\.host) == ["kvm1", "kvm2"])
    #expect(ports.map(\.mac.description) == ["52:54:00:00:00:01", "52:54:00:00:00:02"])
    #expect(result.inventory.machines[1].interfaces.map(\.mac.description).last == "52:54:00:00:00:0a")
  }

  @Test func groups() throws {
    let result = load(
      """
      groups:
        lab:
          vms: {name: [lab-*, "web-?"]}
          filter: clean-traffic
          parameters: {IP: [10.0.0.1, 10.0.0.2], MAC: 52:54:00:00:00:01}
      """)
    #expect(result.diagnostics == [])
    let attachment = try #require(result.desired?.attachments.first)
    #expect(attachment.selects(machine: "lab-7") && attachment.selects(machine: "web-1"))
    #expect(!attachment.selects(machine: "web-10"))
    #expect(
      attachment.reference
        == FilterReference(
          "clean-traffic", parameters: ["IP": ["10.0.0.1", "10.0.0.2"], "MAC": ["52:54:00:00:00:01"]]))
    #expect(attachment.origin.description == "policies/web.yaml:2:3")
  }

  @Test func filters() throws {
    let result = load(
      """
      filters:
        web:
          chain: ipv4
          adopt: yes
          rules:
            - {action: accept, direction: in, priority: 100, statematch: no, tcp: {dstportstart: 0x50, dstportend: 443}}
            - filterref: no-mac-spoofing
              parameters: {GATEWAY: [a, b]}
      """)
    #expect(result.diagnostics == [])
    let desired = try #require(result.desired?.filters.first)
    #expect(desired.adopts)
    #expect(desired.filter.priority == -700)
    #expect(desired.entryOrigins.map(\.start.line) == [6, 7])
    let rule = try #require(desired.filter.rules.first)
    #expect(rule.action == .accept && rule.direction == .in && rule.priority == 100 && !rule.matchesState)
    #expect(rule.match?["dstportstart"]?.value == .number(80))
    #expect(desired.filter.references == [FilterReference("no-mac-spoofing", parameters: ["GATEWAY": ["a", "b"]])])
  }

  /// A filter may be defined after its use, in another file, under the name of one that libvirt brings.
  @Test func referencesBetweenFiles() {
    let result = PolicyRepository.load(files: [
      PolicyFile(path: "policies/a.yaml", text: "filters: {web: {rules: [{filterref: base}, {filterref: allow-arp}]}}"),
      PolicyFile(path: "policies/b.yaml", text: "filters: {base: {rules: [{action: drop, direction: inout}]}}"),
      PolicyFile(path: "nwfleet.yaml", text: "project: acme\nid: 6f1c0d2e\n"),
    ])
    #expect(result.diagnostics == [])
    #expect(result.desired?.filters.map(\.filter.name) == ["base", "web"])
  }

  @Test func aBareProtocolMatchesAllOfIt() throws {
    let filter = try filter(
      """
            - {action: drop, direction: in, tcp: {}}
            - {action: drop, direction: in, tcp: [{}]}
            - {action: drop, direction: in}
      """)
    #expect(filter.rules.map { $0.match?.filterProtocol } == [.tcp, .tcp, nil])
  }

  @Test func negation() throws {
    let filter = try filter(
      """
            - {action: drop, direction: out, ip: {match: no, srcipaddr: $IP, comment: spoofed}}
            - {action: drop, direction: out, ip: [{srcipaddr: 10.0.0.1, protocol: tcp}, {match: no, dstipaddr: 10.0.0.2, protocol: 17}]}
      """)
    let first = try #require(filter.rules[0].match)
    #expect(first["srcipaddr"]?.isNegated == true && first["comment"]?.isNegated == false)
    let second = try #require(filter.rules[1].match)
    #expect(second["srcipaddr"]?.isNegated == false && second["dstipaddr"]?.isNegated == true)
    #expect(second["protocol"]?.isNegated == true && second["protocol"]?.value == .number(17))
  }

  /// YAML readers disagree about these words and numbers; here they are the text that is written.
  @Test(arguments: ["no", "on", "~x", "0x10", "1e3", "22:22", "2027-03-31", ".5", "null1"])
  func plainTextsKeepTheirMeaning(text: String) throws {
    let filter = try filter("      - {action: drop, direction: in, tcp: {comment: \(text)}}\n")
    #expect(filter.rules[0].match?["comment"]?.value == .text(text))
  }

  @Test func byteOrderMarkAndWindowsLineEnds() {
    let text = "\u{feff}filters:\r\n  web:\r\n    rules:\r\n      - {action: acept, direction: in}\r\n"
    let result = load(text)
    #expect(result.diagnostics.map { $0.range?.description } == ["policies/web.yaml:4:18"])
    #expect(result.sources.line(4, of: "policies/web.yaml") == "      - {action: acept, direction: in}")
  }

  @Test func columnsCountScalars() {
    let result = load("filters:\n  web: {rules: [{action: drop, direction: in, tcp: {comment: \"häß→\", x: 1}}]}\n")
    #expect(result.diagnostics.first?.range?.start.column == 70)
  }

  @Test func emptyFilesSayNothing() {
    for text in ["", "\n", "# only a comment\n", "---\n", "filters: {}\n"] {
      #expect(load(text).diagnostics == [], "\(text)")
    }
  }
}
