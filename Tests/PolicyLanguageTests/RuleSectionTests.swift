// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath
import PolicyLanguage
import Testing

/// What groups with rules, presets and admins come to.
@Suite struct RuleSectionTests {
  private func policy(_ text: String) throws -> Policy {
    let result = PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: "project: acme\nid: 6f1c0d2e\nhosts: {kvm1: {uri: \"qemu:///system\"}}\n"),
      PolicyFile(path: "policies/web.yaml", text: text),
    ])
    #expect(result.diagnostics == [])
    return try #require(result.policy)
  }

  @Test func group() throws {
    let policy = try policy(
      """
      groups:
        web:
          vms: {name: ["web-*", www], label: {role: [web, "app-*"]}, mac: 52:54:00:00:00:01}
          hosts: kvm1
          tier: security
          order: -5
          guard: strict
          use: internet-only
          in:
            - allow http, https
            - {rule: "allow tcp/8000-8010 from 10.9.0.0/16", name: legacy, until: 2027-03-31, owner: bob, limit: {connections: 20}}
            - rule: allow udp/53
              from-port: [1024-65535, 53]
              stateless: true
              ticket: OPS-1
              comment: no
              enabled: no
          out:
            - {rule: drop any, until: 2027-03-31, expires: open}
          default: {in: reject}
          parameters: {CLIENTS: [192.0.2.0/24, host], PORTS: [tcp/80, 443]}
          owner: alice
          ticket: OPS-2
          comment: the web
          enabled: false
      """)
    let group = try #require(policy.groups.first)
    #expect(group.selector.names.map(\.text) == ["web-*", "www"])
    #expect(group.selector.labels.mapValues { $0.map(\.text) } == ["role": ["web", "app-*"]])
    #expect(group.selector.macs.map(\.description) == ["52:54:00:00:00:01"])
    #expect(group.selector.selects("web-1", labels: ["role": "app-2"]))
    #expect(group.hosts?.names.map(\.text) == ["kvm1"])
    #expect(group.tier == .security && group.order == -5 && !group.isEnabled)
    #expect(group.owner == "alice" && group.ticket == "OPS-2" && group.comment == "the web")
    #expect(group.rules.uses.map(\.value) == ["internet-only"])
    #expect(group.rules.guardPolicy?.value == .strict)
    #expect(group.rules.defaults.in?.value == .reject && group.rules.defaults.out == nil)
    #expect(group.origin.description == "policies/web.yaml:2:3")
    let rules = group.rules.inbound
    #expect(rules.map(\.text) == ["allow http, https", "allow tcp/8000-8010 from 10.9.0.0/16", "allow udp/53"])
    #expect(rules.map(\.name?.value) == [nil, "legacy", nil])
    #expect(rules[1].until == Day("2027-03-31") && rules[1].owner == "bob" && rules[1].connectionLimit == 20)
    #expect(rules[2].fromPorts == [1024...65535, 53...53] && rules[2].isStateless && !rules[2].isEnabled)
    #expect(rules[2].ticket == "OPS-1" && rules[2].comment == "no")
    #expect(group.rules.outbound.first?.expiresOpen == true)
    let clients = try #require(group.rules.parameters["CLIENTS"])
    #expect(clients.peers?.count == 2 && clients.texts.map(\.value) == ["192.0.2.0/24", "host"])
    let ports = try #require(group.rules.parameters["PORTS"])
    #expect(ports.traffic?.map(\.value) == [.ports(.tcp, [80...80, 443...443])] && ports.peers == nil)
  }

  @Test func emptyGroupOfRules() throws {
    let policy = try policy("groups: {web: {vms: {name: \"*\"}, in: []}}")
    #expect(policy.groups.first?.rules.inbound == [])
    #expect(policy.groups.first?.tier == .application)
  }

  @Test func nativeGroup() throws {
    let policy = try policy(
      """
      groups:
        lab: {vms: {label: {role: lab}}, hosts: {label: {site: ams}}, filter: clean-traffic, owner: bob}
        old: {vms: {name: "*"}, filter: clean-traffic, enabled: no}
      """)
    #expect(policy.nativeGroups.map(\.name.value) == ["lab"])
    let group = try #require(policy.nativeGroups.first)
    #expect(group.hosts?.labels.mapValues { $0.map(\.text) } == ["site": ["ams"]])
    #expect(group.selector.labels.keys.sorted() == ["role"])
    #expect(group.reference == FilterReference("clean-traffic"))
    #expect(policy.groups.isEmpty)
  }

  @Test func guards() throws {
    let policy = try policy(
      """
      groups:
        fw:
          vms: {name: fw}
          guard:
            mac: [declared, "00:00:5e:00:01:0a"]
            ip: [declared, 10.8.0.0/16, "2001:db8::/32"]
            arp: false
            dhcp: server
            nd: no
            ra: off
            multicast: false
            broadcast: false
            vlan: [10, 20]
        any: {vms: {name: any}, guard: {mac: any, ip: 10.0.0.1}}
        off: {vms: {name: off}, guard: off}
        plain: {vms: {name: plain}, guard: {ethertypes: any, system: icmp-errors}}
      """)
    let guards = policy.groups.map(\.rules.guardPolicy?.value)
    var expected = GuardPolicy.standard
    expected.mac = .any
    expected.ip = .only(declared: false, others: [try AddressRange(parsing: "10.0.0.1")])
    #expect(guards[0] == expected)
    expected.mac = .only(declared: true, others: [MACAddress(bits: 0x5e_0001_0a)])
    expected.ip = .only(
      declared: true, others: [try AddressRange(parsing: "10.8.0.0/16"), try AddressRange(parsing: "2001:db8::/32")])
    (expected.checksARP, expected.nd, expected.multicast, expected.broadcast) = (false, false, false, false)
    (expected.dhcp, expected.ra, expected.vlans) = (.server, .off, [10, 20])
    #expect(guards[1] == expected)
    #expect(guards[2] == .off)
    expected = .standard
    (expected.otherEthertypes, expected.systemRules) = (true, .icmpErrors)
    #expect(guards[3] == expected)
  }

  @Test func presetsAndAdmins() throws {
    let policy = try policy(
      """
      admins: {from: ["192.0.2.0/24, host", "@office"], allow: [ssh, icmp, tcp/8000, 8001]}
      presets:
        mail:
          summary: a mail server
          use: [internet-only]
          in:
            - allow smtp from $CLIENTS
          default: {out: drop}
          guard: {ra: server}
          parameters: {CLIENTS: any}
      """)
    let admins = try #require(policy.admins)
    #expect(admins.from.map(\.value).dropFirst() == [.network(.host), .set("office")])
    #expect(admins.allow.map(\.value) == [.service("ssh"), .icmp(nil), .ports(.tcp, [8000...8000, 8001...8001])])
    let preset = try #require(policy.presets.first)
    #expect(preset.summary == "a mail server" && preset.uses.map(\.value) == ["internet-only"])
    #expect(preset.inbound.map(\.text) == ["allow smtp from $CLIENTS"])
    #expect(preset.parameters["CLIENTS"]?.peers?.map(\.value) == [.any])
    #expect(preset.defaults.out?.value == .drop)
  }

  /// Flow style, block style and quotes of any kind are the same to the grammar.
  @Test func stylesOfYAML() throws {
    let texts = [
      "in: [allow ssh from @office]", "in: ['allow ssh from @office']", "in:\n      - \"allow ssh from @office\"",
      "in:\n      - >-\n        allow ssh\n        from @office", "in:\n      - allow ssh\n          from @office",
      "in:\n      - allow\\x20ssh from @office".replacing("- ", with: "- \"") + "\"",
      "in:\n      - {rule: allow ssh from @office}", "in: [{rule: 'allow ssh from @office'}]",
    ]
    for text in texts {
      let policy = try policy("groups:\n  web:\n    vms: {name: \"*\"}\n    \(text)\n")
      #expect(policy.groups.first?.rules.inbound.map(\.text) == ["allow ssh from @office"], "\(text)")
    }
  }
}
