// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// Diagnostics, each once: the same rule is looked at for many NICs.
struct Findings {
  private struct Key: Hashable {
    let code: Diagnostic.Code
    let range: SourceRange?
    let message: String
  }

  private(set) var diagnostics: [Diagnostic] = []
  private var seen: Set<Key> = []
  /// Who brought in what is looked at, where that is not where it is written.
  var context: Diagnostic.Note?

  mutating func add(_ diagnostic: Diagnostic) {
    let key = Key(code: diagnostic.code, range: diagnostic.range, message: diagnostic.message)
    guard seen.insert(key).inserted else { return }
    diagnostics.append(diagnostic)
    if let context { diagnostics[diagnostics.count - 1].notes.append(context) }
  }

  /// By place, then code, then text: does not depend on the order in which they were found.
  var sorted: [Diagnostic] {
    diagnostics.sorted { left, right in
      switch (left.range, right.range) {
      case (nil, nil): break
      case (nil, _): return true
      case (_, nil): return false
      case (let first?, let second?):
        if first != second, first < second || second < first { return first < second }
      }
      return (left.code.rawValue, left.message) < (right.code.rawValue, right.message)
    }
  }
}
