// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Planning

/// What apply did, for people: what went wrong first, what it kept from being done counted by reason.
struct ApplyText {
  private let document: ApplyDocument
  private let isVerbose: Bool

  init(_ document: ApplyDocument, isVerbose: Bool) {
    self.document = document
    self.isVerbose = isVerbose
  }

  var text: String {
    failures + of("undone").map(line).joined() + skipped + (isVerbose ? of("done").map(line).joined() : "") + summary
      + document.problems.map { "error: \($0.message)\n" }.joined()
  }

  private func of(_ result: String) -> [ApplyDocument.Outcome] { document.outcomes.filter { $0.result == result } }

  private func line(_ outcome: ApplyDocument.Outcome) -> String { "  \(outcome.result): \(outcome.title)\n" }

  private var failures: String {
    of("failed").map { outcome in
      "  failed: \(outcome.title)\(outcome.error.map { ": \($0.message)" } ?? "")\n"
        + (outcome.error?.hint.map { "    hint: \($0)\n" } ?? "")
    }.joined()
  }

  private var skipped: String {
    var reasons: [String] = []
    var titles: [String: [String]] = [:]
    for outcome in of("skipped") {
      let reason = outcome.reason ?? "not reached"
      if titles[reason] == nil { reasons.append(reason) }
      titles[reason, default: []].append(outcome.title)
    }
    return reasons.map { reason in
      let titles = titles[reason] ?? []
      if titles.count == 1 { return "  skipped: \(titles[0]): \(reason)\n" }
      return "  \(titles.count) skipped: \(reason)\n" + (isVerbose ? titles.map { "    \($0)\n" }.joined() : "")
    }.joined()
  }

  private var summary: String {
    let counts = ["done", "undone", "skipped", "failed"].compactMap { result in
      let count = of(result).count
      return count > 0 ? "\(count) \(result)" : nil
    }
    let state = document.isVerified ? "read back and verified" : "not as planned"
    let work =
      counts.isEmpty
      ? "nothing to do" : isRecordAlone ? "nothing to change, revision recorded" : counts.joined(separator: ", ")
    return "Applied to \(document.host): \(work); \(state).\n"
  }

  /// Whether the host was as the policy wants it, and all that was written is which revision that is.
  private var isRecordAlone: Bool {
    let marker = Identity(project: document.project).markerName
    return document.outcomes.allSatisfy {
      $0.result == "done" && $0.change.filter?.name == marker && $0.change.action != ChangeKind.delete.rawValue
    }
  }
}
