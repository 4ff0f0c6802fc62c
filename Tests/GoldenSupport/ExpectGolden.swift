// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Testing

/// Compares a text with a recorded file, and says which lines differ.
///
/// With `NWFLEET_RECORD=1` in the environment the file is written instead; that fails the test too, so that no run passes
/// without having compared anything.
///
/// - Parameter path: absolute; tests make it from `#filePath`.
public func expectGolden(_ actual: String, _ path: String, sourceLocation: SourceLocation = #_sourceLocation) {
  if ProcessInfo.processInfo.environment["NWFLEET_RECORD"] == "1" {
    do {
      let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try actual.write(toFile: path, atomically: true, encoding: .utf8)
      Issue.record("recorded \(path)", sourceLocation: sourceLocation)
    } catch {
      Issue.record("cannot record \(path): \(error)", sourceLocation: sourceLocation)
    }
    return
  }
  guard let expected = try? String(contentsOfFile: path, encoding: .utf8) else {
    Issue.record("\(path) is missing; record it with NWFLEET_RECORD=1", sourceLocation: sourceLocation)
    return
  }
  if actual != expected {
    Issue.record("\(path) differs:\n\(difference(expected, actual))", sourceLocation: sourceLocation)
  }
}

/// The lines from the first to the last that differ, expected ones with `-`, actual ones with `+`.
private func difference(_ expected: String, _ actual: String) -> String {
  var old = expected.components(separatedBy: "\n")[...]
  var new = actual.components(separatedBy: "\n")[...]
  while let left = old.first, left == new.first {
    old.removeFirst()
    new.removeFirst()
  }
  while let left = old.last, left == new.last {
    old.removeLast()
    new.removeLast()
  }
  return (old.map { "- " + $0 } + new.map { "+ " + $0 }).joined(separator: "\n")
}
