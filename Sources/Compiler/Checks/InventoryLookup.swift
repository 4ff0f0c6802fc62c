// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// Which VMs of the inventory groups select.
struct InventoryLookup {
  private let index: MachineIndex
  private let machines: [String: InventoryMachine]
  private let hosts: [String: InventoryHost]

  var isEmpty: Bool { machines.isEmpty }
  var names: [String] { index.names }

  init(_ policy: Policy) {
    let inventory = policy.inventory
    machines = Dictionary(inventory.machines.map { ($0.name, $0) }) { first, _ in first }
    hosts = Dictionary(inventory.hosts.map { ($0.name, $0) }) { first, _ in first }
    index = MachineIndex(
      machines.mapValues { MachineIndex.Facts(labels: $0.labels, macs: Set($0.interfaces.map(\.mac))) })
  }

  /// By name. A VM whose host nobody has written down may be on any.
  func select(_ selector: MachineSelector, _ hosts: HostSelector?) -> [InventoryMachine] {
    index.select(selector).compactMap { machines[index.names[$0]] }.filter { machine in
      guard let hosts, let host = machine.host.flatMap({ self.hosts[$0] }) else { return true }
      return hosts.selects(host.name, labels: host.labels)
    }
  }

  /// Groups of VMs of which no NIC is written down: their NICs are those that their hosts have.
  func withoutNICs(
    _ groups: [ExpandedGroup], _ policy: Policy
  ) -> [(groups: [Int], scope: Scope, members: [CheckContext.Member])] {
    guard machines.values.contains(where: \.interfaces.isEmpty) else { return [] }
    var chosen: [String: [Int]] = [:]
    for (place, group) in groups.enumerated() where group.group.selector.macs.isEmpty {
      for machine in select(group.group.selector, group.group.hosts) where machine.interfaces.isEmpty {
        chosen[machine.name, default: []].append(place)
      }
    }
    let networks = Dictionary(policy.networks.map { ($0.name, $0) }) { first, _ in first }
    let onlyNetwork = policy.networks.count == 1 ? policy.networks[0].name : nil
    var places: [Key: Int] = [:]
    var found: [(groups: [Int], scope: Scope, members: [CheckContext.Member])] = []
    for name in index.names {
      guard let groups = chosen[name], let machine = machines[name] else { continue }
      let own = policy.machineParameters[name] ?? [:]
      let network = (machine.network ?? onlyNetwork).flatMap { networks[$0] }
      let key = Key(groups: groups, network: network?.name, parameters: own.mapValues { $0.texts.map(\.value) })
      let member = CheckContext.Member(machine: name, addresses: machine.addresses)
      if let place = places[key] {
        found[place].members.append(member)
      } else {
        places[key] = found.count
        found.append((groups, Scope(network: network, machineParameters: own, subject: "VM '\(name)'"), [member]))
      }
    }
    return found
  }

  private struct Key: Hashable {
    let groups: [Int]
    let network: String?
    let parameters: [String: [String]]
  }
}
