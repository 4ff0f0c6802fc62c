// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath

/// Facts of a repository with those of its lock: what a person wrote wins over what hosts said.
struct FactMerge {
  private(set) var diagnostics: [Diagnostic] = []

  // MARK: VMs

  /// VMs by name, NICs by MAC address. Both lists are sorted by name, each name once.
  func machines(_ own: [DecodedMachine], _ locked: [DecodedMachine]) -> [DecodedMachine] {
    if locked.isEmpty { return own }
    var rest = Dictionary(locked.map { ($0.name.value, $0) }) { first, _ in first }
    var merged = own.map { machine in
      rest.removeValue(forKey: machine.name.value).map { merge(machine, $0) } ?? machine
    }
    merged += rest.values
    merged.sort { $0.name.value < $1.name.value }
    return merged
  }

  private func merge(_ own: DecodedMachine, _ locked: DecodedMachine) -> DecodedMachine {
    var merged = own
    // Addresses of the VM as a whole say all of its NIC.
    let isSaid = own.addresses != nil
    if merged.addresses == nil, own.interfaces.allSatisfy({ $0.addresses == nil }) {
      merged.addresses = locked.addresses
    }
    merged.network = own.network ?? locked.network
    for var interface in locked.interfaces {
      if isSaid { interface.addresses = nil }
      if own.network != nil { interface.network = nil }
      guard let place = merged.interfaces.firstIndex(where: { $0.mac.value == interface.mac.value }) else {
        merged.interfaces.append(interface)
        continue
      }
      merged.interfaces[place].addresses = merged.interfaces[place].addresses ?? interface.addresses
      merged.interfaces[place].network = merged.interfaces[place].network ?? interface.network
    }
    return merged
  }

  // MARK: Networks

  func networks(_ own: [DecodedNetwork], _ locked: [DecodedNetwork]) -> [Network] {
    let known = Dictionary(locked.map { ($0.name.value, $0) }) { first, _ in first }
    var merged = own.map { network in
      let lock = known[network.name.value]
      var said = network
      said.subnets = network.subnets ?? lock?.subnets
      said.gateway = network.gateway ?? lock?.gateway
      said.dns = network.dns ?? lock?.dns
      // The host is the gateway of a network that libvirt routes; of others nobody but a person knows.
      said.host = network.host ?? lock.flatMap { $0.host ?? $0.gateway }
      return Network(said)
    }
    let names = Set(own.map(\.name.value))
    for var network in locked where !names.contains(network.name.value) {
      network.host = network.host ?? network.gateway
      merged.append(Network(network))
    }
    merged.sort { $0.name < $1.name }
    return merged
  }

  /// A gateway that is not in its network was probably mistyped.
  mutating func check(_ networks: [DecodedNetwork]) {
    for network in networks {
      guard let subnets = network.subnets, !subnets.isEmpty else { continue }
      for gateway in network.gateway ?? [] where !gateway.value.isLinkLocal {
        let isInside = subnets.contains {
          $0.value.family == gateway.value.family && $0.value.range.contains(gateway.value.range.lowerBound)
        }
        if isInside { continue }
        diagnostics.append(
          Diagnostic(
            "gateway-outside-network",
            "gateway \(gateway.value) is in no subnet of network '\(network.name.value.excerpt)'", severity: .warning,
            at: gateway.range, expected: "an address of \(subnets.map(\.value.description).joined(separator: ", "))"))
      }
    }
  }

  // MARK: Addresses

  /// Addresses without a NIC belong to a VM with one, and two NICs of a network never have the same.
  mutating func checkAddresses(of machines: [DecodedMachine]) {
    var owners: [IPAddress: [Owner]] = [:]
    for machine in machines {
      let name = machine.name.value
      if let addresses = machine.addresses {
        checkBare(addresses, of: machine)
        let network = machine.interfaces.first?.network ?? machine.network
        for address in addresses { take(address, Owner(name: "VM '\(name.excerpt)'", network: network), &owners) }
      }
      for interface in machine.interfaces {
        let owner = Owner(
          name: "NIC \(interface.mac.value) of VM '\(name.excerpt)'", network: interface.network ?? machine.network)
        for address in interface.addresses ?? [] { take(address, owner, &owners) }
      }
    }
  }

  private struct Owner {
    var name: String
    var network: String?
    var range: SourceRange?
  }

  private mutating func take(_ address: Located<IPAddress>, _ owner: Owner, _ owners: inout [IPAddress: [Owner]]) {
    if address.value.isLinkLocal { return }
    var owner = owner
    owner.range = address.range
    // The same private prefix may be on both sides of a router.
    let others = owners[address.value] ?? []
    let other = others.first { $0.network == nil || owner.network == nil || $0.network == owner.network }
    if let other {
      // Hosts have networks of equal names and prefixes, and nobody can edit what they say.
      let isLocked = address.range.file == AddressLockFile.name && other.range?.file == AddressLockFile.name
      diagnostics.append(
        Diagnostic(
          "duplicate-address",
          other.name == owner.name
            ? "\(owner.name) has the address \(address.value) twice"
            : "\(address.value) is an address of \(other.name) and of \(owner.name)",
          severity: isLocked ? .warning : .error, at: address.range,
          hint: other.name == owner.name || owner.network != nil && other.network != nil
            ? "remove one of them" : "remove one of them, or say on which network: each NIC is",
          notes: [Diagnostic.Note("the first one", at: other.range)]))
    }
    owners[address.value] = others + [owner]
  }

  private mutating func checkBare(_ addresses: [Located<IPAddress>], of machine: DecodedMachine) {
    let interfaces = machine.interfaces
    let name = machine.name.value.excerpt
    if interfaces.count > 1 {
      diagnostics.append(
        Diagnostic(
          "addresses-without-nic",
          "VM '\(name)' has \(interfaces.count) NICs, and these addresses do not say which one has them",
          at: addresses.first?.range ?? machine.name.range,
          hint: "put them under nics:, as in {\"\(interfaces[0].mac.value)\": {addresses: […]}}",
          notes: interfaces.prefix(4).map { Diagnostic.Note("NIC \($0.mac.value)", at: $0.mac.range) }))
    } else if let interface = interfaces.first, interface.addresses != nil {
      diagnostics.append(
        Diagnostic(
          "addresses-without-nic", "VM '\(name)' has addresses, and so has its NIC",
          at: addresses.first?.range ?? machine.name.range, hint: "put all of them under the NIC",
          notes: [Diagnostic.Note("NIC \(interface.mac.value)", at: interface.mac.range)]))
    }
  }
}

extension AddressRange {
  fileprivate var isLinkLocal: Bool { family == .ipv6 && range.lowerBound >> 118 == 0x3fa }
}

extension Network {
  /// Resolvers are at the gateway where nothing else is said.
  init(_ network: DecodedNetwork) {
    func values(_ ranges: [Located<AddressRange>]?) -> [AddressRange] { (ranges ?? []).map(\.value) }
    self.init(
      name: network.name.value, subnets: values(network.subnets), gateway: values(network.gateway),
      dns: values(network.dns ?? network.gateway), host: values(network.host), origin: network.name.range)
  }
}

extension InventoryMachine {
  init(_ machine: DecodedMachine) {
    self.init(
      name: machine.name.value, host: machine.host?.value, labels: machine.labels,
      interfaces: machine.interfaces.map { interface in
        Interface(
          mac: interface.mac.value, port: interface.port?.value,
          addresses: (interface.addresses ?? []).map(\.value), network: interface.network)
      },
      addresses: (machine.addresses ?? []).map(\.value), network: machine.network, origin: machine.name.range)
  }
}
