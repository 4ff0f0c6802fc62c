// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
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
    /// environments/*.yaml.
    case environment
    /// addresses.lock.yaml.
    case lock
    /// The output of plan --json and drift --json.
    case plan
    /// The output of apply --json and destroy --json.
    case apply
    /// The output of status --json.
    case status
    /// The output of diff --json.
    case diff
    /// The output of test --json.
    case test
    /// The output of trace --json.
    case trace
    /// The output of who-can --json and reach --json.
    case reach
    /// The output of validate --json, and of errors.
    case diagnostics
    /// The reference of filters as Markdown.
    case reference
    /// The services, ICMP messages and protocols that rules know by name, as Markdown.
    case services
    /// What validate looks for beyond the form of each line, as Markdown.
    case checks
  }

  @Argument(
    help: """
      policy, environment, lock, plan, apply, status, diff, test, trace, reach, diagnostics, or reference, services and checks \
      (Markdown).
      """)
  var subject = Subject.policy

  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    switch subject {
    case .policy: output.result(JSONSchema.policy())
    case .environment: output.result(JSONSchema.environment())
    case .lock: output.result(JSONSchema.lock())
    case .plan: output.result(OutputSchema.plan)
    case .apply: output.result(OutputSchema.apply)
    case .status: output.result(OutputSchema.status)
    case .diff: output.result(OutputSchema.diff)
    case .test: output.result(OutputSchema.test)
    case .trace: output.result(OutputSchema.trace)
    case .reach: output.result(OutputSchema.reach)
    case .diagnostics: output.result(OutputSchema.diagnostics)
    case .reference: output.result(Reference.markdown())
    case .services: output.result(ServiceCatalogue.reference())
    case .checks: output.result(CheckReference.markdown())
    }
    return .done
  }
}
