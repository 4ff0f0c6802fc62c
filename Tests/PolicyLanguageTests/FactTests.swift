// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath
import PolicyLanguage
import Testing

/// What right sets, services, networks, VMs, included files and locks come to.
@Suite struct FactTests {
  private func load(_ main: String, _ files: [String: String] = [:], environment: String? = nil) -> LoadResult {
    let project = PolicyFile(path: "nwfleet.yaml", text: "project: acme\nid: 6f1c0d2e\n" + main)
    return PolicyRepository.load(
      files: [project] + files.map { PolicyFile(path: $0.key, text: $0.value) }, environment: environment)
  }

  private func policy(_ main: String, _ files: [String: String] = [:], environment: String? = nil) throws -> Policy {
    let result = load(main, files, environment: environment)
    #expect(result.diagnostics == [])
    return try #require(result.policy)
  }

  @Test func sets() throws {
    let policy = try policy(
      """
      sets:
        office: [192.0.2.0/24, "2001:db8::/32", 10.0.0.1-10.0.0.9]
        none: []
        all: {members: ["@office", group:web, 'vm:"db 1"'], except: 192.0.2.7, comment: who may}
      """)
    #expect(policy.sets.map(\.name.value) == ["all", "none", "office"])
    #expect(policy.sets[0].members.map(\.value) == [.set("office"), .group("web"), .machine("db 1")])
    #expect(policy.sets[0].except.map(\.value.spelling) == ["192.0.2.7"])
    #expect(policy.sets[1].members.isEmpty)
    #expect(policy.sets[2].members.map(\.value.spelling) == ["192.0.2.0/24", "2001:db8::/32", "10.0.0.1-10.0.0.9"])
  }

  @Test func services() throws {
    let policy = try policy("services: {app: [tcp/8080, udp/8081, https], ping: icmp/echo-request}\n")
    #expect(policy.services.map(\.name.value) == ["app", "ping"])
    #expect(policy.services[0].traffic.map(\.value.spelling) == ["tcp/8080", "udp/8081", "https"])
  }

  @Test func networks() throws {
    let policy = try policy(
      """
      networks:
        default: {subnets: 192.168.122.0/24, gateway: 192.168.122.1}
        lan: {subnets: [10.0.0.0/8, "fd00::/8"], gateway: [10.0.0.1, "fe80::1"], dns: 9.9.9.9, host: 10.0.0.2}
        quiet: {subnets: 10.1.0.0/16, gateway: 10.1.0.1, dns: []}
      """)
    #expect(policy.networks.map(\.name) == ["default", "lan", "quiet"])
    #expect(policy.networks.map(\.dns.count) == [1, 1, 0])
    #expect(policy.networks[0].dns == policy.networks[0].gateway)
    #expect(policy.networks[0].host.isEmpty)
    #expect(policy.networks[1].host.map(\.description) == ["10.0.0.2"])
  }

  @Test func machines() throws {
    let policy = try policy(
      """
      vms:
        web-1:
          addresses: [10.0.0.11, "2001:db8::11"]
          network: lan
          parameters: {CLIENTS: [192.0.2.0/24, "@office"], PORTS: tcp/80}
        fw-1:
          nics:
            "52:54:00:00:00:01": {addresses: 203.0.113.7, network: wan}
            "52:54:00:00:00:02": {addresses: [10.0.0.1]}
      """)
    let machines = policy.inventory.machines
    #expect(machines.map(\.name) == ["fw-1", "web-1"])
    #expect(machines[0].interfaces.map { $0.addresses.map(\.description) } == [["203.0.113.7"], ["10.0.0.1"]])
    #expect(machines[0].interfaces.map(\.network) == ["wan", nil])
    #expect(machines[1].addresses.map(\.description) == ["10.0.0.11", "2001:db8::11"])
    #expect(machines[1].network == "lan")
    let parameters = try #require(policy.machineParameters["web-1"])
    #expect(parameters["CLIENTS"]?.peers?.count == 2 && parameters["PORTS"]?.traffic?.count == 1)
  }

  @Test func includedFiles() throws {
    let policy = try policy(
      "include: [facts/vms.json, facts/lan.yaml]\n",
      [
        "facts/vms.json": #"{"vms": {"web-1": {"labels": {"role": "web"}, "addresses": ["10.0.0.11"]}}}"#,
        "facts/lan.yaml": "networks: {lan: {subnets: 10.0.0.0/8}}\nsets: {office: [192.0.2.0/24]}\n",
      ])
    #expect(policy.inventory.machines.map(\.labels) == [["role": "web"]])
    #expect(policy.networks.count == 1 && policy.sets.count == 1)
    #expect(load("include: facts/vms.json\n").diagnostics.map(\.code) == ["cannot-read"])
  }

