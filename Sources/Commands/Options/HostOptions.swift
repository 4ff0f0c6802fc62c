// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import FilterModel
import Reconcile
import Sandbox

/// Which host.
struct HostOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A host of the inventory.", valueName: "name"))
  var host: String?

  @Option(
    help: ArgumentHelp(
      "A libvirt URI such as qemu:///system, or sandbox:///1 for a sandbox's host.", valueName: "uri"))
  var connect: String?

  func validate() throws {
    if host != nil, connect != nil { throw ValidationError("--host and --connect exclude each other") }
  }

  /// The one host that a command works on.
  func resolve(_ inventory: Inventory?) throws -> HostAddress {
    try Self.resolve(host: host, connect: connect, inventory)
  }

  static func resolve(host: String?, connect: String?, _ inventory: Inventory?) throws -> HostAddress {
    if let connect {
      let address = try HostAddress(name: connect, uri: connect)
      // A host has its inventory's name however its URI is written; a sandbox that is not up has none.
      let known = inventory?.hosts.first {
        $0.uri == connect || (try? HostAddress(name: "", uri: $0.uri).uri) == address.uri
      }
      return try HostAddress(name: known?.name ?? connect, uri: address.uri)
    }
    let hosts = inventory?.hosts ?? []
    if let host {
      guard let found = hosts.first(where: { $0.name == host }) else {
        throw DiagnosticError(
          Diagnostic(
            "unknown-host", "the inventory has no host '\(host)'",
            expected: hosts.isEmpty
              ? "an inventory: nwfleet.yaml names no hosts" : "one of \(hosts.map(\.name).joined(separator: ", "))",
            hint: Suggestion.hint(for: host, in: hosts.map(\.name))))
      }
      return try HostAddress(name: found.name, uri: found.uri)
    }
    guard hosts.count <= 1 else {
      throw DiagnosticError(
        Diagnostic(
          "several-hosts", "the inventory has \(hosts.count) hosts",
          hint: "name one with --host: \(hosts.map(\.name).joined(separator: ", "))"))
    }
    if let only = hosts.first { return try HostAddress(name: only.name, uri: only.uri) }
    var address = try HostAddress(name: "localhost", uri: "qemu:///system")
    address.isGuessed = inventory != nil
    return address
  }
}

/// A host's name and the URI to open.
struct HostAddress {
  var name: String
  var uri: String
  private var isSandbox = false
  /// Whether nobody has named it: the repository has no hosts.
  fileprivate var isGuessed = false

  /// `sandbox:///N` stands for the URI of a sandbox's host on this machine.
  init(name: String, uri: String) throws {
    self.name = name
    let prefix = "sandbox:///"
    guard uri.hasPrefix(prefix) else {
      self.uri = uri
      return
    }
    guard let number = Int(uri.dropFirst(prefix.count)), number > 0 else {
      throw DiagnosticError(
        Diagnostic("bad-uri", "'\(uri)' names no host of a sandbox", expected: "sandbox:///1 and so on"))
    }
    self.uri = try Sandbox().uri(host: number)
    isSandbox = true
  }

  func open(
    _ access: LibvirtHost.Access, onRead: @escaping @Sendable (ReadReport) -> Void = { _ in }
  ) async throws -> LibvirtHost {
    do throws(HostError) {
      return try await LibvirtHost.connect(name: name, uri: uri, access: access, onRead: onRead)
    } catch {
      guard isSandbox || isGuessed, error.code == .unreachable else { throw error }
      var error = error
      error.hint =
        isSandbox
        ? "start libvirtd of this sandbox again with 'nwfleet sandbox up'"
        : "nwfleet.yaml names no hosts, so this machine was meant: add hosts: {NAME: {uri: …}}, or say --connect URI"
      throw error
    }
  }
}

/// A host to look at: libvirt's, or a snapshot.
struct ReadableHostOptions: ParsableArguments {
  @OptionGroup var hosts: HostOptions

  @Option(help: ArgumentHelp("A snapshot to look at instead of a host.", valueName: "file"))
  var snapshot: String?

  func open(_ inventory: Inventory?, _ output: Output) async throws -> any Host {
    if let snapshot {
      let host = try SnapshotHost(try JSONFile.read(SnapshotDocument.self, from: snapshot))
      output.warn(Self.findings(about: host.name, inventory))
      return host
    }
    return try await hosts.resolve(inventory).open(.readOnly) { report in
      output.detail("read \(report.filters) filters in \(report.duration.millisecondsText) ms\n")
    }
  }

  /// Ports are declared by host: those of a host that goes by another name are not seen.
  static func findings(about host: String, _ inventory: Inventory?) -> [Diagnostic] {
    let known = inventory?.hosts.map(\.name) ?? []
    guard !known.isEmpty, !known.contains(host) else { return [] }
    return [
      Diagnostic(
        "snapshot-of-unknown-host", "the snapshot is of host '\(host)', which the inventory does not have",
        severity: .warning, expected: "one of \(known.joined(separator: ", "))",
        hint: Suggestion.hint(for: host, in: known)
      )
    ]
  }
}
