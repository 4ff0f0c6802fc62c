// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import Foundation
import PolicyLanguage
import Testing
import Verification

/// Every repository in examples/ says what it is for, and is right.
@Suite struct ExampleTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "examples")

  @Test(arguments: ["classic", "company", "demo", "everyday"])
  func testsHold(name: String) throws {
    let loaded = PolicyRepository.load(directory: Self.folder.appending(path: name).path)
    let compiler = PolicyCompiler(
      try #require(loaded.policy), host: nil, today: try #require(Day("2026-11-22")))
    var planner = try #require(compiler.planner().planner)
    var verifier = Verifier(FilterLibrary(planner.desired.filters, stock: StockFilters.filters()))
    let planned = planner.plans()
    #expect(planned.count >= 3)
    for test in planned {
      let result = verifier.check(test)
      #expect(result.hasPassed, "\(test.test.text): \(result.status)")
    }
  }

  @Test func thereIsNoOtherExample() throws {
    let found = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).sorted()
    #expect(found.filter { !$0.hasPrefix(".") } == ["classic", "company", "demo", "everyday"])
  }
}
