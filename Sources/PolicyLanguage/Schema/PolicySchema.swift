// SPDX-License-Identifier: Apache-2.0

import Compiler
import FilterModel

/// The sections of the policy language in JSON Schema: what a schema can say of texts in the grammar of rules is their form.
enum PolicySchema {
  private static let name = "^[a-z][a-z0-9-]{0,\(Identity.longestName - 1)}$"
  private static let ruleName = "^[a-z0-9-]{1,\(RuleName.longest)}$"

  /// Sections that stand in `nwfleet.yaml` and in files of `policies/`.
  static var sections: [JSONMember] {
    [
      JSONMember(
        name: "networks",
        value: JSONSchema.named("Networks of libvirt or of your own, by name", "^[^/*?]{1,255}$", network)),
      JSONMember(name: "admins", value: reference("admins")),
      JSONMember(name: "sets", value: reference("sets")),
      JSONMember(name: "services", value: reference("services")),
      JSONMember(
        name: "presets",
        value: JSONSchema.named("Policies that groups take over with use:, by name", name, reference("preset"))),
      JSONMember(
        name: "groups",
        value: JSONSchema.named("VMs that share rules or one native filter, by name", name, reference("group"))),
      JSONMember(name: "tests", value: PolicyTestSchema.suites),
      JSONMember(name: "never", value: PolicyTestSchema.never),
    ]
  }

  static var definitions: [JSONMember] {
    [
      JSONMember(name: "peers", value: peers), JSONMember(name: "traffic", value: traffic),
      JSONMember(name: "addresses", value: addresses), JSONMember(name: "names", value: names),
      JSONMember(name: "labelPatterns", value: labelPatterns), JSONMember(name: "sets", value: sets),
      JSONMember(name: "services", value: services), JSONMember(name: "admins", value: admins),
      JSONMember(name: "ruleLine", value: ruleLine), JSONMember(name: "policyRule", value: rule),
      JSONMember(name: "limit", value: limit), JSONMember(name: "day", value: day),
      JSONMember(name: "defaults", value: defaults), JSONMember(name: "guard", value: guardPolicy),
      JSONMember(name: "ruleParameters", value: ruleParameters), JSONMember(name: "preset", value: preset),
      JSONMember(name: "group", value: group), JSONMember(name: "groupTest", value: PolicyTestSchema.groupTest),
      JSONMember(name: "pathTest", value: PolicyTestSchema.pathTest),
    ]
  }

  // MARK: Environments

  /// `groups:` of `environments/NAME.yaml`.
  static var environmentSections: JSONValue {
    [
      "sets": reference("sets"), "services": reference("services"),
      "groups": JSONSchema.named("What changes in groups that there are, by name", name, groupPatch),
    ]
  }

  private static var groupPatch: JSONValue {
    let rule: JSONValue = JSONSchema.closed([
      "rule": described("The line in place of the rule's own", "ruleLine"),
      "from": described("Peers in place of the rule's own", "peers"),
      "to": described("Peers in place of the rule's own", "peers"), "limit": reference("limit"),
      "stateless": JSONSchema.truth("Whether replies are not allowed by themselves"), "until": reference("day"),
      "enabled": JSONSchema.truth("Whether the rule holds"),
    ])
    return JSONSchema.closed([
      "parameters": reference("ruleParameters"), "default": reference("defaults"), "guard": reference("guard"),
      "enabled": JSONSchema.truth("Whether the group's rules hold"),
      "rules": JSONSchema.named(
        "What changes in rules, by their names, given or derived (in-allow-ssh-from-office)", ruleName, rule),
    ])
  }

  // MARK: The address lock

  static let macPattern = "^([0-9A-Fa-f]{1,2}:){5}[0-9A-Fa-f]{1,2}$"

  static var lockSections: JSONValue {
    let interface = JSONSchema.orNothing(JSONSchema.closed(.object(interfaceFacts)))
    let machine = JSONSchema.closed(["nics": JSONSchema.named("NICs, by MAC address", macPattern, interface)])
    return [
      "vms": JSONSchema.named("What hosts know of VMs, by name", "^[^/*?]{1,255}$", JSONSchema.orNothing(machine)),
      "networks": JSONSchema.named("Networks of libvirt, by name", "^[^/*?]{1,255}$", network),
    ]
  }

  static var lockDefinitions: [JSONMember] {
    [JSONMember(name: "text", value: JSONSchema.text), JSONMember(name: "addresses", value: addresses)]
  }

  // MARK: Facts

  /// Keys of a VM beside host and labels.
  static var machineFacts: [JSONMember] {
    [
      JSONMember(
        name: "addresses",
        value: described("Addresses of its only NIC; with several NICs they stand there", "addresses")),
      JSONMember(name: "network", value: described("Network of its NICs, one of networks", "text")),
      JSONMember(name: "parameters", value: reference("ruleParameters")),
    ]
  }

