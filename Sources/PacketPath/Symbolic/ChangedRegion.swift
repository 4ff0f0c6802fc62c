// SPDX-License-Identifier: Apache-2.0

/// The frames that some rules can match, roughly: every rule as ranges of a few fields.
///
/// Two programs do the same with all frames that none of the rules match which only one of them has. So of two programs that
/// differ in a few rules, only those others are evaluated that have frames in common with these.
struct ChangedRegion: Sendable {
  /// Of one rule; all frames that it matches are inside.
  typealias Ranges = [(field: Field, range: ClosedRange<UInt128>)]

  private var changed: [Ranges] = []
  /// The frames themselves.
  private(set) var frames = DecisionDiagram.Node.nothing

  /// With more rules than that, asking each of the others about them takes longer than to evaluate them.
  private static let mostRules = 256

  /// Rules that only one of two programs has; nil if there are too many of them, or if the programs differ in more than rules.
  static func changedRules(_ old: KernelProgram?, _ new: KernelProgram?) -> [ChangedRule]? {
    guard let old, let new else { return nil }
    var result: [ChangedRule] = []
    let hooks = Set(old.allStages.map(\.hook)).union(new.allStages.map(\.hook))
    for hook in hooks {
      let stages = [old, new].map { $0.allStages.first { $0.hook == hook } ?? Stage(passing: hook) }
      guard stages[0].returned == stages[1].returned, stages[0].guards == stages[1].guards else { return nil }
      let names = stages.map { $0.subchains.map(\.name) }
      guard names[0] == names[1] || names.contains([]) else { return nil }
      var chains = [(stages[0].root, stages[1].root)]
      for index in 0..<max(names[0].count, names[1].count) {
        let pair = stages.map { index < $0.subchains.count ? $0.subchains[index] : KernelChain("") }
        chains.append((pair[0], pair[1]))
      }
      for (first, second) in chains {
        for rule in difference(first.rules, second.rules) {
          result.append(ChangedRule(way: hook.way, conditions: stages[0].guards + rule.conditions))
        }
        if result.count > mostRules { return nil }
      }
    }
    return result
  }

  /// Rules without which both lists are the same.
  private static func difference(_ first: [KernelRule], _ second: [KernelRule]) -> [KernelRule] {
    let contents = [first, second].map { rules in
      rules.map { RuleContent(conditions: $0.conditions, target: $0.target) }
    }
    if contents[0] == contents[1] { return [] }
    let known = contents.map(Set.init)
    var result = first.indices.filter { !known[1].contains(contents[0][$0]) }.map { first[$0] }
    result += second.indices.filter { !known[0].contains(contents[1][$0]) }.map { second[$0] }
    // What both have may be in another order, or in other numbers.
    let left = first.indices.filter { known[1].contains(contents[0][$0]) }
    let right = second.indices.filter { known[0].contains(contents[1][$0]) }
    var start = 0
    while start < min(left.count, right.count), contents[0][left[start]] == contents[1][right[start]] { start += 1 }
    var end = 0
    while end < min(left.count, right.count) - start,
      contents[0][left[left.count - 1 - end]] == contents[1][right[right.count - 1 - end]]
    {
      end += 1
    }
    result += left[start..<left.count - end].map { first[$0] } + right[start..<right.count - end].map { second[$0] }
    return result
  }

  /// What a rule does, wherever it comes from.
  private struct RuleContent: Hashable {
    var conditions: [Condition]
    var target: KernelRule.Target
  }

  /// The frames on a way that the rules match.
  static func ofFrames(_ way: Way, _ rules: [ChangedRule], in diagram: inout FrameDiagram) -> ChangedRegion {
    ChangedRegion([(way, .frame)], rules, &diagram)
  }

  /// The first frames of flows that begin on a way, where the rules match them or their answers.
  static func ofFlows(begins way: Way, _ rules: [ChangedRule], in diagram: inout FrameDiagram) -> ChangedRegion {
    ChangedRegion([(way, .request), (way.opposite, .answer)], rules, &diagram)
  }

  private init(_ views: [(Way, Reading.View)], _ rules: [ChangedRule], _ diagram: inout FrameDiagram) {
    for (way, view) in views {
      for rule in rules where rule.way == way {
        let frames = diagram.frames(rule.conditions, Reading(view))
        if frames.isNothing { continue }
        changed.append(Reading(view).narrowed(by: rule.conditions).ranges(rule.conditions))
        self.frames = diagram.diagram.or(self.frames, frames)
      }
    }
  }

  /// Whether a rule can match one of the frames.
  func mayMeet(_ conditions: [Condition], _ reading: Reading) -> Bool {
    let ranges = reading.narrowed(by: conditions).ranges(conditions)
    return changed.contains { other in
      !ranges.contains { mine in other.contains { $0.field == mine.field && !$0.range.overlaps(mine.range) } }
    }
  }
}

/// A rule that one of two programs has, with the guards of its stage.
struct ChangedRule {
  var way: Way
  var conditions: [Condition]
}

extension Hook {
  /// The way of the frames that come by.
  fileprivate var way: Way {
    switch self {
    case .ethernet(let way): way
    case .forwardFromMachine, .inputFromMachine: .fromMachine
    case .forwardToMachine: .toMachine
    }
  }
}

extension Stage {
  /// A stage that is not there: everything passes.
  fileprivate init(passing hook: Hook) {
    self.init(hook: hook, guards: [], root: KernelChain("root"), returned: .accepted)
  }
}
