// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// The VMs and NICs of one host, or of all where no host is meant, and the groups that they are in.
struct Roster {
  /// A VM with its NICs.
  struct Machine: Sendable {
    var name: String
    /// nil for a VM that only the host knows.
    var inventory: InventoryMachine?
    /// By MAC address.
    var nics: [NIC] = []
    /// Whether addresses are declared, but not for which of the NICs.
    var hasStrayAddresses = false
    /// Whether the host runs it, or has a port of it.
    var isOnHost = false
  }

  /// Every VM of the inventory and the host, by name.
  let index: MachineIndex
  /// Those that are on this host or may be, by name.
  private(set) var machines: [Machine] = []

  private let host: InventoryHost?
  private let hosts: [String: InventoryHost]

  init(_ policy: Policy, host: InventoryHost?, observed: [HostMachine]) {
    self.host = host
    hosts = Dictionary(policy.inventory.hosts.map { ($0.name, $0) }) { first, _ in first }
    let onlyNetwork = policy.networks.count == 1 ? policy.networks[0].name : nil
    var found: [String: Machine] = [:]
    var facts: [String: MachineIndex.Facts] = [:]
    let running = Dictionary(observed.map { ($0.name, $0) }) { first, _ in first }
    for machine in policy.inventory.machines {
      facts[machine.name] = MachineIndex.Facts(labels: machine.labels, macs: Set(machine.interfaces.map(\.mac)))
      guard host == nil || machine.host == nil || machine.host == host?.name || running[machine.name] != nil else {
        continue
      }
      found[machine.name] = Machine(
        name: machine.name, inventory: machine, isOnHost: machine.interfaces.contains { $0.port != nil })
    }
    for machine in observed {
      facts[machine.name, default: MachineIndex.Facts()].macs.formUnion(machine.interfaces)
      found[machine.name, default: Machine(name: machine.name)].isOnHost = true
    }
    index = MachineIndex(facts)
    machines.reserveCapacity(found.count)
    for name in index.names {
      guard var machine = found[name] else { continue }
      machine.addNICs(running[name]?.interfaces ?? [], onlyNetwork: onlyNetwork)
      machines.append(machine)
    }
  }

  /// Whether a group holds on this host; where no host is meant, on that of a VM. A VM whose host is not known may be on any.
  func holds(_ selector: HostSelector?, for machine: InventoryMachine? = nil) -> Bool {
    guard let selector else { return true }
    guard let host = host ?? machine?.host.flatMap({ hosts[$0] }) else { return true }
    return selector.selects(host.name, labels: host.labels)
  }

  /// Whether there is a host of a VM's on which two groups hold.
  func mayMeet(_ first: HostSelector?, _ second: HostSelector?, for machine: InventoryMachine?) -> Bool {
    guard holds(first, for: machine), holds(second, for: machine) else { return false }
    guard let first, let second, machine?.host.flatMap({ hosts[$0] }) == nil else { return true }
    return hosts.values.contains {
      first.selects($0.name, labels: $0.labels) && second.selects($0.name, labels: $0.labels)
    }
  }
}

extension Roster.Machine {
  fileprivate mutating func addNICs(_ observed: [MACAddress], onlyNetwork: String?) {
    let interfaces = inventory?.interfaces ?? []
    let macs = Set(observed).union(interfaces.map(\.mac)).sorted()
    let declared = Dictionary(interfaces.map { ($0.mac, $0) }) { first, _ in first }
    let bare = inventory?.addresses ?? []
    hasStrayAddresses = !bare.isEmpty && macs.count > 1
    nics = macs.map { mac in
      let own = declared[mac]
      let addresses = own.map(\.addresses) ?? []
      return NIC(
        machine: name, mac: mac, labels: inventory?.labels ?? [:],
        addresses: addresses.isEmpty && macs.count == 1 ? bare : addresses,
        network: own?.network ?? inventory?.network ?? onlyNetwork)
    }
  }
}
