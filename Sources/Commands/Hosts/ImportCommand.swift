// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Diagnostics
import FilterModel
import FilterXML
import FoundationEssentials
import PolicyLanguage
import Reconcile

struct ImportCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Turn filters into policy files: XML files, or everything that a host has.",
    discussion: """
      From files: a 'filters:' section. From a host: its filters but libvirt's own, marked 'adopt: true', and a group for \
      each filter that VMs use, so that the first plan is empty. What cannot be said in a policy file is named and left \
      out. Without --write the YAML goes to standard output.

      With --as groups, a filter that VMs use becomes rules of its group where these are proved to decide every packet the \
      same; the others stay as they are, with the reason.
      """)

  @Argument(help: ArgumentHelp("XML files, one filter each. Default: import from a host.", valueName: "file"))
  var files: [String] = []

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var hosts: HostOptions
  @OptionGroup var output: OutputOptions

  @Option(name: .customLong("as"), help: "What filters become: filters as they are, or groups with rules.")
  var form = ImportForm.native

  @Flag(help: "With --as groups: enough if new connections are decided the same; what else differs is said.")
  var sameFlows = false

  @Flag(help: "Write policies/imported.yaml into the repository.")
  var write = false

  func validate() throws {
    if !files.isEmpty, hosts.host != nil || hosts.connect != nil {
      throw ValidationError("import takes files or a host, not both")
    }
    if !files.isEmpty, form == .groups { throw ValidationError("--as groups needs a host: VMs with the filters") }
    if sameFlows, form != .groups { throw ValidationError("--same-flows needs --as groups") }
  }

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let document = files.isEmpty ? try await fromHost(&output) : try fromFiles(&output)
    guard write else {
      if output.isJSON { output.result(document) } else { output.result(document.policy) }
      return .done
    }
    let path = "\(try repository.folder())/\(PolicyRepository.policyFolder)/imported.yaml"
    guard !FileManager.default.fileExists(atPath: path) else {
      throw DiagnosticError(
        Diagnostic(
          "already-imported", "\(path) is there already", hint: "nothing was changed; move it away to import again"))
    }
    do {
      try document.policy.write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw HostError(.file, "\(path) cannot be written")
    }
    if output.isJSON { output.result(WrittenFiles(wrote: [path])) } else { output.result("Wrote \(path).\n") }
    return .done
  }

  // MARK: Files

  /// - Throws: `DiagnosticError` with all that libvirt would read otherwise than it is written.
  private func fromFiles(_ output: inout Output) throws -> ImportDocument {
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
    let text = PolicyWriter.filters(filters)
    try HostImport.check(text, filters)
    return ImportDocument(policy: text)
  }

  // MARK: Hosts

  private func fromHost(_ output: inout Output) async throws -> ImportDocument {
    let loaded = hosts.connect == nil ? try repository.load(&output) : nil
    if form == .groups, let admins = loaded?.policy.admins {
      output.warn([
        Diagnostic(
          "admins-come-first", "the rules of 'admins' come before those of groups, on every NIC with rules",
          severity: .warning, at: admins.origin,
          hint: "what import says of a group holds for the group alone; see the plan for both")
      ])
    }
    let host = try await hosts.resolve(loaded?.inventory).open(.readOnly)
    let imported = try HostImport(try await host.observe(), as: form, acceptsSameFlows: sameFlows)
    output.warn(imported.warnings)
    return imported.document
  }
}

/// What the filters of a host become.
enum ImportForm: String, ExpressibleByArgument, CaseIterable {
  case native, groups
}
