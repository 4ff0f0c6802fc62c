// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Diagnostics
import FoundationEssentials
import Reconcile
import Verification

struct TestCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Prove the tests of a policy, or show a packet that refutes one.",
    discussion: """
      Looks at the tests of groups, and at the sections tests and never, without a host: each holds if it holds for every \
      packet that it speaks of, in the filters as libvirt and the kernel treat them. Exit code 3 says that one does not.
      """)

  @Argument(help: ArgumentHelp("Only these groups and entries of tests; 'never' for that section.", valueName: "name"))
  var names: [String] = []

  @Option(help: ArgumentHelp("Write a report in the form of JUnit into this file, too.", valueName: "file"))
  var junit: String?

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var today: TodayOptions
  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let repository = try repository.load(&output)
    output.warn(repository.warnings)
    var bench = try Workbench(HostPolicy(repository, today: today.day))
    let planned = bench.planner.plans()
    for name in names where !planned.contains(where: { $0.owner == name }) {
      throw DiagnosticError(
        Diagnostic(
          "unknown-test", "no group or entry of tests is called '\(name)', or it has no tests",
          hint: Suggestion.hint(for: name, in: planned.map(\.owner))))
    }
    var verifier = Verifier(bench.library)
    var results: [TestResult] = []
    for test in planned where names.isEmpty || names.contains(test.owner) {
      output.progress("\(results.count) of \(planned.count)")
      results.append(verifier.check(test))
    }
    output.endProgress()
    let document = TestDocument(results, bench.library)
    if let junit { try write(JUnitDocument(document).text, to: junit) }
    if output.isJSON {
      output.result(document)
    } else {
      output.result(document.text(output.style, isVerbose: output.isVerbose))
      for result in results {
        if case .undecided(let problems) = result.status { output.show(problems) }
      }
      if results.isEmpty { output.note("The policy has no tests: write some under tests: of a group.\n") }
    }
    return document.isPassed ? .done : .testFailed
  }

  private func write(_ text: String, to path: String) throws {
    do {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    } catch {
      throw HostError(.file, "\(path) cannot be written")
    }
  }
}