  /// What a person wrote wins; the rest is added.
  @Test func lock() throws {
    let policy = try policy(
      """
      networks: {lan: {dns: 9.9.9.9}}
      vms:
        a: {addresses: [10.0.0.1]}
        b: {network: other, nics: {"52:54:00:00:00:02": {addresses: [10.0.0.2]}}}
        c: {labels: {role: web}}
      """,
      [
        "addresses.lock.yaml": """
        vms:
          a: {nics: {"52:54:00:00:00:01": {network: lan, addresses: [10.0.0.91]}}}
          b:
            nics:
              "52:54:00:00:00:02": {network: lan, addresses: [10.0.0.92]}
              "52:54:00:00:00:22": {network: lan, addresses: [10.0.0.93]}
          c: {nics: {"52:54:00:00:00:03": {network: lan, addresses: [10.0.0.3]}}}
          d: {nics: {"52:54:00:00:00:04": {}}}
        networks:
          lan: {subnets: [10.0.0.0/8], gateway: [10.0.0.254], dns: [10.0.0.253]}
          nat: {gateway: [192.168.122.1]}
        """
      ])
    let machines = policy.inventory.machines
    #expect(machines.map(\.name) == ["a", "b", "c", "d"])
    #expect(machines[0].addresses.map(\.description) == ["10.0.0.1"])
    #expect(machines[0].interfaces.map(\.addresses) == [[]] && machines[0].interfaces[0].network == "lan")
    #expect(machines[1].interfaces.map { $0.addresses.map(\.description) } == [["10.0.0.2"], ["10.0.0.93"]])
    #expect(machines[1].network == "other" && machines[1].interfaces.allSatisfy { $0.network == nil })
    #expect(machines[2].labels == ["role": "web"] && machines[2].interfaces[0].addresses.count == 1)
    #expect(machines[3].interfaces.count == 1)
    #expect(policy.networks.map { $0.dns.map(\.description) } == [["9.9.9.9"], ["192.168.122.1"]])
    #expect(policy.networks.map { $0.host.map(\.description) } == [["10.0.0.254"], ["192.168.122.1"]])
  }

  private static let web = """
    sets: {office: [192.0.2.0/24]}
    services: {app: [tcp/8080]}
    groups:
      web:
        vms: {name: "web-*"}
        in:
          - allow app from @office
          - {rule: drop any from 203.0.113.0/24, name: blocked}
        parameters: {A: 10.0.0.1, B: 10.0.0.2}
      lab: {vms: {name: "lab-*"}, filter: clean-traffic, parameters: {IP: 10.0.0.1}}
    """

  @Test func environments() throws {
    let files = [
      "policies/web.yaml": Self.web, "environments/empty.yaml": "",
      "environments/staging.yaml": """
      sets: {office: [198.51.100.0/24]}
      services: {app: [tcp/9090]}
      groups:
        web:
          parameters: {B: 10.9.0.2}
          default: {out: drop}
          guard: strict
          rules:
            in-allow-app-from-office: {from: [10.1.0.0/16, "@office"], limit: {connections: 5}, until: 2027-03-31}
            blocked: {rule: allow ssh to 10.0.0.9, enabled: no}
        lab: {parameters: {IP: 10.0.0.7}}
      """,
    ]
    let plain = try policy("", files)
    var empty = try policy("", files, environment: "empty")
    #expect(empty.environment == "empty")
    empty.environment = nil
    #expect(empty == plain)
    #expect(load("", files).environments == ["empty", "staging"])
    let staging = try policy("", files, environment: "staging")
    #expect(staging.sets[0].members.map(\.value.spelling) == ["198.51.100.0/24"])
    #expect(staging.services[0].traffic.map(\.value.spelling) == ["tcp/9090"])
    #expect(staging.nativeGroups[0].reference.parameters == ["IP": ["10.0.0.7"]])
    let rules = staging.groups[0].rules
    #expect(rules.parameters.mapValues { $0.texts.map(\.value) } == ["A": ["10.0.0.1"], "B": ["10.9.0.2"]])
    #expect(rules.defaults.in == nil && rules.defaults.out?.value == .drop && rules.guardPolicy?.value == .strict)
    #expect(rules.inbound.map { $0.name(.in) } == ["in-allow-app-from-office", "blocked"])
    #expect(rules.inbound[0].text == "allow app from 10.1.0.0/16, @office")
    #expect(rules.inbound[0].connectionLimit == 5 && rules.inbound[0].until == Day("2027-03-31"))
    #expect(rules.inbound[1].text == "allow ssh to 10.0.0.9" && rules.inbound[1].verdict == .allow)
    #expect(!rules.inbound[1].isEnabled && rules.inbound[1].origin == plain.groups[0].rules.inbound[1].origin)
  }

  @Test func shippedPresetsComeWhenUsed() throws {
    let group = "groups: {web: {vms: {name: \"*\"}, use: open}}\n"
    #expect(try policy("").presets.isEmpty)
    let result = load(group)
    #expect(result.diagnostics == [])
    #expect(result.policy?.presets.map(\.name.value) == ["open"])
    let origin = try #require(result.policy?.presets.first?.name.range)
    #expect(origin.file == "<nwfleet>/policies/presets/open.yaml")
    #expect(result.sources.line(origin.start.line, of: origin.file) == "  open:")
    #expect(result.sources.paths == ["nwfleet.yaml"])
  }
}
