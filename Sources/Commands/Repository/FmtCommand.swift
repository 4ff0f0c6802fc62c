// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import FoundationEssentials
import PolicyLanguage
import Reconcile

struct FmtCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "fmt", abstract: "Format policy files: indentation, blanks, blank lines. Comments and order stay.")

  @Argument(help: ArgumentHelp("Only these files. Default: all of the repository.", valueName: "file"))
  var files: [String] = []

  @Flag(help: "Change nothing; name the files that would change, and exit with 1 if there are any.")
  var check = false

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    var changed: [String] = []
    var failures: [Diagnostic] = []
    var texts: [String: [String]] = [:]
    for path in try files.isEmpty ? ownFiles() : files {
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw HostError(.file, "\(path) cannot be read", hint: "is it there, and UTF-8?")
      }
      texts[path] = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      let result = Formatter.format(text, file: path)
      failures += result.diagnostics
      guard result.text != text else { continue }
      changed.append(path)
      if !check { try TextFile.replace(path, with: result.text) }
    }
    var output = output
    let lines = texts
    output.line = { file, number in
      guard let text = lines[file], text.indices.contains(number - 1) else { return nil }
      return text[number - 1]
    }
    if output.isJSON {
      output.result(FormattedFiles(changed: changed, diagnostics: DiagnosticsDocument(failures).diagnostics))
    } else {
      output.show(failures)
      for path in changed { output.result("\(path)\n") }
    }
    return !failures.isEmpty || check && !changed.isEmpty ? .error : .done
  }

  private func ownFiles() throws -> [String] {
    let folder = try repository.folder()
    // JSON is for other programs to write.
    return PolicyRepository.load(directory: folder).sources.paths.filter { !$0.hasSuffix(".json") }
      .map { "\(folder)/\($0)" }
  }
}
