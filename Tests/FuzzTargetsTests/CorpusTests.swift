// SPDX-License-Identifier: Apache-2.0

import Foundation
import FuzzTargets
import Testing

/// Every input that was kept: examples of all there is, and whatever once crashed a reader or broke a promise.
@Suite struct CorpusTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Corpus")

  private static func names(_ target: FuzzTarget) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(target.rawValue).path).sorted()
  }

  @Test(arguments: FuzzTarget.allCases) func replay(target: FuzzTarget) throws {
    let names = try Self.names(target)
    #expect(names.count >= 10)
    for name in names {
      let path = Self.folder.appendingPathComponent("\(target.rawValue)/\(name)")
      do {
        try target.run(Array(try Data(contentsOf: path)))
      } catch let error as BrokenPromise {
        Issue.record("\(target.rawValue)/\(name): \(error)")
      }
    }
  }
}
