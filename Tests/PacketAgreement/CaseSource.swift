// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterGenerator
import FilterModel
import FilterXML
import PacketProbe
import PolicyLanguage

/// Cases of a seed, by number: random filter trees, random policies compiled by nwfleet, or filters that are given.
struct CaseSource: Sendable {
  let seed: UInt64
  /// How many trials a case has.
  let trials: Int
  /// Filters in XML with the names of their files, instead of random ones.
  let given: [(name: String, xml: String)]

  static let plan = LabPlan(machines: mostMachines + 1)
  /// VMs under test on one host: libvirt takes longer for each NIC the more there are.
  static let mostMachines = 6

  /// How many cases there are; nil if they do not end.
  var count: Int? { given.isEmpty ? nil : given.count }

  /// The cases of a host: their connections are apart from each other.
  func batch(_ number: Int) -> [AgreementCase] {
    var used: Set<TrialSource.Connection> = []
    var cases: [AgreementCase] = []
    for slot in 0..<Self.mostMachines {
      let index = number * Self.mostMachines + slot
      guard index < count ?? .max else { break }
      let machine = slot + 2
      let own = seed &* 1_000_003 &+ UInt64(index) &* 7919
      guard let tree = tree(index, machine: machine, seed: own) else { continue }
      let aim = FrameAim(tree, Self.plan, machine: machine, seed: own ^ 0x5eed)
      cases.append(
        AgreementCase(
          name: given.isEmpty ? "seed \(seed), case \(index)" : given[index].name, tree: tree,
          xml: given.isEmpty ? nil : renamed(given[index].xml, tree.root), machine: machine,
          trials: TrialSource.trials(trials, aim, used: &used)))
    }
    return cases
  }

  private func tree(_ index: Int, machine: Int, seed: UInt64) -> FilterTree? {
    guard given.isEmpty else { return given(index, machine: machine) }
    if index % 4 == 3 {
      // A policy that means nothing, because two of its rules contradict each other, is drawn again.
      for attempt in 0..<50 {
        var policy = RandomPolicyText(machine: machine, plan: Self.plan, seed: seed &+ UInt64(attempt) << 32)
        if let tree = policy.compiled() { return tree }
      }
    }
    var random = RandomTree(
      prefix: "case\(machine)-", palette: Self.plan.palette(machine), seed: seed)
    return random.make()
  }

  private func given(_ index: Int, machine: Int) -> FilterTree? {
    let name = "case\(machine)"
    guard var filter = FilterXML.parse(given[index].xml).filter else { return nil }
    filter.name = name
    filter.uuid = nil
    let palette = Self.plan.palette(machine)
    let names = Set(filter.rules.flatMap { $0.match?.attributes ?? [] }.compactMap(\.variable))
    var parameters: [String: [String]] = [:]
    for name in names where name != "MAC" {
      // Lists that rules take values from side by side have one length; an address is what most variables stand for.
      parameters[name] = [palette.ipv4[0], palette.ipv4[1], palette.ipv4[2]].map(\.description)
    }
    // What stock filters need.
    parameters["IP"] = [palette.ipv4[0].description]
    parameters["DHCPSERVER"] = [palette.ipv4[5].description]
    return FilterTree(root: name, filters: [filter], parameters: parameters)
  }

  /// The text of a filter that is given under another name, with no UUID: all of a host's filters are there at a time.
  private func renamed(_ xml: String, _ name: String) -> String {
    xml.replacing(/<uuid>[^<]*<\/uuid>/, with: "")
      .replacing(/(<filter\b[^>]*?\bname=)(?:'[^']*'|"[^"]*")/, maxReplacements: 1) { "\($0.1)'\(name)'" }
  }
}

extension Match.Attribute {
  fileprivate var variable: String? { if case .variable(let variable) = value { variable.name } else { nil } }
}

extension LabPlan {
  /// What filters for a VM speak of: itself, its neighbours, and all places at the other end.
  func palette(_ machine: Int) -> FilterPalette {
    FilterPalette(
      macs: [mac(machine), mac(machine), mac(1), bridge, "02:00:00:00:00:05", "ff:ff:ff:ff:ff:ff", "01:80:c2:00:00:00"]
        .map { MACAddress($0) },
      ipv4: [
        "10.1.\(machine).10", "10.1.\(machine).11", "10.1.\(machine).0", "10.1.1.10", "10.1.1.1", "10.2.0.10",
        "10.3.0.10", "10.3.0.1",
      ].compactMap { IPv4Address($0) },
      ipv6: [
        "2001:db8:1:\(machine)::a", "2001:db8:1:\(machine)::b", "2001:db8:1:\(machine)::", "2001:db8:1:1::a",
        "2001:db8:2::a", "2001:db8:3::a", "2001:db8:3::1", "fe80::1",
      ].compactMap { IPv6Address($0) })
  }
}

/// A random policy in the language of groups, for one VM.
struct RandomPolicyText {
  private let machine: Int
  private let plan: LabPlan
  private var random: SeededGenerator

