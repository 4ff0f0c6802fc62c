// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Diagnostics
import FilterModel
import FoundationEssentials
import Planning
import PolicyLanguage
import Reconcile

struct AdoptCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "adopt", abstract: "Let the policy take over filters of a host that nwfleet did not make.",
    discussion: """
      A filter that the policy has gets 'adopt: true'. One that it does not have is written to policies/adopted-NAME.yaml \
      as it is on the host. The filter keeps its UUID, is changed by apply, and is never deleted. libvirt's own filters \
      are never adopted. The host is only read.
      """)

  @Argument(help: ArgumentHelp("The filters.", valueName: "filter"))
  var names: [String]

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var hosts: HostOptions
  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let repository = try repository.load(&output)
    let host = try await hosts.resolve(repository.inventory).open(.readOnly)
    let present = try await host.filters()
    var edits: [(path: String, text: String)] = []
    for name in names {
      guard !FilterName.stock.contains(name) else {
        throw DiagnosticError(
          Diagnostic("stock-filter", "\(name) is one of libvirt's own filters", hint: "copy it under another name"))
      }
      guard let seen = present.first(where: { $0.name == name }) else {
        throw DiagnosticError(
          Diagnostic(
            "unknown-filter", "\(host.name) has no filter '\(name)'",
            hint: Suggestion.hint(for: name, in: present.map(\.name))))
      }
      guard !repository.policy.identity.owns(filter: name, uuid: seen.uuid) else {
        output.note("\(name) belongs to the project already.\n")
        continue
      }
      if let project = present.project(owning: seen) {
        throw DiagnosticError(
          Diagnostic(
            "other-project", "\(name) belongs to the nwfleet project \(project)",
            hint: "destroy that project's filters first, or choose another name"))
      }
      let edit = try edit(for: seen, repository, edits)
      edits.removeAll { $0.path == edit.path }
      edits.append(edit)
    }
    for edit in edits {
      try TextFile.replace(edit.path, with: edit.text)
      if !output.isJSON { output.result("Wrote \(edit.path).\n") }
    }
    if output.isJSON { output.result(WrittenFiles(wrote: edits.map(\.path))) }
    return .done
  }

  private func edit(
    for seen: ObservedFilter, _ repository: Repository, _ edits: [(path: String, text: String)]
  ) throws -> (path: String, text: String) {
    if let wanted = repository.policy.filters.first(where: { $0.filter.name == seen.name }) {
      let path = "\(repository.folder)/\(wanted.origin.file)"
      let text = try edits.first { $0.path == path }?.text ?? read(path)
      if wanted.adopts { return (path, text) }
      guard let edited = PolicyEditor.adopt(seen.name, in: text, file: wanted.origin.file) else {
        throw DiagnosticError(
          Diagnostic(
            "cannot-edit", "filter \(seen.name) is written in one line", at: wanted.origin,
            hint: "add 'adopt: true' to it yourself"))
      }
      return (path, edited)
    }
    guard let filter = seen.filter else {
      throw DiagnosticError(
        Diagnostic("not-imported", "filter \(seen.name) says something that a policy cannot say"))
    }
    let path = "\(repository.folder)/\(PolicyRepository.policyFolder)/adopted-\(seen.name).yaml"
    guard !FileManager.default.fileExists(atPath: path) else {
      throw HostError(.file, "\(path) is there already", hint: "nothing was changed")
    }
    return (path, PolicyWriter.filters([filter], adopted: [seen.name]))
  }

  private func read(_ path: String) throws -> String {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw HostError(.file, "\(path) cannot be read")
    }
    return text
  }
}
