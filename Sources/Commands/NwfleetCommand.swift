// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Runs the command that the process's arguments name, and leaves the process with its exit code.
public func runNwfleet() async {
  await NwfleetCommand.main()
}

struct NwfleetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nwfleet",
    abstract: "Network filters of libvirt hosts, as YAML in git.",
    discussion: """
      A policy repository is a folder with nwfleet.yaml and policies/*.yaml. 'plan' says what a host would be changed \
      to, 'apply' does it, 'drift' finds what somebody else has changed.

      Exit codes: 0 done, 1 error, 2 changes pending (plan --detailed-exitcode, drift), 3 a test does not hold, 4 partly \
      done or not enforced, 64 wrong usage.
      """,
    version: "nwfleet \(nwfleetVersion)",
    groupedSubcommands: [
      CommandGroup(
        name: "Policies",
        subcommands: [
          InitCommand.self, ValidateCommand.self, FmtCommand.self, RenderCommand.self, LockCommand.self,
          SchemaCommand.self,
        ]),
      CommandGroup(
        name: "Questions",
        subcommands: [
          TestCommand.self, TraceCommand.self, DiffCommand.self, WhoCanCommand.self, ReachCommand.self,
        ]),
      CommandGroup(
        name: "Hosts",
        subcommands: [
          PlanCommand.self, ApplyCommand.self, ConfirmCommand.self, DestroyCommand.self, DriftCommand.self,
          StatusCommand.self, SnapshotCommand.self, ImportCommand.self, AdoptCommand.self,
        ]),
      CommandGroup(name: "Trying things out", subcommands: [SandboxCommand.self]),
      CommandGroup(name: "Other", subcommands: [VersionCommand.self, UndoCommand.self]),
    ])
}

/// The version of this program, of the form MAJOR.MINOR.PATCH.
let nwfleetVersion = "0.1.0"
