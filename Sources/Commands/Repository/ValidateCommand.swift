// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import FilterModel
import PolicyLanguage

struct ValidateCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check a policy repository; all that is wrong is shown at once.")

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let loaded = PolicyRepository.load(directory: try repository.folder())
    output.line = { file, number in loaded.sources.line(number, of: file) }
    if output.isJSON {
      output.result(DiagnosticsDocument(loaded.diagnostics))
    } else {
      output.show(loaded.diagnostics)
    }
    guard let desired = loaded.desired else {
      let errors = loaded.diagnostics.count { $0.severity == .error }
      output.note("\(errors.counted("error")).\n")
      return .error
    }
    output.note(
      "Valid: project \(desired.identity.project), \(desired.filters.count.counted("filter")), "
        + "\(desired.attachments.count.counted("group")).\n")
    return .done
  }
}
