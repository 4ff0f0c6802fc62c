// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import Foundation
import GoldenSupport
import PolicyLanguage
import Testing

/// `Golden/wrong/NAME` is a repository with something wrong in it, and in `expected.txt` what the user is told, by the reader or else by the
/// compiler; where there is
/// an `environment.txt`, when that environment is chosen.
@Suite struct WrongInputTests {
  @Test(arguments: GoldenFiles.names(in: "wrong"))
  func isExplained(name: String) throws {
    let folder = GoldenFiles.folder.appendingPathComponent("wrong/\(name)").path
    let environment = try? String(contentsOfFile: folder + "/environment.txt", encoding: .utf8)
    let result = PolicyRepository.load(
      directory: folder, environment: environment?.trimmingCharacters(in: .whitespacesAndNewlines))
    let sources = result.sources
    let renderer = DiagnosticRenderer { file, line in sources.line(line, of: file) }
    let day = try #require(Day("2026-11-22"))
    let compiled = result.policy.map { PolicyCompiler($0, host: nil, today: day).compile([]).diagnostics } ?? []
    let diagnostics = result.diagnostics + compiled
    let text = renderer.render(diagnostics).replacingOccurrences(of: folder, with: "REPO")
    expectGolden(text, folder + "/expected.txt")
    #expect(!diagnostics.isEmpty)
    #expect((result.policy == nil) == result.hasErrors)
  }

  @Test func thereAreManyOfThem() {
    #expect(GoldenFiles.names(in: "wrong").count >= 110)
  }
}
