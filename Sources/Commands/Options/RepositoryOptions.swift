// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Diagnostics
import FilterModel
import FoundationEssentials
import Git
import PolicyLanguage
import Reconcile

/// Which policy repository.
struct RepositoryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The policy repository.", discussion: "Default: the nearest folder upwards with nwfleet.yaml.",
      valueName: "folder"))
  var repo: String?

  @Option(
    name: .customLong("env"),
    help: ArgumentHelp("An environment: takes values from environments/NAME.yaml.", valueName: "name"))
  var environment: String?

  /// The folder.
  func folder() throws -> String {
    if let repo { return repo }
    if let found = PolicyRepository.find(from: FileManager.default.currentDirectoryPath) { return found }
    throw DiagnosticError(
      Diagnostic(
        "no-repository", "there is no nwfleet.yaml in this folder or above it",
        hint: "make one with 'nwfleet init', or name the folder with --repo"))
  }

  /// Everything that the repository says.
  ///
  /// - Throws: `DiagnosticError` with all that is wrong in it.
  func load(_ output: inout Output) throws -> Repository {
    let folder = try folder()
    let loaded = PolicyRepository.load(directory: folder, environment: environment)
    output.line = { file, number in loaded.sources.line(number, of: file) }
    guard let policy = loaded.policy else { throw DiagnosticError(loaded.diagnostics) }
    return Repository(
      folder: folder, policy: policy, inventory: loaded.inventory, warnings: loaded.diagnostics,
      line: output.line)
  }

  /// The hosts and VMs of a repository whose policies may be wrong: `lock` writes what they lack. `isWhole` says that they
  /// are not, so that no host can be missing.
  ///
  /// - Throws: `DiagnosticError` with all that is wrong in `nwfleet.yaml`.
  func loadInventory(_ output: inout Output) throws -> (folder: String, inventory: Inventory, isWhole: Bool) {
    let folder = try folder()
    let loaded = PolicyRepository.load(directory: folder)
    output.line = { file, number in loaded.sources.line(number, of: file) }
    let errors = loaded.diagnostics.filter {
      $0.severity == .error && ($0.range == nil || $0.range?.file == PolicyRepository.fileName)
    }
    guard errors.isEmpty else { throw DiagnosticError(errors) }
    return (folder, loaded.inventory, !loaded.hasErrors)
  }
}

/// A policy repository that has no errors.
struct Repository {
  var folder: String
  var policy: Policy
  var inventory: Inventory
  var warnings: [Diagnostic]
  var line: @Sendable (_ file: String, _ number: Int) -> String?

  /// The commit that is checked out, `+` behind it if files differ from it; nil outside of git.
  func commit() async -> String? { await GitRepository(folder: folder).checkedOut() }
}
