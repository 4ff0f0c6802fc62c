// SPDX-License-Identifier: Apache-2.0

/// What rules do to frames: disjoint sets; what is in none of them meets the end of the rules.
struct RuleSets {
  typealias Node = DecisionDiagram.Node

  var accepted = Node.nothing
  var dropped = Node.nothing
  var rejected = Node.nothing
  var undecided = Node.nothing
  /// Leave the chain by a rule that says so.
  var returned = Node.nothing
  /// All of the above.
  var decided = Node.nothing

  /// One of the sets.
  enum Fate: CaseIterable {
    case accepted, dropped, rejected, undecided, returned

    init(_ outcome: Outcome) {
      self =
        switch outcome {
        case .accepted: .accepted
        case .dropped: .dropped
        case .rejected: .rejected
        case .undecided: .undecided
        }
    }
  }

  subscript(fate: Fate) -> Node {
    get {
      switch fate {
      case .accepted: accepted
      case .dropped: dropped
      case .rejected: rejected
      case .undecided: undecided
      case .returned: returned
      }
    }
    set {
      switch fate {
      case .accepted: accepted = newValue
      case .dropped: dropped = newValue
      case .rejected: rejected = newValue
      case .undecided: undecided = newValue
      case .returned: returned = newValue
      }
    }
  }

  /// Rules that do one thing to some frames.
  init(_ fate: Fate, _ frames: Node) {
    self[fate] = frames
    decided = frames
  }

  init() {}

  /// The one thing that is done to all frames that are decided.
  fileprivate var onlyFate: Fate? { Fate.allCases.first { self[$0] == decided } }
}

extension FrameDiagram {
  /// What a stage does to frames: none is returned, all are decided.
  ///
  /// - Parameter region: the frames that are asked about; what is said of others has no meaning.
  mutating func sets(_ stage: Stage, _ view: Reading.View, _ region: ChangedRegion?) -> RuleSets {
    var reading = Reading(view)
    let inside = frames(stage.guards, reading)
    reading.isIPv4 = stage.guards.contains(.equals(.etherType, UInt128(EtherType.ipv4)))
    var subchains: [RuleSets] = []
    for chain in stage.subchains {
      let sets = sets(chain.rules[...], reading, [], region)
      subchains.append(closed(sets, stage.returned))
    }
    var sets = sets(stage.root.rules[...], reading, subchains, region)
    let left = sets.returned
    sets.returned = .nothing
    sets.decided = diagram.difference(sets.decided, left)
    sets = closed(sets, stage.returned)
    // What fails a guard passes by.
    var result = RuleSets(.accepted, inside.complement)
    for fate in RuleSets.Fate.allCases {
      let guarded = diagram.and(inside, sets[fate])
      result[fate] = diagram.or(result[fate], guarded)
    }
    result.decided = .everything
    return result
  }

  /// Rules of a chain with its end, which decides all that the rules leave.
  private mutating func closed(_ sets: RuleSets, _ end: Outcome) -> RuleSets {
    let fate = RuleSets.Fate(end)
    var result = sets
    result[fate] = diagram.or(sets[fate], sets.decided.complement)
    result.decided = .everything
    return result
  }

  /// What rules in order do: halves first, as the sets of most are small where each rule after the other would walk through all
  /// of them.
  private mutating func sets(
    _ rules: ArraySlice<KernelRule>, _ reading: Reading, _ subchains: [RuleSets], _ region: ChangedRegion?
  ) -> RuleSets {
    if rules.isEmpty { return RuleSets() }
    if rules.count == 1 {
      let rule = rules[rules.startIndex]
      if let region, !region.mayMeet(rule.conditions, reading) { return RuleSets() }
      return sets(rule, reading, subchains)
    }
    let middle = rules.startIndex + rules.count / 2
    let first = sets(rules[..<middle], reading, subchains, region)
    let second = sets(rules[middle...], reading, subchains, region)
    return sequence(first, second)
  }

  private mutating func sets(_ rule: KernelRule, _ reading: Reading, _ subchains: [RuleSets]) -> RuleSets {
    if rule.target == .continue { return RuleSets() }
    let frames = frames(rule.conditions, reading)
    switch rule.target {
    case .accept: return RuleSets(.accepted, frames)
    case .drop: return RuleSets(.dropped, frames)
    case .reject: return RuleSets(.rejected, frames)
    case .return: return RuleSets(.returned, frames)
    case .continue: return RuleSets()
    case .jump(let place):
      // What returns goes on behind the jump.
      var result = RuleSets()
      for fate in RuleSets.Fate.allCases where fate != .returned {
        result[fate] = diagram.and(frames, subchains[place][fate])
      }
      result.decided = diagram.difference(frames, subchains[place].returned)
      return result
    }
  }

  private mutating func sequence(_ first: RuleSets, _ second: RuleSets) -> RuleSets {
    if first.decided.isNothing || second.decided.isNothing || first.decided.isEverything {
      return first.decided.isNothing ? second : first
    }
    if let fate = first.onlyFate, fate == second.onlyFate {
      return RuleSets(fate, diagram.or(first.decided, second.decided))
    }
    var result = first
    for fate in RuleSets.Fate.allCases where !second[fate].isNothing {
      let rest = diagram.difference(second[fate], first.decided)
      result[fate] = diagram.or(first[fate], rest)
    }
    result.decided = diagram.or(first.decided, second.decided)
    return result
  }
}

/// What becomes of frames on the whole way through a port: disjoint, and together all frames.
public struct FateSets: Sendable, Hashable {
  public typealias Node = DecisionDiagram.Node

  public var accepted: Node
  public var dropped: Node
  public var rejected: Node
  /// No rule of the VM decides: the host's own rules do, which most hosts have set to accept.
  public var undecided: Node

  /// Without any filter.
  static let unfiltered = FateSets(accepted: .everything, dropped: .nothing, rejected: .nothing, undecided: .nothing)
}

extension FrameDiagram {
  /// What becomes of frames in stages.
  ///
  /// - Parameters:
  ///   - region: the frames that are asked about; what is said of others has no meaning.
  ///   - known: stages that were evaluated in this view; libvirt makes some alike.
  mutating func fates(
    _ stages: [Stage], _ view: Reading.View, _ region: ChangedRegion?,
    _ known: inout [(stage: Stage, sets: RuleSets)]
  ) -> FateSets {
    var passing = DecisionDiagram.Node.everything
    var result = FateSets(accepted: .nothing, dropped: .nothing, rejected: .nothing, undecided: .nothing)
    for stage in stages {
      let sets: RuleSets
      if let found = known.first(where: { $0.stage.decidesLike(stage) }) {
        sets = found.sets
      } else {
        sets = self.sets(stage, view, region)
        known.append((stage, sets))
      }
      let dropped = diagram.and(passing, sets.dropped)
      result.dropped = diagram.or(result.dropped, dropped)
      let rejected = diagram.and(passing, sets.rejected)
      result.rejected = diagram.or(result.rejected, rejected)
      result.undecided = diagram.or(result.undecided, sets.undecided)
      let stopped = diagram.or(sets.dropped, sets.rejected)
      passing = diagram.difference(passing, stopped)
    }
    result.undecided = diagram.and(result.undecided, passing)
    result.accepted = diagram.difference(passing, result.undecided)
    return result
  }
}
