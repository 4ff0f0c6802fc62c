// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import FilterModel
import FoundationEssentials
import PolicyLanguage
import Reconcile
import Sandbox

struct LockCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "lock", abstract: "Write addresses.lock.yaml from what hosts know, for review.",
    discussion: """
      Written are DHCP reservations and leases of libvirt's networks for interfaces that VMs have, and the networks' own \
      addresses. What guests say of themselves (agent, ARP) is shown as a suggestion only. What no host speaks of stays: a \
      host that is away never shrinks the file.
      """)

  @Option(
    help: ArgumentHelp(
      "A host of the inventory, several times for several. Default: all of them.", valueName: "name"))
  var host: [String] = []

  @Option(
    help: ArgumentHelp(
      "A libvirt URI such as qemu:///system, or sandbox:///1 for a sandbox's host.", valueName: "uri"))
  var connect: String?

  @Flag(help: "Write nothing; exit with 2 if the file would change.")
  var check = false

  @Flag(help: "Take out VMs, interfaces and networks that no host has. Needs all hosts of the inventory.")
  var prune = false

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if !host.isEmpty, connect != nil { throw ValidationError("--host and --connect exclude each other") }
  }

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let (folder, inventory, isWhole) = try repository.loadInventory(&output)
    let path = "\(folder)/\(AddressLockFile.name)"
    let present = try Self.text(of: path)
    output.line = Self.lines(of: present, beside: output.line)
    let old = try AddressLockFile.read(present ?? "")

    let reading = try await HostReading(names(inventory), connect: connect, inventory, output)
    guard !reading.read.isEmpty else {
      output.show(reading.failures.map(\.diagnostic))
      return .error
    }
    let isComplete =
      isWhole && reading.failures.isEmpty
      && Set(inventory.hosts.map(\.name)).isSubset(of: reading.read.map(\.facts.host))
    if prune, !isComplete {
      throw DiagnosticError(
        Diagnostic(
          "prune-needs-all-hosts",
          isWhole
            ? "not all hosts of the inventory were read, so nobody knows what is gone"
            : "policy files have errors, so nobody knows whether all hosts were read",
          hint: isWhole ? "run it without --host, when all hosts answer" : "see 'nwfleet validate'",
          notes: reading.failures.map { Diagnostic.Note($0.diagnostic.message) }))
    }
    let merge = AddressLockMerge(old, with: reading.read.map(\.facts), isComplete: isComplete, prunes: prune)
    let text = AddressLockFile.text(merge.lock)
    let isChanged = text != present && !(present == nil && merge.lock == AddressLock())
    if isChanged {
      // What is written must be readable: it is part of the repository from now on.
      _ = try AddressLockFile.read(text)
      if !check { try TextFile.replace(path, with: text) }
    }
    let document = LockDocument(merge, reading, isChanged: isChanged, isWritten: isChanged && !check)
    document.show(output)
    if !reading.failures.isEmpty { return .partial }
    return check && isChanged ? .changesPending : .done
  }

  /// The hosts to read, each once; nil stands for the one that is meant where none is named.
  private func names(_ inventory: Inventory) -> [String?] {
    if connect != nil { return [nil] }
    let named = host.isEmpty ? inventory.hosts.map(\.name) : host
    var seen: Set<String> = []
    let names = named.filter { seen.insert($0).inserted }
    return names.isEmpty ? [nil] : names
  }

  /// - Throws: `HostError` with code `file`; links are not followed, as everywhere in a repository.
  private static func text(of path: String) throws(HostError) -> String? {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
    guard attributes[.type] as? FileAttributeType == .typeRegular else {
      throw HostError(.file, "\(path) is no file", hint: "links are not followed; move it away")
    }
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw HostError(.file, "\(path) cannot be read", hint: "is it there, and UTF-8?")
    }
    return text
  }

  private static func lines(
    of text: String?, beside others: @escaping @Sendable (String, Int) -> String?
  ) -> @Sendable (String, Int) -> String? {
    let lines = (text ?? "").split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    return { file, number in
      guard file == AddressLockFile.name else { return others(file, number) }
      return lines.indices.contains(number - 1) ? lines[number - 1] : nil
    }
  }
}

/// What hosts tell, one after the other: one that does not answer is noted, and the next is asked.
struct HostReading {
  struct Failure {
    var host: String
    var diagnostic: Diagnostic
  }

  private(set) var read: [HostAddresses] = []
  private(set) var failures: [Failure] = []
  private(set) var warnings: [Diagnostic] = []

  /// - Throws: `DiagnosticError` for a host that the inventory does not have.
  init(_ names: [String?], connect: String?, _ inventory: Inventory, _ output: Output) async throws {
    for name in names where name != nil {
      // A misspelt name is no host that is away.
      guard inventory.hosts.contains(where: { $0.name == name }) else {
        _ = try HostOptions.resolve(host: name, connect: nil, inventory)
        continue
      }
    }
    for (index, name) in names.enumerated() {
      let shown = name ?? connect ?? "localhost"
      output.progress("reading \(shown) (\(index + 1) of \(names.count))")
      do {
        let address = try HostOptions.resolve(host: name, connect: connect, inventory)
        var addresses = try await address.open(.readOnly).addresses()
        leaveOutUnnameable(&addresses.facts)
        read.append(addresses)
      } catch let error as HostError {
        failures.append(Failure(host: shown, diagnostic: error.diagnostic))
      } catch let error as SandboxError {
        let code = Diagnostic.Code(rawValue: "sandbox-\(error.code.rawValue)")
        failures.append(
          Failure(host: shown, diagnostic: Diagnostic(code, "\(shown): \(error.message)", hint: error.hint)))
      }
    }
    output.endProgress()
    for facts in read.map(\.facts) {
      for mac in facts.sharedMACs {
        let owners = Set(facts.interfaces.filter { $0.mac == mac }.map(\.machine)).sorted()
        warnings.append(
          Diagnostic(
            "shared-mac", "\(facts.host): VMs \(owners.joined(separator: " and ")) have the address \(mac)",
            severity: .warning,
            hint: "nobody can tell whose leases and reservations it has; give each VM an address of its own"))
      }
    }
  }

  /// A repository cannot speak of every name that libvirt takes.
  private mutating func leaveOutUnnameable(_ facts: inout AddressFacts) {
    let machines = Set(facts.interfaces.map(\.machine).filter { !AddressLockFile.canName($0) })
    let networks = Set(
      (facts.networks.keys + facts.interfaces.compactMap(\.network)).filter { !AddressLockFile.canName($0) })
    for (kind, names) in [("VM", machines), ("network", networks)] {
      for name in names.sorted() {
        warnings.append(
          Diagnostic(
            "not-locked",
            "\(facts.host): \(kind) '\(name.filter { !$0.isNewline })' has a name that a repository cannot have",
            severity: .warning, hint: "rename it with virsh"))
      }
    }
    facts.interfaces.removeAll { machines.contains($0.machine) }
    for index in facts.interfaces.indices where facts.interfaces[index].network.map(networks.contains) == true {
      facts.interfaces[index].network = nil
    }
    facts.networks = facts.networks.filter { !networks.contains($0.key) }
  }
}
