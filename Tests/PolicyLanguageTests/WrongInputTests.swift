// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import GoldenSupport
import PolicyLanguage
import Testing

/// `Golden/wrong/NAME` is a repository with something wrong in it, and in `expected.txt` what the user is told.
@Suite struct WrongInputTests {
  @Test(arguments: GoldenFiles.names(in: "wrong"))
  func isExplained(name: String) {
    let folder = GoldenFiles.folder.appendingPathComponent("wrong/\(name)").path
    let result = PolicyRepository.load(directory: folder)
    let sources = result.sources
    let renderer = DiagnosticRenderer { file, line in sources.line(line, of: file) }
    let text = renderer.render(result.diagnostics).replacingOccurrences(of: folder, with: "REPO")
    expectGolden(text, folder + "/expected.txt")
    #expect(!result.diagnostics.isEmpty)
    #expect((result.desired == nil) == result.hasErrors)
  }

  @Test func thereAreManyOfThem() {
    #expect(GoldenFiles.names(in: "wrong").count >= 45)
  }
}
