// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Diagnostics
import FilterModel
import Planning
import PolicyLanguage

struct DiffCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Say what becomes different for packets between two revisions; asks no host.",
    discussion: """
      REV1..REV2 compares two commits, branches or tags; REV compares one with the files as they are. Without a revision, \
      that is HEAD.

      VMs are those that the repository knows; a group without any is told by its rules alone.
      """)

  @Argument(help: ArgumentHelp("What to compare, as git names it.", valueName: "rev1..rev2"))
  var revisions = "HEAD"

  @Flag(name: .customLong("detailed-exitcode"), help: "Exit with 2 where traffic changes.")
  var detailedExitCode = false

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var today: TodayOptions
  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let folder = try repository.folder()
    let (old, new) = try ends()
    let before = try await known(old, folder, &output)
    let after = try await known(new, folder, &output)
    let report = TrafficReport(from: before, to: after)
    if output.isJSON {
      output.result(TrafficDocument(report))
    } else {
      output.result(TrafficText(report, style: output.style).text)
    }
    return detailedExitCode && !report.isNone ? .changesPending : .done
  }

  private func ends() throws -> (Revision, Revision) {
    let parts = revisions.split(separator: ".", omittingEmptySubsequences: false)
    // `...` is git's word for something else: what one has since the two parted.
    if revisions.contains("...") {
      throw DiagnosticError(
        Diagnostic(
          "bad-revisions", "'\(revisions.excerpt)' asks for what REV2 has since the two parted",
          hint: "say REV1..REV2, or compare with \"$(git merge-base REV1 REV2)\""))
    }
    guard parts.count == 3, parts[1].isEmpty, let place = revisions.range(of: "..") else {
      return (.commit(revisions), .workTree)
    }
    let (first, second) = (revisions[..<place.lowerBound], revisions[place.upperBound...])
    return (.commit(first.isEmpty ? "HEAD" : String(first)), .commit(second.isEmpty ? "HEAD" : String(second)))
  }

  private func known(_ revision: Revision, _ folder: String, _ output: inout Output) async throws -> KnownPolicy {
    let loaded = try await revision.load(folder, environment: repository.environment)
    output.line = { file, number in loaded.sources.line(number, of: file) }
    guard let policy = loaded.policy else { throw DiagnosticError(loaded.diagnostics.map { revision.marked($0) }) }
    let compilation = HostPolicy(policy, today: today.day).compiled()
    guard let desired = compilation.desired else {
      throw DiagnosticError(compilation.diagnostics.map { revision.marked($0) })
    }
    return KnownPolicy(desired, machines: policy.inventory.machines, stock: StockFilters.byName)
  }
}
