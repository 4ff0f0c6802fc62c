// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import PolicyLanguage

struct SchemaCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print a JSON Schema: of policy files for editors, or of JSON output.",
    discussion: """
      For yaml-language-server: nwfleet schema > nwfleet.schema.json, and in the first line of a policy file:
      # yaml-language-server: $schema=../nwfleet.schema.json
      """)

  enum Subject: String, ExpressibleByArgument, CaseIterable {
    /// nwfleet.yaml and policies/*.yaml.
    case policy
    /// The output of plan --json and drift --json.
    case plan
    /// The reference of filters as Markdown.
    case reference
  }

  @Argument(help: "policy, plan or reference (Markdown).")
  var subject = Subject.policy

  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    switch subject {
    case .policy: output.result(JSONSchema.policy())
    case .plan: output.result(PlanSchema.text)
    case .reference: output.result(Reference.markdown())
    }
    return .done
  }
}
