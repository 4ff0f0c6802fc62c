// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import PolicyLanguage
import Reconcile

struct SnapshotCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot", abstract: "Write down what a host has, for plans where no host is near.",
    discussion: "'nwfleet plan --snapshot FILE' plans against it.")

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var hosts: HostOptions
  @OptionGroup var output: OutputOptions

  @Option(help: ArgumentHelp("Write to this file instead of standard output.", valueName: "file"))
  var out: String?

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    // With --connect no repository is needed: there is nothing to look up in it.
    let inventory = hosts.connect == nil ? try repository.load(&output).inventory : nil
    let host = try await hosts.resolve(inventory).open(.readOnly)
    let snapshot = SnapshotDocument(try await host.observe(), takenAt: time(nil))
    if let out {
      try JSONFile.write(snapshot, to: out)
    } else {
      output.result(snapshot)
    }
    return .done
  }
}
