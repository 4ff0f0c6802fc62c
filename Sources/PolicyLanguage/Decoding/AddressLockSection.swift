// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// `vms: {NAME: {nics: {MAC: {network: NAME, addresses: [...]}}}}` and
/// `networks: {NAME: {subnets: [...], gateway: [...], dns: [...], host: [...]}}` of an address lock.
extension FileDecoder {
  mutating func addressLock(_ root: Node) -> AddressLock {
    var lock = AddressLock()
    if root.isNull { return lock }
    for section in entries(of: root, "the file", expected: "the sections vms: and networks:") ?? [] {
      switch section.name {
      case "vms": lock.machines = lockedMachines(section.value)
      case "networks": lock.networks = lockedNetworks(section.value)
      default: unknownLockKey(section, in: "the file", known: ["vms", "networks"])
      }
    }
    return lock
  }

  private mutating func lockedMachines(_ node: Node) -> [String: [MACAddress: AddressLock.Interface]] {
    var machines: [String: [MACAddress: AddressLock.Interface]] = [:]
    for machine in entries(of: node, "vms", expected: "a mapping of VM names") ?? [] {
      let what = "VM '\(machine.name.excerpt)'"
      checkLockedName(machine, "bad-vm-name")
      var interfaces: [MACAddress: AddressLock.Interface] = [:]
      for field in entries(of: machine.value, what, expected: "a mapping such as {nics: {…}}") ?? [] {
        guard field.name == "nics" else {
          unknownLockKey(field, in: what, known: ["nics"])
          continue
        }
        for nic in entries(of: field.value, "nics of \(what)", expected: "a mapping of MAC addresses") ?? [] {
          guard let mac = MACAddress(nic.name) else {
            report(
              "bad-mac-address", "'\(nic.name.excerpt)' is no address of a NIC", at: keyRange(nic).widened,
              expected: "a MAC address such as \"52:54:00:12:34:56\"")
            continue
          }
          interfaces[mac] = lockedInterface(nic.value, "NIC \(mac) of \(what)")
        }
      }
      machines[machine.name] = interfaces
    }
    return machines
  }

  private mutating func lockedInterface(_ node: Node, _ what: String) -> AddressLock.Interface {
    var interface = AddressLock.Interface()
    for field in entries(of: node, what, expected: "a mapping such as {network: default}") ?? [] {
      switch field.name {
      case "network": interface.network = text(of: field.value, "network of \(what)", expected: "a network's name")
      case "addresses":
        interface.addresses = lockedAddresses(field, of: what)
      default: unknownLockKey(field, in: what, known: ["network", "addresses"])
      }
    }
    return interface
  }

  private mutating func lockedNetworks(_ node: Node) -> [String: AddressLock.Network] {
    var networks: [String: AddressLock.Network] = [:]
    for entry in entries(of: node, "networks", expected: "a mapping of networks' names") ?? [] {
      let what = "network '\(entry.name.excerpt)'"
      checkLockedName(entry, "bad-network-name")
      var network = AddressLock.Network()
      for field in entries(of: entry.value, what, expected: "a mapping such as {subnets: [192.0.2.0/24]}") ?? [] {
        switch field.name {
        case "subnets":
          network.subnets = lockedValues(field, of: what, expected: "a prefix such as 192.0.2.0/24") {
            AddressLock.Subnet($0)
          }
        case "gateway": network.gateway = lockedAddresses(field, of: what)
        case "dns": network.dns = lockedAddresses(field, of: what)
        case "host": network.host = lockedAddresses(field, of: what)
        default: unknownLockKey(field, in: what, known: ["subnets", "gateway", "dns", "host"])
        }
      }
      networks[entry.name] = network
    }
    return networks
  }

  private mutating func checkLockedName(_ entry: Node.Entry, _ code: Diagnostic.Code) {
    if MachineName.isValid(entry.name) { return }
    report(code, "'\(entry.name.excerpt)' is no name", at: keyRange(entry).widened, expected: MachineName.expectation)
  }

  private mutating func lockedAddresses(_ field: Node.Entry, of what: String) -> Set<AddressLock.Address> {
    lockedValues(field, of: what, expected: "an IPv4 or IPv6 address") { AddressLock.Address($0) }
  }

  private mutating func lockedValues<Value: Hashable>(
    _ field: Node.Entry, of what: String, expected: String, _ read: (String) -> Value?
  ) -> Set<Value> {
    var values: Set<Value> = []
    for text in texts(of: field.value, "\(field.name) of \(what)", expected: expected) ?? [] {
      if let value = read(text.value) {
        values.insert(value)
      } else {
        report(
          "bad-value", "'\(text.value.excerpt)' is no value of \(field.name)", at: text.range, expected: expected)
      }
    }
    return values
  }

  private mutating func unknownLockKey(_ entry: Node.Entry, in what: String, known: [String]) {
    report(
      "unknown-key", "'nwfleet lock' does not write '\(entry.name.excerpt)' into \(what), and would lose it",
      at: keyRange(entry), expected: "one of \(known.joined(separator: ", "))",
      hint: "say it in \(PolicyRepository.fileName)")
  }
}
