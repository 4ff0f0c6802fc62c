// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// All names of a policy, and what to say of one that is not among them.
struct NameTable {
  let sets: [String: AddressSetDefinition]
  let services: [String: ServiceDefinition]
  /// Groups of both kinds, with what selects their members.
  let groups: [String: (selector: MachineSelector, hosts: HostSelector?)]
  let machines: [String: InventoryMachine]
  let networks: [String: Network]
  let presets: [String: RuleSet]
  /// The network of NICs that nobody has put on one.
  let onlyNetwork: String?
  /// Parameters that at least one VM has.
  let machineParameters: Set<String>

  /// Suggestions look at every name: past so many unknown names they are not made any more.
  private var suggestionsLeft = 200

  init(_ policy: Policy, furtherGroups: [String] = []) {
    func table<Item>(_ items: [Item], _ name: (Item) -> String) -> [String: Item] {
      Dictionary(items.map { (name($0), $0) }) { first, _ in first }
    }
    sets = table(policy.sets, \.name.value)
    services = table(policy.services, \.name.value)
    var groups: [String: (selector: MachineSelector, hosts: HostSelector?)] = [:]
    let nowhere = SourcePosition(line: 1, column: 1)
    for name in furtherGroups {
      groups[name] = (MachineSelector(range: SourceRange(file: "", start: nowhere, end: nowhere)), nil)
    }
    for group in policy.groups { groups[group.name] = (group.selector, group.hosts) }
    for group in policy.nativeGroups { groups[group.name.value] = (group.selector, group.hosts) }
    self.groups = groups
    machines = table(policy.inventory.machines, \.name)
    networks = table(policy.networks, \.name)
    presets = table(policy.presets, \.name.value)
    onlyNetwork = policy.networks.count == 1 ? policy.networks[0].name : nil
    machineParameters = Set(policy.machineParameters.values.flatMap(\.keys))
  }

  /// A kind of thing that has names.
  enum Kind: String {
    case set, group, service, preset, network, parameter
    case machine = "VM"

  }

  mutating func unknown(
    _ kind: Kind, _ name: String, at range: SourceRange?, candidates: [String]? = nil
  ) -> Diagnostic {
    let hint = elsewhere(kind, name) ?? suggestion(for: name, candidates ?? known(kind))
    let message = "there is no \(kind.rawValue) '\(name)'"
    let expected = expectation(kind)
    return switch kind {
    case .set: Diagnostic("unknown-set", message, at: range, expected: expected, hint: hint)
    case .group: Diagnostic("unknown-group", message, at: range, expected: expected, hint: hint)
    case .service: Diagnostic("unknown-service", message, at: range, expected: expected, hint: hint)
    case .preset: Diagnostic("unknown-preset", message, at: range, expected: expected, hint: hint)
    case .network: Diagnostic("unknown-network", message, at: range, expected: expected, hint: hint)
    case .parameter: Diagnostic("unknown-parameter", message, at: range, expected: expected, hint: hint)
    case .machine: Diagnostic("unknown-vm", message, at: range, expected: expected, hint: hint)
    }
  }

  mutating func suggestion(for name: String, _ candidates: [String]) -> String? {
    guard suggestionsLeft > 0 else { return nil }
    suggestionsLeft -= 1
    return Suggestion.hint(for: name, in: candidates.sorted())
  }

  /// The same name as a thing of another kind: probably meant.
  private func elsewhere(_ kind: Kind, _ name: String) -> String? {
    func hint(_ other: String, _ spelling: String) -> String { "there is a \(other) of this name: write \(spelling)" }
    let isPeer = [.set, .group, .machine].contains(kind)
    if isPeer, kind != .set, sets[name] != nil { return hint("set", "@\(name)") }
    if isPeer, kind != .group, groups[name] != nil { return hint("group", "group:\(name)") }
    if isPeer, kind != .machine, machines[name] != nil { return hint("VM", "vm:\(name)") }
    switch kind {
    case .set, .group, .machine:
      if services[name] != nil || ServiceCatalogue[name] != nil {
        return "there is a service of this name: it belongs before 'from' and 'to'"
      }
    case .service:
      if ICMPMessages[name] != nil { return hint("kind of ICMP message", "icmp/\(name)") }
      if sets[name] != nil { return "there is a set of this name: write it behind 'from' or 'to', as @\(name)" }
      if groups[name] != nil {
        return "there is a group of this name: write it behind 'from' or 'to', as group:\(name)"
      }
      if machines[name] != nil { return "there is a VM of this name: write it behind 'from' or 'to', as vm:\(name)" }
    case .preset:
      if groups[name] != nil { return "there is a group of this name, but a group can use presets only" }
    case .network: return networks.isEmpty ? Self.lockHint : nil
    case .parameter: break
    }
    return nil
  }

  private func known(_ kind: Kind) -> [String] {
    switch kind {
    case .set: Array(sets.keys)
    case .group: Array(groups.keys)
    case .machine: Array(machines.keys)
    case .service: services.keys + ServiceCatalogue.all.map(\.name) + IPProtocols.reservedWords
    case .preset: Array(presets.keys)
    case .network: Array(networks.keys)
    case .parameter: Array(machineParameters)
    }
  }

  private func expectation(_ kind: Kind) -> String? {
    switch kind {
    case .set: "a name of sets:"
    case .group: "a name of groups:"
    case .machine: "a name of vms:"
    case .service: "a name of services: or of the built-in catalogue ('nwfleet schema services')"
    case .preset: "a name of presets:, or a preset that ships with nwfleet"
    case .network: "a name of networks:"
    case .parameter: "a name of parameters: of the group, its presets or the VM"
    }
  }

  static let lockHint =
    "run 'nwfleet lock': it writes the networks and addresses that hosts know to addresses.lock.yaml"
}
