// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import FilterModel
import FilterXML
import FoundationEssentials
import Planning
import PolicyLanguage
import Reconcile

struct ImportCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Turn filters into policy files: XML files, or everything that a host has.",
    discussion: """
      From files: a 'filters:' section. From a host: its filters but libvirt's own, marked 'adopt: true', and a group for \
      each filter that VMs use, so that the first plan is empty. What cannot be said in a policy file is named and left \
      out. Without --write the YAML goes to standard output.
      """)

  @Argument(help: ArgumentHelp("XML files, one filter each. Default: import from a host.", valueName: "file"))
  var files: [String] = []

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var hosts: HostOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "Write policies/imported.yaml into the repository.")
  var write = false

  func validate() throws {
    if !files.isEmpty, hosts.host != nil || hosts.connect != nil {
      throw ValidationError("import takes files or a host, not both")
    }
  }

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let text = files.isEmpty ? try await fromHost(&output) : try fromFiles(&output)
    guard write else {
      if output.isJSON { output.result(["policy": text]) } else { output.result(text) }
      return .done
    }
    let path = "\(try repository.folder())/\(PolicyRepository.policyFolder)/imported.yaml"
    guard !FileManager.default.fileExists(atPath: path) else {
      throw DiagnosticError(
        Diagnostic(
          "already-imported", "\(path) is there already", hint: "nothing was changed; move it away to import again"))
    }
    do {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw HostError(.file, "\(path) cannot be written")
    }
    if output.isJSON { output.result(WrittenFiles(wrote: [path])) } else { output.result("Wrote \(path).\n") }
    return .done
  }

  // MARK: Files

  /// - Throws: `DiagnosticError` with all that libvirt would read otherwise than it is written.
  private func fromFiles(_ output: inout Output) throws -> String {
    var filters: [Filter] = []
    var diagnostics: [Diagnostic] = []
    var lines: [String: [String]] = [:]
    for path in files {
      guard let xml = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw HostError(.file, "\(path) cannot be read", hint: "is it there, and UTF-8?")
      }
      lines[path] = xml.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      let parsed = FilterXML.parse(xml, file: path)
      diagnostics += parsed.diagnostics
      if let filter = parsed.filter { filters.append(filter) }
    }
    let texts = lines
    output.line = { file, number in
      guard let text = texts[file], text.indices.contains(number - 1) else { return nil }
      return text[number - 1]
    }
    var names: Set<String> = []
    for filter in filters where !names.insert(filter.name).inserted {
      diagnostics.append(Diagnostic("duplicate-name", "two of the files define filter \(filter.name)"))
    }
    if diagnostics.contains(where: { $0.severity == .error }) { throw DiagnosticError(diagnostics) }
    output.warn(diagnostics)
    return PolicyWriter.filters(filters)
  }

  // MARK: Hosts

  private func fromHost(_ output: inout Output) async throws -> String {
    let inventory = hosts.connect == nil ? try repository.load(&output).inventory : nil
    let host = try await hosts.resolve(inventory).open(.readOnly)
    let imported = HostImport(try await host.observe())
    output.warn(imported.warnings)
    return imported.text
  }
}

/// A host as a policy that changes nothing on it.
struct HostImport {
  private(set) var warnings: [Diagnostic] = []
  private(set) var text = ""

  init(_ observed: ObservedHost) {
    let own = observed.filters.filter { !FilterName.stock.contains($0.name) && !Self.isMarker($0) }
    let filters = own.compactMap { seen -> Filter? in
      if let project = observed.filters.project(owning: seen) {
        warnings.append(
          Diagnostic(
            "not-imported", "filter \(seen.name) belongs to the nwfleet project \(project)", severity: .warning,
            hint: "a filter is managed by one project; its policy is in that project's repository"))
        return nil
      }
      if let filter = seen.filter { return filter }
      warnings.append(
        Diagnostic(
          "not-imported", "filter \(seen.name) says something that a policy cannot say; it stays on the host as it is",
          severity: .warning, hint: "see 'virsh nwfilter-dumpxml \(seen.name)'"))
      return nil
    }
    let known = Set(filters.map(\.name)).union(FilterName.stock)
    let groups = groups(observed, known)
    nameOtherPorts(observed)
    text = "# Imported from \(observed.name).\n"
    text += PolicyWriter.filters(filters, adopted: Set(filters.map(\.name)))
    if !groups.isEmpty {
      let machines = groups.flatMap(\.machines).map {
        InventoryMachine(name: $0, origin: SourceRange(file: "", start: Self.start, end: Self.start))
      }
      text += "\n" + PolicyWriter.machines(machines) + "\n" + PolicyWriter.groups(groups)
    }
  }

  private static let start = SourcePosition(line: 1, column: 1)

  /// Another project's record of what it applied is no policy.
  private static func isMarker(_ seen: ObservedFilter) -> Bool { seen.filter.flatMap(Marker.init) != nil }

  /// A group for each distinct filter with parameters; VMs whose interfaces differ are named and left out.
  private mutating func groups(_ observed: ObservedHost, _ known: Set<String>) -> [PolicyWriter.Group] {
    var members: [FilterReference: [String]] = [:]
    for machine in observed.machines {
      let references = Set(
        machine.interfaces.filter(\.carriesFilters).flatMap { interface in
          [interface.live, interface.config].compactMap { presence -> FilterReference?? in
            if case .present(let reference) = presence { .some(reference) } else { nil }
          }
        })
      guard let reference = references.first else { continue }
      guard references.count == 1 else {
        leaveOut(
          machine.name,
          references.contains(nil)
            ? "some of its interfaces, or its running and its stored configuration, have a filter and others have none"
            : "its interfaces have different filters")
        continue
      }
      guard let reference else { continue }
      guard known.contains(reference.filter) else {
        leaveOut(machine.name, "its filter \(reference.filter) was not imported")
        continue
      }
      members[reference, default: []].append(machine.name)
    }
    var taken: Set<String> = []
    return members.sorted { $0.key.summary < $1.key.summary }.map { reference, machines in
      PolicyWriter.Group(name: Self.name(reference.filter, &taken), machines: machines, reference: reference)
    }
  }

  /// Bindings that are nobody's interface in libvirt: a group reaches them only if the inventory names their ports.
  private mutating func nameOtherPorts(_ observed: ObservedHost) {
    let interfaces = Set(observed.machines.flatMap(\.interfaces).compactMap(\.device))
    for binding in observed.bindings where !interfaces.contains(binding.device) {
      warnings.append(
        Diagnostic(
          "not-imported",
          "port \(binding.device) (\(binding.ownerName), \(binding.mac)) has filter \(binding.reference.filter), and libvirt "
            + "does not run it", severity: .warning,
          hint:
            "it stays as it is; to manage it, name it under vms: nics: {\"\(binding.mac)\": {port: \(binding.device)}}")
      )
    }
  }

  private mutating func leaveOut(_ machine: String, _ reason: String) {
    warnings.append(
      Diagnostic("not-imported", "VM \(machine) is in no group: \(reason)", severity: .warning))
  }

  /// A group's name from a filter's: lower case, others than letters and digits as hyphens, numbered where it is taken.
  private static func name(_ filter: String, _ taken: inout Set<String>) -> String {
    var base = String(filter.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }.prefix(36))
    if base.first?.isLetter != true { base = "g" + base }
    var name = base
    var number = 2
    while !taken.insert(name).inserted {
      name = "\(base)-\(number)"
      number += 1
    }
    return name
  }
}
