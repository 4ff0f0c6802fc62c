// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Diagnostics
import PolicyLanguage
import Verification

struct ReachCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "reach", abstract: "Say what gets through from one end to another.",
    discussion: """
      Both ends are VMs, group:NAME, addresses, @SET, any or host, one of them at least a VM or a group: nwfleet reach \
      group:web group:db. Between VMs the filters of both count.
      """)

  @Argument(help: ArgumentHelp("Who sends first.", valueName: "source"))
  var source: String

  @Argument(help: ArgumentHelp("Who answers.", valueName: "target"))
  var target: String

  @Argument(help: ArgumentHelp("Only this, in the words of rules, and optionally 'via ROUTE'.", valueName: "what"))
  var what: [String] = []

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var today: TodayOptions
  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let repository = try repository.load(&output)
    let isEverything = what.first.map { $0 == "via" } ?? true
    let text = (["\(source) -> \(target)"] + (isEverything ? ["any"] : []) + what).joined(separator: " ")
    output.addQuestion(text)
    let test = try PolicyQuestion.betweenEnds(text)
    var bench = try Workbench(HostPolicy(repository, today: today.day))
    var verifier = Verifier(bench.library)
    let answers = try verifier.traffic(bench.planner.plan(test, suite: text, nics: []))
    let document = ReachabilityDocument(
      question: "\(source) -> \(target)", answers,
      whole: test.traffic.map(\.value.spelling).joined(separator: ", "))
    if output.isJSON { output.result(document) } else { output.result(document.text(output.style)) }
    return .done
  }
}
