// SPDX-License-Identifier: Apache-2.0

/// An address lock brought up to date with what hosts know.
///
/// It grows with what is new and changes where a host contradicts it. What nobody speaks of stays: a host that is away and
/// a VM that is off are no reason to forget an address. The same facts give the same lock, in whatever order hosts come.
public struct AddressLockMerge: Sendable, Hashable {
  /// One line of the difference.
  public struct Change: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
      case add = "+"
      case remove = "-"
      case change = "~"
    }

    /// What the change is about, e.g. `web-1 52:54:00:aa:bb:01` or `network default`.
    public var subject: String
    public var kind: Kind
    public var before: String?
    public var after: String?
    /// Who says so, and where, e.g. `reservation, network default, kvm1`.
    public var source: String
  }

  public private(set) var lock: AddressLock
  /// By subject.
  public private(set) var changes: [Change] = []
  /// Networks that hosts define differently; the lock has what all of them say.
  public private(set) var differingNetworks: [String] = []
  /// VMs of the lock that no host has any more, where all hosts were read.
  public private(set) var goneMachines: [String] = []

  private let old: AddressLock
  private let facts: [AddressFacts]
  /// By host: who has an address of a network.
  private var owners: [String: [AddressFacts.Place: Set<MACAddress>]] = [:]

  /// - Parameters:
  ///   - facts: what the hosts that could be read know.
  ///   - isComplete: whether these are all hosts of the inventory.
  ///   - prunes: whether VMs, interfaces and networks that no host has go; heeded only where all hosts were read.
  public init(_ old: AddressLock, with facts: [AddressFacts], isComplete: Bool, prunes: Bool = false) {
    self.old = old
    self.facts = facts.sorted { $0.host < $1.host }
    lock = old
    mergeNetworks(isComplete: isComplete)
    mergeInterfaces()
    if isComplete { findGone(prunes: prunes) }
    changes.sort { ($0.subject, $0.kind.order, $0.text) < ($1.subject, $1.kind.order, $1.text) }
  }

  // MARK: Networks

  /// Where not all hosts were read, the one that is away may be the one that the old addresses are of.
  private mutating func mergeNetworks(isComplete: Bool) {
    for name in Set(facts.flatMap(\.networks.keys)).sorted() {
      let said = facts.compactMap { facts in facts.networks[name].map { (host: facts.host, network: $0) } }
      if Set(said.map(\.network)).count > 1 { differingNetworks.append(name) }
      var network = isComplete ? AddressLock.Network() : old.networks[name] ?? AddressLock.Network()
      for (_, more) in said {
        network.subnets.formUnion(more.subnets)
        network.gateway.formUnion(more.gateway)
        network.dns.formUnion(more.dns)
        network.host.formUnion(more.host)
      }
      lock.networks[name] = network
      noteNetwork(name, old.networks[name], network, source: said.map(\.host).joined(separator: ", "))
    }
  }

  private mutating func noteNetwork(
    _ name: String, _ before: AddressLock.Network?, _ after: AddressLock.Network?, source: String
  ) {
    let (before, after) = (before ?? AddressLock.Network(), after ?? AddressLock.Network())
    func note<Value: Comparable & CustomStringConvertible>(_ word: String, _ old: Set<Value>, _ new: Set<Value>) {
      for value in new.subtracting(old).sorted() {
        changes.append(
          Change(subject: "network \(name)", kind: .add, after: "\(word) \(value)", source: source))
      }
      for value in old.subtracting(new).sorted() {
        changes.append(
          Change(subject: "network \(name)", kind: .remove, before: "\(word) \(value)", source: source))
      }
    }
    note("subnets", before.subnets, after.subnets)
    note("gateway", before.gateway, after.gateway)
    note("dns", before.dns, after.dns)
    note("host", before.host, after.host)
  }

  // MARK: Interfaces

  /// What one host says of one interface.
  private struct Statement {
    var host: String
    var network: String?
    var addresses: [AddressLock.Address: AddressFacts.Source]
  }

  private mutating func mergeInterfaces() {
    var statements: [String: [MACAddress: [Statement]]] = [:]
    for facts in facts {
      var owners: [AddressFacts.Place: Set<MACAddress>] = [:]
      for (interface, addresses) in facts.known() {
        statements[interface.machine, default: [:]][interface.mac, default: []].append(
          Statement(host: facts.host, network: interface.network, addresses: addresses))
        guard let network = interface.network else { continue }
        for address in addresses.keys {
          owners[AddressFacts.Place(network: network, address: address), default: []].insert(interface.mac)
        }
      }
      self.owners[facts.host] = owners
    }
    for (machine, interfaces) in statements {
      for (mac, said) in interfaces { merge(machine, mac, said.sorted { $0.host < $1.host }) }
    }
  }

  private mutating func merge(_ machine: String, _ mac: MACAddress, _ said: [Statement]) {
    let before = old.machines[machine]?[mac]
    // A VM that two hosts know (it was moved) is where its network is told.
    let network = said.compactMap(\.network).first ?? before?.network
    var after = AddressLock.Interface(network: network)
    var sources: [AddressLock.Address: String] = [:]
    for statement in said {
      for (address, source) in statement.addresses {
        after.addresses.insert(address)
        sources[address] = "\(source.rawValue), network \(statement.network ?? "-"), \(statement.host)"
      }
    }
    let told = after.addresses
    for address in before?.addresses ?? []
    where !told.contains(address) && !isOthers(address, mac, said)
      && !isContradicted(address, before, network, told: told)
    {
      after.addresses.insert(address)
    }
    // An interface of which nothing is known needs no entry.
    guard before != nil || after != AddressLock.Interface() else { return }
    lock.machines[machine, default: [:]][mac] = after
    let subject = "\(machine) \(mac)"
    if before?.network != network {
      let host = said.first { $0.network == network }?.host ?? ""
      changes.append(
        Change(
          subject: subject, kind: before?.network == nil ? .add : .change,
          before: before?.network.map { "network \($0)" }, after: network.map { "network \($0)" }, source: host))
    }
    note(subject, before?.addresses ?? [], after.addresses, sources, hosts: said.map(\.host))
  }

  /// Whether a host gives an address to another interface of the same network.
  private func isOthers(_ address: AddressLock.Address, _ mac: MACAddress, _ said: [Statement]) -> Bool {
    said.contains { statement in
      guard let network = statement.network else { return false }
      let owners = owners[statement.host]?[AddressFacts.Place(network: network, address: address)] ?? []
      return !owners.isSubset(of: [mac])
    }
  }

  /// Whether an interface has moved away from an address, or has been given another one.
  private func isContradicted(
    _ address: AddressLock.Address, _ before: AddressLock.Interface?, _ network: String?,
    told: Set<AddressLock.Address>
  ) -> Bool {
    func isIn(_ name: String?) -> Bool {
      guard let name else { return false }
      let subnets = (lock.networks[name]?.subnets ?? []).union(old.networks[name]?.subnets ?? [])
      return subnets.contains { $0.contains(address) }
    }
    let isInNew = isIn(network)
    let isInOld = isIn(before?.network)
    if before?.network != network, isInOld, !isInNew { return true }
    // The one who gives addresses out there has given it another.
    return (isInNew || isInOld) && told.contains { $0.isIPv4 == address.isIPv4 }
  }

  private mutating func note(
    _ subject: String, _ before: Set<AddressLock.Address>, _ after: Set<AddressLock.Address>,
    _ sources: [AddressLock.Address: String], hosts: [String]
  ) {
    let hosts = hosts.joined(separator: ", ")
    for isIPv4 in [true, false] {
      let added = after.subtracting(before).filter { $0.isIPv4 == isIPv4 }.sorted()
      let removed = before.subtracting(after).filter { $0.isIPv4 == isIPv4 }.sorted()
      if let new = added.first, let old = removed.first, added.count == 1, removed.count == 1 {
        changes.append(
          Change(
            subject: subject, kind: .change, before: "\(old)", after: "\(new)", source: sources[new] ?? hosts))
        continue
      }
      for address in added {
        changes.append(
          Change(subject: subject, kind: .add, after: "\(address)", source: sources[address] ?? hosts))
      }
      for address in removed {
        changes.append(Change(subject: subject, kind: .remove, before: "\(address)", source: hosts))
      }
    }
  }

  // MARK: What is gone

  private mutating func findGone(prunes: Bool) {
    let present = Set(facts.flatMap(\.interfaces).map { "\($0.mac) \($0.machine)" })
    let machines = Set(facts.flatMap(\.interfaces).map(\.machine))
    for (machine, interfaces) in lock.machines {
      if !machines.contains(machine), !prunes { goneMachines.append(machine) }
      for (mac, interface) in interfaces where prunes && !present.contains("\(mac) \(machine)") {
        lock.machines[machine]?[mac] = nil
        let known = interface.addresses.sorted().map(\.description).joined(separator: ", ")
        changes.append(
          Change(
            subject: "\(machine) \(mac)", kind: .remove, before: known.isEmpty ? "the interface" : known,
            source: "no host has it"))
      }
      if lock.machines[machine]?.isEmpty == true { lock.machines[machine] = nil }
    }
    goneMachines.sort()
    let networks = Set(facts.flatMap(\.networks.keys))
    for name in lock.networks.keys where prunes && !networks.contains(name) {
      noteNetwork(name, lock.networks[name], nil, source: "no host has it")
      lock.networks[name] = nil
    }
  }
}

extension AddressLockMerge.Change {
  /// One line: sign, subject, what changes, and who says so.
  public var text: String {
    let words = [before, after].compactMap(\.self).joined(separator: " → ")
    return "\(kind.rawValue) \(subject)  \(words)  (\(source))"
  }
}

extension AddressLockMerge.Change.Kind {
  fileprivate var order: Int {
    switch self {
    case .change: 0
    case .remove: 1
    case .add: 2
    }
  }
}
