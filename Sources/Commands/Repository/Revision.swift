// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Git
import PolicyLanguage

/// A policy repository as a commit has it, or as its files are now.
enum Revision: Hashable {
  case commit(String)
  case workTree

  /// The two ends of `REV1..REV2`; of `REV`, that and the files as they are.
  ///
  /// - Throws: `DiagnosticError` for `REV1...REV2`.
  static func range(_ text: String) throws(DiagnosticError) -> (first: Revision, last: Revision) {
    let parts = text.split(separator: "..", maxSplits: 1, omittingEmptySubsequences: false)
    if let last = parts.last, parts.count == 2, last.hasPrefix(".") {
      throw DiagnosticError(
        Diagnostic(
          "bad-revisions", "'\(text)' asks for what one side has since the two parted",
          expected: "REV1..REV2", hint: "to compare with where they parted, say \"$(git merge-base REV1 REV2)..REV2\""))
    }
    if parts.count == 2, parts[0].isEmpty, parts[1].isEmpty {
      throw DiagnosticError(
        Diagnostic("bad-revisions", "'..' names no revision", expected: "REV1..REV2", hint: "is a variable empty?"))
    }
    func commit(_ name: Substring) -> Revision { .commit(name.isEmpty ? "HEAD" : String(name)) }
    return parts.count == 2 ? (commit(parts[0]), commit(parts[1])) : (commit(parts[0]), .workTree)
  }

  /// Reads it.
  ///
  /// - Throws: `DiagnosticError` where git has no such commit, or its files cannot be read.
  func load(_ folder: String, environment: String?) async throws -> LoadResult {
    guard case .commit(let name) = self else {
      return PolicyRepository.load(directory: folder, environment: environment)
    }
    do {
      return PolicyRepository.load(
        files: try await Self.files(of: name, GitRepository(folder: folder)), environment: environment)
    } catch let error as GitError {
      throw DiagnosticError(
        Diagnostic(Diagnostic.Code(rawValue: error.code.rawValue), error.message, hint: error.hint))
    }
  }

  private static func files(of name: String, _ repository: GitRepository) async throws -> [PolicyFile] {
    let entries = try await repository.entries(of: try await repository.commit(name))
    let projectEntry = entries.filter { $0.path == PolicyRepository.fileName }
    let project = try await repository.files(projectEntry, limit: PolicyRepository.mostBytes).first
      .map { PolicyFile(path: $0.path, bytes: $0.bytes) }
    guard let project else {
      throw DiagnosticError(
        Diagnostic(
          "no-project-file", "there is no \(PolicyRepository.fileName) in '\(name)' of \(repository.folder)",
          hint: "the folder may have had another place then: --repo takes a folder of the work tree"))
    }
    let selection = Set(PolicyRepository.selection(of: entries.map(\.path), project: project))
    // Links and submodules below the folders are refused, as the folders themselves are read without them.
    let folders = [PolicyRepository.policyFolder, PolicyRepository.environmentFolder]
    let chosen = entries.filter { entry in
      selection.contains(entry.path)
        || entry.kind != .file && folders.contains { entry.path == $0 || entry.path.hasPrefix("\($0)/") }
    }
    return try await repository.files(chosen, limit: PolicyRepository.mostBytes)
      .map { PolicyFile(path: $0.path, bytes: $0.bytes) }
  }

  /// A diagnostic of its files, which says whose they are: the same line may read otherwise now.
  func marked(_ diagnostic: Diagnostic) -> Diagnostic {
    guard case .commit(let name) = self else { return diagnostic }
    var marked = diagnostic
    marked.message += " (in \(name))"
    return marked
  }
}
