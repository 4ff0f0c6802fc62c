// SPDX-License-Identifier: Apache-2.0

public import Diagnostics
public import FilterModel
import PacketPath

/// `addresses.lock.yaml`: the sections `vms:` and `networks:`, as `nwfleet lock` writes them.
public enum AddressLockFile {
  /// At the root of a policy repository.
  public static let name = "addresses.lock.yaml"

  /// Whether a VM or a network of that name can be spoken of in a repository.
  public static func canName(_ name: String) -> Bool { MachineName.isValid(name) }

  /// Reads it back, keys that `lock` does not write refused: they would be lost.
  ///
  /// - Throws: every problem, as values.
  public static func read(_ text: String) throws(DiagnosticError) -> AddressLock {
    let file = FileDecoder.decode(SourceText(Array(text.utf8)), path: name, role: .lock)
    var diagnostics = file.diagnostics
    // A repository may say these of a VM; what is written anew has them for each NIC.
    for machine in file.machines where machine.addresses != nil || machine.network != nil {
      diagnostics.append(
        Diagnostic(
          "unknown-key",
          "VM '\(machine.name.value.excerpt)' has addresses or a network beside its NICs: 'nwfleet lock' would lose them",
          at: machine.name.range, hint: "say it in \(PolicyRepository.fileName)"))
    }
    guard diagnostics.isEmpty else { throw DiagnosticError(diagnostics) }
    return AddressLock(file)
  }

  /// The file's text: the same for the same values.
  public static func text(_ lock: AddressLock) -> String {
    var lines = WritingLines()
    lines.line("# Written by 'nwfleet lock' from what hosts know: DHCP reservations and leases, libvirt's networks.")
    lines.line("# Review it, then commit it. It is written anew each time: what people know goes to nwfleet.yaml.")
    writeMachines(lock.machines, &lines)
    writeNetworks(lock.networks, &lines)
    return lines.text
  }

  private static func writeMachines(
    _ machines: [String: [MACAddress: AddressLock.Interface]], _ lines: inout WritingLines
  ) {
    guard !machines.isEmpty else {
      lines.line("vms: {}")
      return
    }
    lines.line("vms:")
    for (name, interfaces) in machines.sorted(by: { precedes($0.key, $1.key) }) {
      lines.line("\(PolicyText.scalar(name)):", indent: 2)
      lines.line("nics:", indent: 4)
      for (mac, interface) in interfaces.sorted(by: { $0.key < $1.key }) {
        var entries: [WritingEntry] = []
        if let network = interface.network { entries.append(WritingEntry("network", .text(network))) }
        entries += list("addresses", interface.addresses)
        lines.entry(PolicyText.scalar(mac.description), .mapping(entries), indent: 6)
      }
    }
  }

  private static func writeNetworks(_ networks: [String: AddressLock.Network], _ lines: inout WritingLines) {
    guard !networks.isEmpty else {
      lines.line("networks: {}")
      return
    }
    lines.line("networks:")
    for (name, network) in networks.sorted(by: { precedes($0.key, $1.key) }) {
      let entries =
        list("subnets", network.subnets) + list("gateway", network.gateway) + list("dns", network.dns)
        + list("host", network.host)
      lines.entry(PolicyText.scalar(name), .mapping(entries), indent: 2)
    }
  }

  private static func list(_ key: String, _ values: Set<some Comparable & CustomStringConvertible>) -> [WritingEntry] {
    values.isEmpty ? [] : [WritingEntry(key, .list(values.sorted().map { .text($0.description) }))]
  }

  /// The order of bytes, which does not depend on a version of Unicode.
  private static func precedes(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }
}

extension AddressLock {
  /// - Parameter file: a lock without anything wrong in it.
  fileprivate init(_ file: DecodedFile) {
    self.init()
    for machine in file.machines {
      var interfaces: [MACAddress: Interface] = [:]
      for nic in machine.interfaces {
        interfaces[nic.mac.value] = Interface(
          network: nic.network, addresses: Set((nic.addresses ?? []).map { Address($0.value) }))
      }
      machines[machine.name.value] = interfaces
    }
    for network in file.networks {
      func addresses(_ ranges: [Located<AddressRange>]?) -> Set<Address> {
        Set((ranges ?? []).map { Address($0.value) })
      }
      networks[network.name.value] = Network(
        subnets: Set(
          (network.subnets ?? []).compactMap { range in
            range.value.prefixLength.flatMap { Subnet(containing: Address(range.value), length: $0) }
          }),
        gateway: addresses(network.gateway), dns: addresses(network.dns), host: addresses(network.host))
    }
  }
}

extension AddressLock.Address {
  fileprivate init(_ address: IPAddress) {
    switch address {
    case .ipv4(let address): self = .v4(address)
    case .ipv6(let address): self = .v6(address)
    }
  }

  /// The first address of a range.
  fileprivate init(_ range: AddressRange) {
    let first = range.range.lowerBound
    self =
      range.family == .ipv4
      ? .v4(IPv4Address(bits: UInt32(truncatingIfNeeded: first)))
      : .v6(IPv6Address(high: UInt64(truncatingIfNeeded: first >> 64), low: UInt64(truncatingIfNeeded: first)))
  }
}
