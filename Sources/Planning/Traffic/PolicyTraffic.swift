// SPDX-License-Identifier: Apache-2.0

public import FilterModel
import PacketPath

/// What a policy wants of all hosts, and the VMs that it knows.
public struct KnownPolicy: Sendable {
  public var desired: DesiredState
  public var machines: [InventoryMachine]
  /// Those that every host has, by name.
  public var stock: [String: Filter]

  public init(_ desired: DesiredState, machines: [InventoryMachine], stock: [String: Filter]) {
    self.desired = desired
    self.machines = machines
    self.stock = stock
  }

  fileprivate var filters: [String: Filter] {
    stock.merging(desired.filters.map { ($0.filter.name, $0.filter) }) { _, own in own }
  }

  /// What a group alone asks for, by the group's name.
  fileprivate var groups: [String: FilterReference] {
    var groups: [String: FilterReference] = [:]
    for filter in desired.filters.map(\.filter.name) where desired.identity.kind(ofFilter: filter) == .profile {
      let name = filter.split(separator: ".", maxSplits: 2)[2]
      // Those of several groups, and of one network, are other profiles.
      guard !name.utf8.contains(UInt8(ascii: ".")), !name.utf8.contains(UInt8(ascii: "_")) else { continue }
      groups[String(name)] = FilterReference(filter, parameters: Self.placeholders)
    }
    for attachment in desired.attachments { groups[attachment.group] = attachment.reference }
    return groups
  }

  /// Addresses that nobody has: RFC 7600, section 4.8, and RFC 6666.
  private static let placeholders = ["ADDRESS4": ["192.0.0.8"], "ADDRESS6": ["100::8"]]
}

/// A NIC of a VM.
private struct Port: Hashable {
  var machine: String
  var mac: MACAddress
}

extension TrafficReport {
  /// What becomes different for packets when a policy takes the place of another, without a look at hosts.
  ///
  /// Of VMs and groups that only one of the policies knows there is nothing to compare.
  public init(from before: KnownPolicy, to after: KnownPolicy) {
    var transitions = Self.ports(before, after)
    let spoken = Set(transitions.flatMap(\.groups))
    let (old, new) = (before.groups, after.groups)
    for group in old.keys.sorted() where !spoken.contains(group) {
      guard let reference = new[group] else { continue }
      transitions.append(TrafficTransition(interface: nil, groups: [group], before: old[group], after: reference))
    }
    let addresses = Dictionary(
      (after.desired.interfaces + before.desired.interfaces).map { (Port(machine: $0.machine, mac: $0.mac), $0.addresses) },
      uniquingKeysWith: { first, _ in first })
    self.init(transitions, before: before.filters, after: after.filters) {
      addresses[Port(machine: $0.machine, mac: $0.mac)] ?? []
    }
    newGroups = new.keys.filter { old[$0] == nil }.sorted()
    removedGroups = old.keys.filter { new[$0] == nil }.sorted()
  }

  /// The NICs that both policies know and one of them speaks of.
  private static func ports(_ before: KnownPolicy, _ after: KnownPolicy) -> [TrafficTransition] {
    let wishes = (before: InterfaceWishes(before.desired), after: InterfaceWishes(after.desired))
    let known = Set(before.machines.map(\.name))
    var transitions: [TrafficTransition] = []
    for machine in after.machines.sorted(by: { $0.name < $1.name }) where known.contains(machine.name) {
      for nic in machine.interfaces {
        let old = wishes.before.wish(machine: machine.name, mac: nic.mac)
        let new = wishes.after.wish(machine: machine.name, mac: nic.mac)
        guard let groups = (new ?? old)?.groups else { continue }
        transitions.append(
          TrafficTransition(
            interface: InterfaceName(machine: machine.name, mac: nic.mac, device: nil), groups: groups,
            before: old?.reference, after: new?.reference))
      }
    }
    return transitions
  }
}