  init(machine: Int, plan: LabPlan, seed: UInt64) {
    self.machine = machine
    self.plan = plan
    random = SeededGenerator(seed: seed)
  }

  /// The filters that it becomes; nil if the compiler refuses it.
  mutating func compiled() -> FilterTree? {
    let loaded = PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: inventory), PolicyFile(path: "policies/policy.yaml", text: text()),
    ])
    guard let policy = loaded.policy, let day = Day("2026-11-22"),
      !loaded.diagnostics.contains(where: { $0.severity == .error })
    else { return nil }
    let name = "vm\(machine)"
    let compilation = PolicyCompiler(policy, host: nil, today: day).compile([
      HostMachine(name: name, interfaces: [MACAddress(plan.mac(machine))])
    ])
    guard let desired = compilation.desired, !compilation.diagnostics.contains(where: { $0.severity == .error }),
      let interface = desired.interfaces.first(where: { $0.machine == name })
    else { return nil }
    let reference = interface.reference
    return FilterTree(
      root: reference.filter, filters: desired.filters.map(\.filter), parameters: reference.parameters)
  }

  /// Projects of their own, so that filters of several VMs have names of their own.
  private var inventory: String {
    """
    project: case\(machine)
    id: "0123abcd"
    hosts:
      h1: {uri: "sandbox:///1"}
    networks:
      default:
        subnets: [10.1.0.0/16, "2001:db8:1::/48"]
        gateway: [10.3.0.1, "2001:db8:3::1"]
        host: [10.3.0.1, "2001:db8:3::1"]
        dns: [10.1.1.10]
    vms:
      vm\(machine):
        host: h1
        nics:
          "\(plan.mac(machine).text)": {addresses: [10.1.\(machine).10, "2001:db8:1:\(machine)::a"]}
    """
  }

  private mutating func pick<Element>(_ elements: [Element]) -> Element { elements.randomElement(using: &random)! }

  private mutating func text() -> String {
    var lines = ["groups:", "  group:", "    vms: {name: \"vm\(machine)\"}"]
    lines.append("    guard: \(pick(["standard", "standard", "strict", "off"]))")
    for direction in ["in", "out"] {
      let rules = (0..<Int.random(in: 0...4, using: &random)).map { _ in rule(direction) }
      if !rules.isEmpty { lines += ["    \(direction):"] + rules.map { "      - \($0)" } }
    }
    let (inbound, outbound) = (pick(["drop", "drop", "reject", "allow"]), pick(["allow", "drop", "reject"]))
    lines.append("    default: {in: \(inbound), out: \(outbound)}")
    return lines.joined(separator: "\n") + "\n"
  }

  private mutating func rule(_ direction: String) -> String {
    let what = pick([
      "tcp/80,443", "tcp/22", "udp/53", "tcp/1000-1024", "udp", "tcp", "icmp", "icmp/echo-request", "esp", "gre", "any",
      "protocol/99", "igmp", "sctp/80", "udp/67-68", "tcp/0-1023",
    ])
    let peers = pick([
      "", "", " PEER 10.1.1.10", " PEER 10.2.0.0/24", " PEER 10.1.1.8-10.1.1.11, \"2001:db8:1:1::/64\"",
      " PEER 10.3.0.0/16", " PEER \"2001:db8:2::a\"", " PEER host",
    ])
    let action = pick(["allow", "allow", "allow", "drop", "reject"])
    let peer = direction == "in" ? "from" : "to"
    let line = "\(action) \(what)\(peers)".replacing("\"", with: "").replacing("PEER", with: peer)
    let stateless = action == "allow" && Int.random(in: 0..<6, using: &random) == 0
    return stateless ? "{rule: \"\(line)\", stateless: true}" : "\"\(line)\""
  }
}
