// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// The environments of a repository, one of which may be chosen.
struct EnvironmentChoice {
  private(set) var diagnostics: [Diagnostic] = []
  private var environments: [String: Environment] = [:]

  var names: [String] { environments.keys.sorted() }

  init(_ files: [DecodedFile]) {
    for file in files where file.role == .environment {
      // A file of a wrong form may lack a value, not a name.
      let environment = file.environment ?? Environment(name: EnvironmentFile.name(of: file.path) ?? "")
      let start = SourcePosition(line: 1, column: 1)
      let place = SourceRange(file: file.path, start: start, end: SourcePosition(line: 1, column: 2))
      if !Identity.isValidName(environment.name) {
        diagnostics.append(
          Diagnostic(
            "bad-environment-name", "'\(environment.name.excerpt)' is no name for an environment", at: place,
            expected: Identity.nameExpectation, hint: "rename the file"))
      }
      if environments.updateValue(environment, forKey: environment.name) != nil {
        diagnostics.append(
          Diagnostic(
            "defined-twice", "environment '\(environment.name.excerpt)' is defined twice", at: place,
            hint: "remove one of the files"))
      }
    }
  }

  /// Changes a policy that has no errors; what comes back is wrong with the environment.
  func apply(_ name: String?, to policy: inout Policy?) -> [Diagnostic] {
    policy?.environments = environments.sorted { $0.key < $1.key }.map(\.value)
    guard let name else { return [] }
    guard let environment = environments[name] else {
      let known = names.joined(separator: ", ")
      return [
        Diagnostic(
          "unknown-environment", "there is no environment '\(name.excerpt)'",
          expected: known.isEmpty ? "a file \(PolicyRepository.environmentFolder)/NAME.yaml" : "one of \(known)",
          hint: Suggestion.hint(for: name, in: names))
      ]
    }
    guard let (patched, diagnostics) = policy?.applying(environment) else { return [] }
    policy = patched
    return diagnostics
  }
}
