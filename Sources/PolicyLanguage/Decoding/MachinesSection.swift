// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// `vms: {NAME: {host, labels, addresses, network, parameters, nics: {MAC: {port, addresses, network}}}}`.
extension FileDecoder {
  private static let machineKeys = ["host", "labels", "addresses", "network", "parameters", "nics"]
  private static let interfaceKeys = ["port", "addresses", "network"]
  /// What `nwfleet lock` knows of a VM and of a NIC.
  private static let lockedMachineKeys = ["addresses", "network", "nics"]
  private static let lockedInterfaceKeys = ["addresses", "network"]

  mutating func decodeMachines(_ node: Node) {
    guard let machines = entries(of: node, "vms", expected: "a mapping of VM names, such as web-1: {}") else { return }
    for machine in machines { decodeMachine(machine) }
  }

  private mutating func decodeMachine(_ entry: Node.Entry) {
    let name = entry.name
    let what = "VM '\(name.excerpt)'"
    if !MachineName.isValid(name) {
      report(
        "bad-vm-name", "'\(name.excerpt)' is no name for a VM", at: keyRange(entry).widened,
        expected: MachineName.expectation)
    }
    var decoded = DecodedMachine(name: Located(value: name, range: keyRange(entry)))
    defer { result.machines.append(decoded) }
    if entry.value.isNull { return }
    guard let fields = entries(of: entry.value, what, expected: "a mapping such as {labels: {role: web}}") else {
      return
    }
    let keys = result.role == .lock ? Self.lockedMachineKeys : Self.machineKeys
    for field in fields {
      guard keys.contains(field.name) else {
        unknownKey(field, in: what, known: keys)
        continue
      }
      switch field.name {
      case "host":
        if let host = text(of: field.value, "host of \(what)", expected: "a name of hosts:") {
          decoded.host = Located(value: host, range: range(field.value))
        }
      case "labels": decoded.labels = labels(field.value, what)
      case "addresses": decoded.addresses = interfaceAddresses(field.value, what)
      case "network": decoded.network = networkName(field.value, what)
      case "parameters": decoded.parameters = ruleParameters(field.value, of: what)
      default: decodeInterfaces(field.value, what, into: &decoded)
      }
    }
  }

  private mutating func decodeInterfaces(_ node: Node, _ what: String, into decoded: inout DecodedMachine) {
    let expected = "a mapping of MAC addresses, such as {\"52:54:00:12:34:56\": {addresses: [10.0.0.11]}}"
    guard let entries = entries(of: node, "nics of \(what)", expected: expected) else { return }
    var places: [MACAddress: SourceRange] = [:]
    for entry in entries {
      guard let mac = nicAddress(Located(value: entry.name, range: keyRange(entry).widened)) else { continue }
      if let first = places.updateValue(keyRange(entry), forKey: mac) {
        result.diagnostics.append(
          Diagnostic(
            "duplicate-mac", "\(what) has two NICs with the address \(mac)", at: keyRange(entry),
            notes: [Diagnostic.Note("the first one", at: first)]))
        continue
      }
      decoded.interfaces.append(decodeInterface(entry, mac, of: what))
    }
  }

  private mutating func decodeInterface(_ entry: Node.Entry, _ mac: MACAddress, of what: String) -> DecodedInterface {
    var decoded = DecodedInterface(mac: Located(value: mac, range: keyRange(entry)))
    if entry.value.isNull { return decoded }
    let nic = "NIC \(entry.name.excerpt) of \(what)"
    guard let fields = entries(of: entry.value, nic, expected: "a mapping such as {addresses: [10.0.0.11]}") else {
      return decoded
    }
    let keys = result.role == .lock ? Self.lockedInterfaceKeys : Self.interfaceKeys
    for field in fields {
      guard keys.contains(field.name) else {
        unknownKey(field, in: nic, known: keys)
        continue
      }
      switch field.name {
      case "port": decoded.port = port(field.value, of: nic)
      case "addresses": decoded.addresses = interfaceAddresses(field.value, nic)
      default: decoded.network = networkName(field.value, nic)
      }
    }
    return decoded
  }

  private mutating func port(_ node: Node, of nic: String) -> Located<String>? {
    guard let device = text(of: node, "port of \(nic)", expected: DeviceName.expectation) else { return nil }
    guard DeviceName.isValid(device) else {
      report(
        "bad-device-name", "'\(device.excerpt)' is no name of a network device", at: range(node),
        expected: DeviceName.expectation)
      return nil
    }
    return Located(value: device, range: range(node))
  }

  private mutating func networkName(_ node: Node, _ what: String) -> String? {
    guard let name = text(of: node, "network of \(what)", expected: "a name of networks:") else { return nil }
    checkNetworkName(name, at: range(node))
    return name
  }
}

/// Names of VMs: libvirt's rules (no slash, no line end), and no pattern characters.
enum MachineName {
  static let expectation = "1 to 255 bytes without /, * and ?, without control characters and blanks at the ends"

  static func isValid(_ name: String) -> Bool {
    (1...255).contains(name.utf8.count) && isText(name) && !name.utf8.contains { "*?".utf8.contains($0) }
  }

  static func isValidPattern(_ pattern: String) -> Bool { (1...255).contains(pattern.utf8.count) && isText(pattern) }

  private static func isText(_ name: String) -> Bool {
    name.utf8.first != UInt8(ascii: " ") && name.utf8.last != UInt8(ascii: " ")
      && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "/") }
  }
}

/// Names of network devices (Linux, net/core/dev.c, dev_valid_name), in printable ASCII.
enum DeviceName {
  static let expectation = "1 to 15 characters without blanks, / and :, not . or .."

  static func isValid(_ name: String) -> Bool {
    (1...15).contains(name.utf8.count) && name != "." && name != ".."
      && name.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
  }
}
