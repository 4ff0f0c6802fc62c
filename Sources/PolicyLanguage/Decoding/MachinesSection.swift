// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// `vms: {NAME: {host: NAME, labels: {KEY: VALUE}, nics: {MAC: {port: DEVICE}}}}`.
extension FileDecoder {
  private static let machineKeys = ["host", "labels", "nics"]
  private static let laterMachineKeys: Set<String> = ["addresses"]

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
    var decoded = DecodedMachine(machine: InventoryMachine(name: name, origin: keyRange(entry)))
    defer { result.machines.append(decoded) }
    if entry.value.isNull { return }
    guard let fields = entries(of: entry.value, what, expected: "a mapping such as {labels: {role: web}}") else {
      return
    }
    for field in fields {
      switch field.name {
      case "host":
        decoded.machine.host = text(of: field.value, "host of \(what)", expected: "a name of hosts:")
        decoded.hostRange = range(field.value)
      case "labels":
        decoded.machine.labels = labels(field.value, what)
      case "nics":
        decodeInterfaces(field.value, what, into: &decoded)
      default:
        unknownKey(field, in: what, known: Self.machineKeys, later: Self.laterMachineKeys)
      }
    }
  }

  private mutating func decodeInterfaces(_ node: Node, _ what: String, into decoded: inout DecodedMachine) {
    let expected = "a mapping of MAC addresses, such as {\"52:54:00:12:34:56\": {port: vnet1}}"
    guard let entries = entries(of: node, "nics of \(what)", expected: expected) else { return }
    var places: [MACAddress: SourceRange] = [:]
    for entry in entries {
      guard let mac = interfaceAddress(entry) else { continue }
      if let first = places.updateValue(keyRange(entry), forKey: mac) {
        result.diagnostics.append(
          Diagnostic(
            "duplicate-mac", "\(what) has two NICs with the address \(mac)", at: keyRange(entry),
            notes: [Diagnostic.Note("the first one", at: first)]))
        continue
      }
      let port = decodePort(entry, of: what)
      decoded.machine.interfaces.append(InventoryMachine.Interface(mac: mac, port: port?.value))
      if let port { decoded.ports.append(DecodedPort(mac: mac, device: port)) }
    }
  }

  /// The lowest bit of the first byte means a group of receivers (IEEE 802): no NIC has such an address.
  private mutating func interfaceAddress(_ entry: Node.Entry) -> MACAddress? {
    if let mac = MACAddress(entry.name), mac.bits >> 40 & 1 == 0, mac.bits != 0 { return mac }
    report(
      "bad-mac-address", "'\(entry.name.excerpt)' is no address of a NIC", at: keyRange(entry).widened,
      expected: "a MAC address such as \"52:54:00:12:34:56\"",
      hint: MACAddress(entry.name) == nil ? nil : "this address means several receivers, or none")
    return nil
  }

  private mutating func decodePort(_ entry: Node.Entry, of what: String) -> Located<String>? {
    if entry.value.isNull { return nil }
    let nic = "NIC \(entry.name.excerpt) of \(what)"
    guard let fields = entries(of: entry.value, nic, expected: "a mapping such as {port: vnet1}") else { return nil }
    var port: Located<String>?
    for field in fields {
      guard field.name == "port" else {
        unknownKey(field, in: nic, known: ["port"], later: Self.laterMachineKeys)
        continue
      }
      guard let device = text(of: field.value, "port of \(nic)", expected: DeviceName.expectation) else { continue }
      if DeviceName.isValid(device) {
        port = Located(value: device, range: range(field.value))
      } else {
        report(
          "bad-device-name", "'\(device.excerpt)' is no name of a network device", at: range(field.value),
          expected: DeviceName.expectation)
      }
    }
    return port
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
