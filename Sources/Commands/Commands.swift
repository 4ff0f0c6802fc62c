// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Runs the command that the process's arguments name, and leaves the process with its exit code.
public func runNwfleet() async {
  await NwfleetCommand.main()
}

struct NwfleetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "nwfleet")
}