  static var interfaceFacts: [JSONMember] {
    [
      JSONMember(name: "addresses", value: described("IPv4 and IPv6 addresses of this NIC", "addresses")),
      JSONMember(name: "network", value: described("Network that it is on, one of networks", "text")),
    ]
  }

  static var include: JSONValue {
    [
      "description": "Files of facts in this repository: YAML or JSON with vms, networks and sets",
      "anyOf": [includedPath, ["type": "array", "items": includedPath]],
    ]
  }

  private static var includedPath: JSONValue {
    ["type": "string", "pattern": "^[^/~.].*\\.(yaml|yml|json)$"]
  }

  private static var network: JSONValue {
    JSONSchema.closed([
      "subnets": described("Its prefixes; the peer 'network' is all of them", "addresses"),
      "gateway": described("Its routers; the peer 'gateway'", "addresses"),
      "dns": described("Its resolvers, the gateway if left out; the peer 'dns'", "addresses"),
      "host": described("The host's own addresses in it; the peer 'host'", "addresses"),
    ])
  }

  // MARK: Names for peers and traffic

  private static var sets: JSONValue {
    let members: JSONValue = described("Addresses, prefixes, ranges, @SET, group:NAME, vm:NAME", "peers")
    let whole = JSONSchema.closed(
      [
        "members": members, "except": described("What is taken out again", "peers"), "comment": reference("text"),
      ], required: ["members"])
    return JSONSchema.named("Sets of addresses, by name: @NAME in rules", name, ["anyOf": [members, whole]])
  }

  private static var services: JSONValue {
    JSONSchema.named("Kinds of traffic, by name", name, reference("traffic"))
  }

  private static var peers: JSONValue {
    textOrList(
      "Addresses, prefixes, ranges, @SET, group:NAME, vm:NAME, host, gateway, dns, network, any, $NAME",
      examples: ["192.0.2.0/24", "@office", "group:web"])
  }

  private static var traffic: JSONValue {
    textOrList(
      "Services such as https, tcp/80,443, udp/53, icmp/echo-request, esp, protocol/99",
      examples: ["https", "tcp/8080", "icmp/echo-request"])
  }

  private static var addresses: JSONValue {
    textOrList("Addresses or prefixes; IPv6 in quotes", examples: ["10.0.0.11"])
  }

  private static var names: JSONValue {
    textOrList("Names; * stands for any text, ? for any character", examples: ["web-*"])
  }

  private static var labelPatterns: JSONValue {
    [
      "type": "object", "minProperties": 1, "description": "Values of labels",
      "additionalProperties": reference("names"),
    ]
  }

  private static var admins: JSONValue {
    JSONSchema.closed(
      [
        "from": described("Who may reach every VM, before all groups", "peers"),
        "allow": described("What they may do", "traffic"),
      ], required: ["from", "allow"])
  }

  // MARK: Rules

  private static var ruleLine: JSONValue {
    let verdicts = Verdict.allCases.map(\.rawValue).joined(separator: "|")
    return [
      "type": "string", "pattern": .string("^\\s*(\(verdicts))\\s+\\S"),
      "description": "ACTION WHAT [from PEERS] [to PEERS]; inside [ ] and { } in quotes",
      "examples": [
        "allow http, https", "allow ssh from @office", "allow dns, ntp to dns", "drop any to 169.254.169.254",
      ],
    ]
  }

  private static var rule: JSONValue {
    let mapping = JSONSchema.closed(
      [
        "rule": reference("ruleLine"),
        "name": [
          "type": ["string", "integer"], "pattern": .string(ruleName), "description": "What the rule is known by",
        ],
        "from-port": textOrList("Ports that packets come from", examples: ["1024-65535"]),
        "limit": reference("limit"), "stateless": JSONSchema.truth("Whether replies are not allowed by themselves"),
        "until": reference("day"),
        "expires": ["enum": ["open"], "description": "On a rule other than allow: that it ends by itself is meant"],
        "owner": described("Who answers for it", "text"), "ticket": described("Why it is there", "text"),
        "comment": reference("text"), "enabled": JSONSchema.truth("Whether the rule holds"),
      ], required: ["rule"])
    return ["anyOf": [reference("ruleLine"), mapping]]
  }

  private static var limit: JSONValue {
    let connections: JSONValue = [
      "type": "integer", "minimum": 1, "maximum": 65535, "description": "At a time, of one source",
    ]
    return JSONSchema.closed(["connections": connections], required: ["connections"])
  }

  private static var day: JSONValue {
    [
      "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
      "description": "The last day on which the rule holds, in UTC",
    ]
  }

  private static var rules: JSONValue { ["type": "array", "items": reference("policyRule")] }

  private static var defaults: JSONValue {
    let word: JSONValue = ["enum": .strings(Verdict.allCases.filter { $0 != .pass }.map(\.rawValue))]
    return JSONSchema.closed(["in": word, "out": word])
      .adding("description", "What happens to packets that no rule decides; of several groups the strictest")
  }

