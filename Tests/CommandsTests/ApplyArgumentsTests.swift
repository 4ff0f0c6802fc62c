// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import Commands

@Suite struct ApplyArgumentsTests {
  private func message(_ arguments: String...) -> String? {
    do {
      _ = try ApplyCommand.parse(arguments)
      return nil
    } catch {
      return ApplyCommand.message(for: error)
    }
  }

  /// Nothing that is said is left out without a word.
  @Test(arguments: [["--repo", "x"], ["--host", "h"], ["--connect", "qemu:///system"], ["--take-over"]])
  func aSavedPlanSaysTheRest(_ option: [String]) throws {
    #expect(throws: (any Error).self) { try ApplyCommand.parse(["saved.json"] + option) }
    #expect(throws: Never.self) { try ApplyCommand.parse(option) }
  }

  @Test func theMessageNamesTheOptions() throws {
    let text = try #require(message("saved.json", "--repo", "x", "--take-over"))
    #expect(text.contains("--repo, --take-over"))
  }

  @Test func machinesAreNotAsked() throws {
    #expect(try #require(message("--json")).contains("--auto-approve"))
    #expect(message("--json", "--auto-approve") == nil)
  }
}
