// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

extension PolicyCheck {
  /// Findings about the rules that are idle for one reason, each rule of a preset once.
  func findings(
    in context: CheckContext, _ reason: IdleRule.Reason, hint: String, message: (_ id: String) -> String
  ) -> [Diagnostic] {
    var seen: Set<SourceRange> = []
    return context.idleRules.compactMap { idle in
      guard idle.reason == reason else { return nil }
      if let range = idle.rule.source.range, !seen.insert(range).inserted { return nil }
      return finding(
        message(idle.rule.source.id), at: idle.place(in: context), hint: hint, notes: idle.notes(in: context))
    }
  }
}

extension IdleRule {
  private static let mostNotes = 4

  /// Rules of a preset that others of the preset make idle are the preset's own matter.
  fileprivate func place(in context: CheckContext) -> SourceRange? {
    [.shadowed, .redundant].contains(reason) ? rule.source.range : context.place(of: rule)
  }

  fileprivate func notes(in context: CheckContext) -> [Diagnostic.Note] {
    var notes: [Diagnostic.Note] = []
    if let place = place(in: context), place != rule.source.range {
      notes.append(Diagnostic.Note("the rule, of a preset", at: rule.source.range))
    }
    for cover in covers.prefix(Self.mostNotes) {
      notes.append(Diagnostic.Note("'\(cover.source.id)' \(cover.verdict.words)", at: cover.source.range))
    }
    if covers.count > Self.mostNotes {
      notes.append(Diagnostic.Note("and \(covers.count - Self.mostNotes) more rules"))
    }
    if let example = covers.first.map({ rule.packets.intersection($0.packets) })?.example(direction) {
      notes.append(Diagnostic.Note("for example \(direction.rawValue) \(example)"))
    }
    return notes
  }
}

extension Verdict {
  /// What a rule does with packets that another one speaks of.
  fileprivate var words: String {
    switch self {
    case .allow: "allows them"
    case .drop: "drops them"
    case .reject: "rejects them"
    case .pass: "passes them to the next tier"
    }
  }
}
