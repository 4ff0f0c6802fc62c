// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Diagnostics
import FilterModel
import FoundationEssentials
import PolicyLanguage

/// How validate prints what it finds.
enum ValidationFormat: String, CaseIterable, ExpressibleByArgument {
  case text, json, github, sarif
}

struct ValidateCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check a policy repository; all that is wrong is shown at once.",
    discussion: """
      Reads all files and compiles what they say, with the VMs that the repository knows; no host is asked. The formats \
      github (workflow commands) and sarif (SARIF 2.1.0) name files relative to the folder that the command is started in.
      """)

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var today: TodayOptions
  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("How to print: text, json, github or sarif.", valueName: "format"))
  var format: ValidationFormat?

  func validate() throws {
    if output.json, let format, format != .json { throw ValidationError("--json is the same as --format json") }
  }

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let folder = try repository.folder()
    let loaded = PolicyRepository.load(directory: folder, environment: repository.environment)
    output.line = { file, number in loaded.sources.line(number, of: file) }
    var diagnostics = loaded.diagnostics
    if let policy = loaded.policy { diagnostics += HostPolicy(policy, today: today.day).compiled().diagnostics }
    let format = format ?? (output.isJSON ? .json : .text)
    switch format {
    case .text: output.show(diagnostics)
    case .json: output.result(DiagnosticsDocument(diagnostics))
    case .github: output.result(GitHubText.text(diagnostics, prefix: Self.prefix(of: folder)))
    case .sarif: output.result(SARIFDocument(diagnostics, prefix: Self.prefix(of: folder)))
    }
    let errors = diagnostics.count { $0.severity == .error }
    if let policy = loaded.policy, errors == 0 {
      if format == .text { output.note(Self.summary(policy)) }
      return .done
    }
    if format == .text { output.note("\(errors.counted("error")).\n") }
    return .error
  }

  private static func summary(_ policy: Policy) -> String {
    var parts = ["project \(policy.identity.project)"]
    // Native filters are for few.
    if !policy.filters.isEmpty { parts.append(policy.filters.count.counted("native filter")) }
    parts.append((policy.groups.count + policy.nativeGroups.count).counted("group"))
    return "Valid: \(parts.joined(separator: ", ")).\n"
  }

  /// The way from the working folder to the repository, with `/` at its end; empty where it does not go down.
  static func prefix(of folder: String, from current: String = FileManager.default.currentDirectoryPath) -> String {
    func standardized(_ path: String) -> String {
      URL(fileURLWithPath: path.hasPrefix("/") ? path : "\(current)/\(path)").standardizedFileURL.path
    }
    let (base, path) = (standardized(current), standardized(folder))
    guard path != base, path.hasPrefix(base == "/" ? "/" : "\(base)/") else { return "" }
    return path.dropFirst(base.count).drop { $0 == "/" } + "/"
  }
}
