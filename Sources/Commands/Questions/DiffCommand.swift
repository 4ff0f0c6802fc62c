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
    let ends = try Revision.range(revisions)
    let before = try await ports(ends.first, folder, &output)
    let after = try await ports(ends.last, folder, &output)
    let report = TrafficReport(from: before, to: after)
    if output.isJSON {
      output.result(TrafficDocument(report))
    } else {
      output.result(TrafficText(report, style: output.style, isVerbose: output.isVerbose).text)
    }
    return detailedExitCode && !report.isNone ? .changesPending : .done
  }

  private func ports(_ revision: Revision, _ folder: String, _ output: inout Output) async throws -> PortsWithFilters {
    let loaded = try await revision.load(folder, environment: repository.environment)
    output.line = { file, number in loaded.sources.line(number, of: file) }
    guard let policy = loaded.policy else { throw DiagnosticError(loaded.diagnostics.map(revision.marked)) }
    do throws(DiagnosticError) {
      return try PortsWithFilters(policy, today: today.day)
    } catch {
      throw DiagnosticError(error.diagnostics.map(revision.marked))
    }
  }
}

extension PortsWithFilters {
  /// The NICs that a policy knows, and one for each group of which it knows none.
  ///
  /// - Throws: all that is wrong with the policy.
  init(_ policy: Policy, today: Day) throws(DiagnosticError) {
    let (planner, diagnostics) = HostPolicy(policy, today: today).planner()
    guard let planner else { throw DiagnosticError(diagnostics) }
    let groups = policy.groups.filter(\.isEnabled).map(\.name) + policy.nativeGroups.map(\.name.value)
    let placeholders = groups.flatMap { planner.subjects(of: $0) }.filter(\.isPlaceholder)
    let filters = StockFilters.filters() + planner.desired.filters
    self.init(
      (planner.nics + placeholders).map(FilteredPort.init),
      filters: Dictionary(filters.map { ($0.filter.name, $0.filter) }, uniquingKeysWith: { _, own in own }))
  }
}

extension FilteredPort {
  fileprivate init(_ nic: FilteredNIC) {
    self.init(
      interface: nic.isPlaceholder ? nil : InterfaceName(machine: nic.nic.machine, mac: nic.nic.mac, device: nil),
      mac: nic.nic.mac, groups: nic.groups.sorted(), reference: nic.reference, addresses: nic.nic.addresses)
  }
}
