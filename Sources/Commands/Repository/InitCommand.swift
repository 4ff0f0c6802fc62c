// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import FilterModel
import FoundationEssentials
import PolicyLanguage
import Reconcile

struct InitCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make a new policy repository in a folder.")

  @Argument(help: ArgumentHelp("Where.", valueName: "folder"))
  var folder = "."

  @Option(help: ArgumentHelp("The project's name; it never changes. Default: the folder's name.", valueName: "name"))
  var project: String?

  @Option(help: ArgumentHelp("The libvirt URI of the first host.", valueName: "uri"))
  var uri = "qemu:///system"

  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    let files = FileManager.default
    let path = "\(folder)/\(PolicyRepository.fileName)"
    guard !files.fileExists(atPath: path) else {
      throw DiagnosticError(
        Diagnostic("already-a-repository", "\(path) is there already", hint: "nothing was changed"))
    }
    let name = try projectName()
    let origin = SourceRange(
      file: path, start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 1))
    let host = InventoryHost(name: "localhost", uri: uri, origin: origin)
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    let id = String(repeating: "0", count: 16 - digits.count) + digits
    let text = PolicyWriter.project(name: name, id: id, hosts: [host])
    try check(text, output)
    do {
      try files.createDirectory(
        atPath: "\(folder)/\(PolicyRepository.policyFolder)", withIntermediateDirectories: true)
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw HostError(.file, "\(path) cannot be written", hint: "may you write there?")
    }
    if output.isJSON {
      output.result(WrittenFiles(wrote: [path]))
    } else {
      output.result("Made \(path), project \(name).\n")
    }
    output.note(
      """
      Next: write policies/*.yaml, or take over what a host has: nwfleet import --host localhost --write
      Then: nwfleet plan

      """)
    return .done
  }

  /// What a repository may not say is not written into one.
  private func check(_ text: String, _ output: Output) throws {
    let loaded = PolicyRepository.load(files: [PolicyFile(path: PolicyRepository.fileName, text: text)])
    guard loaded.policy == nil else { return }
    var output = output
    output.line = { file, number in loaded.sources.line(number, of: file) }
    throw DiagnosticError(loaded.diagnostics)
  }

  private func projectName() throws -> String {
    if let project {
      guard Identity.isValidName(project) else {
        throw DiagnosticError(
          Diagnostic("bad-project-name", "'\(project)' is no name for a project", expected: Identity.nameExpectation))
      }
      return project
    }
    let last = URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent.lowercased()
    guard Identity.isValidName(last) else {
      throw DiagnosticError(
        Diagnostic(
          "bad-project-name", "the folder's name '\(last)' is no name for a project",
          expected: Identity.nameExpectation,
          hint: "name the project with --project"))
    }
    return last
  }
}