  private static var ruleParameters: JSONValue {
    JSONSchema.named(
      "Values for $NAME in rules, or for the variables of a native filter", "^[A-Za-z0-9_]+$",
      textOrList("Peers or traffic, as in rules", examples: ["192.0.2.0/24", "tcp/8080"]))
  }

  // MARK: Guard

  private static var guardPolicy: JSONValue {
    let role: JSONValue = ["enum": .strings(GuardPolicy.Role.allCases.map(\.rawValue))]
    let sources: JSONValue = [
      "anyOf": [["enum": ["declared", "any"]], ["type": "array", "minItems": 1, "items": reference("text")]]
    ]
    let vlan: JSONValue = ["type": "integer", "minimum": 1, "maximum": 4094]
    let mapping = JSONSchema.closed([
      "mac": sources.adding("description", "Source MAC addresses: declared, any, or a list of declared and others"),
      "ip": sources.adding("description", "Source addresses: declared, any, or a list of declared and prefixes"),
      "arp": JSONSchema.truth("Whether sender addresses in ARP are checked as ip and mac say"),
      "dhcp": role.adding("description", "client: no server's packets sent; server: both; off: none"),
      "nd": JSONSchema.truth("Whether neighbour discovery passes by itself"),
      "ra": role.adding("description", "client: router advertisements are received; server: sent too; off: neither"),
      "multicast": JSONSchema.truth("Whether it may send to multicast addresses"),
      "broadcast": JSONSchema.truth("Whether it may send to the broadcast address"),
      "vlan": ["description": "VLANs whose tagged frames pass", "anyOf": [vlan, ["type": "array", "items": vlan]]],
      "ethertypes": [
        "description": "known: IPv4, IPv6, ARP and QEMU's announcement; any: all", "enum": ["known", "any"],
      ],
      "system": [
        "description": "Rules that nobody wrote: all, those for ICMP errors, or none",
        "enum": .strings(GuardPolicy.SystemRules.allCases.map(\.rawValue)),
      ],
    ])
    return [
      "description": "Anti-spoofing; a mapping begins with standard",
      "anyOf": [["enum": ["strict", "standard", "off"]], mapping],
    ]
  }

  // MARK: Groups and presets

  private static var ruleSet: JSONValue {
    [
      "use": textOrList("Presets whose rules come after the own ones", examples: ["web-server", "internet-only"]),
      "in": rules.adding("description", "Rules for packets to the VM; the first that matches decides"),
      "out": rules.adding("description", "Rules for packets from the VM; the first that matches decides"),
      "default": reference("defaults"), "guard": reference("guard"), "parameters": reference("ruleParameters"),
    ]
  }

  private static var preset: JSONValue {
    JSONSchema.closed(ruleSet.adding("summary", ["type": "string", "description": "What it is for, in one line"]))
  }

  private static var group: JSONValue {
    let selector = JSONSchema.closed([
      "name": reference("names"), "label": reference("labelPatterns"),
      "mac": textOrList("Only these NICs", examples: ["52:54:00:12:34:56"]),
    ])
    let hosts: JSONValue = [
      "anyOf": [
        reference("names"), JSONSchema.closed(["name": reference("names"), "label": reference("labelPatterns")]),
      ]
    ]
    let members: [(String, JSONValue)] = [
      ("vms", selector.adding("minProperties", 1).adding("description", "Which VMs: all keys must hold")),
      ("hosts", hosts.adding("description", "Only on these hosts")),
      (
        "tier",
        [
          "enum": .strings(Tier.allCases.map(\.rawValue)), "default": .string(Tier.application.rawValue),
          "description": "Earlier tiers decide first",
        ]
      ),
      ("order", ["type": "integer", "minimum": -9999, "maximum": 9999, "description": "Inside the tier, lower first"]),
      ("filter", described("A native filter in place of rules", "filterName")),
      ("owner", described("Who answers for it", "text")), ("ticket", described("Why it is there", "text")),
      ("comment", reference("text")), ("enabled", JSONSchema.truth("Whether the group's rules hold")),
      ("tests", PolicyTestSchema.groupTests),
    ]
    let properties = members.reduce(ruleSet) { $0.adding($1.0, $1.1) }
    let native: JSONValue = [
      "propertyNames": [
        "enum": ["vms", "hosts", "filter", "parameters", "owner", "ticket", "comment", "enabled", "tests"]
      ],
      "properties": ["parameters": reference("parameters")],
    ]
    return JSONSchema.closed(properties, required: ["vms"])
      .adding("if", ["required": ["filter"]]).adding("then", native)
  }

  // MARK: Building blocks

  private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/definitions/\(name)")] }

  /// Keywords beside a `$ref` are ignored in draft 7: hence the list of one.
  private static func described(_ description: String, _ name: String) -> JSONValue {
    ["description": .string(description), "allOf": [reference(name)]]
  }

  private static func textOrList(_ description: String, examples: [String]) -> JSONValue {
    [
      "description": .string(description), "examples": .strings(examples),
      "anyOf": [reference("text"), ["type": "array", "items": reference("text")]],
    ]
  }
}
