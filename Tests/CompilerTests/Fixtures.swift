// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath

/// Places in a file that is not there, each different from the others.
struct Places {
  private(set) var line = 0

  mutating func next() -> SourceRange {
    line += 1
    return SourceRange(
      file: "policies/test.yaml", start: SourcePosition(line: line, column: 1),
      end: SourcePosition(line: line, column: 9))
  }
}

/// Where everything is written whose place does not matter.
let somewhere = SourceRange(
  file: "policies/test.yaml", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 2))

func located<Value>(_ values: [Value], _ range: SourceRange = somewhere) -> [Located<Value>] {
  values.map { Located(value: $0, range: range) }
}

extension Peer {
  /// `10.0.0.1`, `10.0.0.0/8`, `10.0.0.1-10.0.0.9`.
  static func ip(_ text: String) -> Peer { .addresses(range(text)) }
}

func range(_ text: String) -> AddressRange {
  guard let range = try? AddressRange(parsing: text) else { fatalError("no address: \(text)") }
  return range
}

func mac(_ last: UInt64) -> MACAddress { MACAddress(bits: 0x5254_0000_0000 | last) }

func rule(
  _ verdict: Verdict, _ traffic: [Traffic], from: [Peer]? = nil, to: [Peer]? = nil, name: String? = nil,
  at origin: SourceRange = somewhere, _ change: (inout PolicyRule) -> Void = { _ in }
) -> PolicyRule {
  var text = "\(verdict.rawValue) \(traffic.map(\.spelling).joined(separator: ", "))"
  if let from { text += " from \(from.map(\.spelling).joined(separator: ", "))" }
  if let to { text += " to \(to.map(\.spelling).joined(separator: ", "))" }
  var rule = PolicyRule(
    verdict, located(traffic, origin), from: from.map { located($0, origin) }, to: to.map { located($0, origin) },
    name: name.map { Located(value: $0, range: origin) }, text: text, origin: origin)
  change(&rule)
  return rule
}

func ruleSet(
  _ name: String, in inbound: [PolicyRule] = [], out outbound: [PolicyRule] = [], uses: [String] = [],
  defaults: (Verdict?, Verdict?) = (nil, nil), guard guardPolicy: GuardPolicy? = nil,
  parameters: [String: Parameter] = [:], at origin: SourceRange = somewhere
) -> RuleSet {
  var rules = RuleSet(name: Located(value: name, range: origin))
  rules.inbound = inbound
  rules.outbound = outbound
  rules.uses = located(uses, origin)
  rules.defaults = Defaults(
    in: defaults.0.map { Located(value: $0, range: origin) }, out: defaults.1.map { Located(value: $0, range: origin) })
  rules.guardPolicy = guardPolicy.map { Located(value: $0, range: origin) }
  rules.parameters = parameters
  return rules
}

/// A group of VMs by pattern, `web-*` for `web` if nothing else is said.
func group(
  _ name: String, vms: String? = nil, in inbound: [PolicyRule] = [], out outbound: [PolicyRule] = [],
  uses: [String] = [], defaults: (Verdict?, Verdict?) = (nil, nil), guard guardPolicy: GuardPolicy? = nil,
  parameters: [String: Parameter] = [:], tier: Tier = .application, order: Int = 0, at origin: SourceRange = somewhere,
  _ change: (inout Group) -> Void = { _ in }
) -> Group {
  var group = Group(
    ruleSet(
      name, in: inbound, out: outbound, uses: uses, defaults: defaults, guard: guardPolicy, parameters: parameters,
      at: origin),
    selector: MachineSelector(names: [NamePattern(vms ?? "\(name)-*")], range: origin))
  group.tier = tier
  group.order = order
  change(&group)
  return group
}

func machine(
  _ name: String, _ addresses: [String] = [], macs: [UInt64] = [], labels: [String: String] = [:],
  network: String? = nil, host: String? = nil
) -> InventoryMachine {
  InventoryMachine(
    name: name, host: host, labels: labels, interfaces: macs.map { .init(mac: mac($0)) },
    addresses: addresses.compactMap(IPAddress.init), network: network, origin: somewhere)
}

func set(_ name: String, _ members: [Peer], except: [Peer] = []) -> AddressSetDefinition {
  AddressSetDefinition(
    name: Located(value: name, range: somewhere), members: located(members), except: located(except))
}

func service(_ name: String, _ traffic: [Traffic]) -> ServiceDefinition {
  ServiceDefinition(name: Located(value: name, range: somewhere), traffic: located(traffic))
}

func parameter(_ texts: [String], peers: [Peer]? = nil, traffic: [Traffic]? = nil) -> Parameter {
  Parameter(texts: located(texts), peers: peers.map { located($0) }, traffic: traffic.map { located($0) })
}

func policy(_ groups: [Group] = [], vms: [InventoryMachine] = [], _ change: (inout Policy) -> Void = { _ in }) -> Policy
{
  var policy = Policy(
    identity: Identity(project: "acme"), repositoryID: "0123abcd", inventory: Inventory(machines: vms))
  policy.groups = groups
  change(&policy)
  return policy
}

let today = Day("2026-11-22")!

func compile(_ policy: Policy, host: InventoryHost? = nil, expired: Set<String> = [], on machines: [HostMachine] = [])
  -> Compilation
{
  PolicyCompiler(policy, host: host, today: today, expired: expired).compile(machines)
}

func codes(_ policy: Policy, _ severity: Diagnostic.Severity = .error) -> [String] {
  compile(policy).diagnostics.filter { $0.severity == severity }.map(\.code.rawValue)
}

/// What the first NIC of a VM gets.
func explained(_ policy: Policy, _ name: String, expired: Set<String> = []) -> NICExplanation? {
  PolicyCompiler(policy, host: nil, today: today, expired: expired).explain(name, []).first
}

func tcp(_ port: UInt16, _ source: String = "198.51.100.7", to destination: String = "10.0.0.11") -> Packet {
  let (source, destination) = (range(source), range(destination))
  return Packet(
    family: source.family, protocolNumber: 6, source: source.range.lowerBound,
    destination: destination.range.lowerBound, sourcePort: 40_000, destinationPort: port)
}

extension NICExplanation {
  func verdict(_ direction: TrafficDirection, _ packet: Packet) -> Verdict {
    let steps = direction == .in ? inbound : outbound
    return steps.first { $0.packets.contains(packet) }?.verdict
      ?? (direction == .in ? inboundDefault.verdict : outboundDefault.verdict)
  }

  /// Whose rule decides.
  func decider(_ direction: TrafficDirection, _ packet: Packet) -> String? {
    (direction == .in ? inbound : outbound).first { $0.packets.contains(packet) }?.source.id
  }
}
