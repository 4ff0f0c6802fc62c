// SPDX-License-Identifier: Apache-2.0

import FilterModel
import PacketPath

/// Makes the layer-3 rules of a profile.
///
/// A plain accept of nwfilter has two halves: one for the flow, and one in the other chain for its replies. So the place of a
/// rule counts in both chains: replies of inbound flows must get past outbound denials, and the other way round. Hence three
/// segments: inbound allows up to the first denial, all outbound rules, the rest of the inbound rules. Only where an outbound
/// denial meets replies of flows that the third segment allows it looks at new flows alone.
/// See docs/decisions/0005-segments-of-a-profile.md.
struct Layer3Generator {
  /// Where the runs of each segment begin, and the priority of what is left: a run more in one leaves the others alone.
  static let segmentPriorities = [200...299, 300...599, 600...899]
  static let lastPriority = 900

  let inbound: MinimalRules
  let outbound: MinimalRules
  let inboundDefault: Verdict
  let outboundDefault: Verdict
  let guardPolicy: GuardPolicy
  /// Families with rules about protocols that layer 3 does not know: layer 2 decides about all of these.
  let enumeratedFamilies: Set<AddressFamily>
  let backend: Backend

  private(set) var list = EntryList()
  private(set) var problems: [RuleProblem] = []
  /// Packets of outbound denials that look at new flows alone.
  private var deniedWhenNew = PacketSet.empty
  /// What goes out because of what the third segment lets in.
  private var laterReplies = PacketSet.empty
  /// ICMP of types that begin no flow, as the third segment lets it in, seen from the other end: nothing of it goes out, but
  /// what libvirt mirrors of an outbound denial would stop it before its rule.
  private var laterMessages = PacketSet.empty

  /// A rule that nwfilter cannot carry out as it is meant.
  struct RuleProblem: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
      /// The drop of its limit would hit replies of inbound flows.
      case limitMeetsReplies
      /// Each of so many parts counts connections by itself.
      case limitInParts(Int)
      /// Its protocol is decided at layer 2, which counts nothing.
      case limitAtLayer2
      /// A denial before it takes some protocols out of all.
      case statelessAfterDenial
      /// ebtables finds its protocols in no packet of IPv6.
      case unseenInIPv6
    }

    var source: RuleSource
    var kind: Kind
  }

  init(
    inbound: MinimalRules, outbound: MinimalRules, decisions: Decisions, enumeratedFamilies: Set<AddressFamily>,
    backend: Backend
  ) {
    self.inbound = inbound
    self.outbound = outbound
    inboundDefault = decisions.inboundDefault
    outboundDefault = decisions.outboundDefault
    guardPolicy = decisions.guardPolicy
    self.enumeratedFamilies = enumeratedFamilies
    self.backend = backend
  }

  mutating func generate(after references: [FilterReference]) {
    for reference in references { list.add(reference) }
    addUnseen()
    let segments = Self.segments(inbound, outbound)
    laterReplies = PacketSet(
      segments[2].runs.filter(\.effect.isAllow).flatMap { run in
        run.rules.flatMap(\.packets.regions).compactMap { run.effect.isStateless ? $0.reversed() : $0.replies() }
      })
    laterMessages = PacketSet(
      segments[2].runs.filter { $0.effect.isAllow && !$0.effect.isStateless }.flatMap { run in
        run.rules.flatMap(\.packets.regions).filter(\.hasMessages).compactMap {
          $0.split(by: .queries($0.family)).outside?.reversed()
        }
      })
    for ((direction, runs), priorities) in zip(segments, Self.segmentPriorities) {
      var priority = priorities.lowerBound
      for (index, run) in zip(runs.indices, runs) {
        let later = runs[(index + 1)...]
        if run.effect.isAllow {
          allow(run, direction, &priority)
        } else {
          deny(run, direction, priority, later: later)
        }
        // Never beyond its segment: a profile of so many runs is refused.
        priority = min(priority + 1, priorities.upperBound)
      }
    }
    end()
  }

  private mutating func addUnseen() {
    guard enumeratedFamilies.contains(.ipv6) else { return }
    for rules in [inbound, outbound] {
      for run in rules.runs {
        for region in run.regions
        where region.family == .ipv6 && region.protocols.isSubset(of: Layer3Match.unseenIPv6) {
          problems += run.sources(of: region).map { RuleProblem(source: $0, kind: .unseenInIPv6) }
        }
      }
    }
  }

  private static func segments(
    _ inbound: MinimalRules, _ outbound: MinimalRules
  ) -> [(direction: TrafficDirection, runs: ArraySlice<Run>)] {
    let first = inbound.runs.prefix { $0.effect.isAllow && $0.effect.connectionLimit == nil }
    return [(.in, first), (.out, outbound.runs[...]), (.in, inbound.runs[first.count...])]
  }

  /// Whether some segment has more runs than priorities; its rules would not be in order.
  static func hasTooManyRuns(_ inbound: MinimalRules, _ outbound: MinimalRules) -> Bool {
    zip(segments(inbound, outbound), segmentPriorities).contains { segment, priorities in
      // A run with a limit takes two.
      segment.runs.reduce(0) { $0 + ($1.effect.connectionLimit == nil ? 1 : 2) } > priorities.count
    }
  }
}

// MARK: Allow

extension Layer3Generator {
  private mutating func allow(_ run: Run, _ direction: TrafficDirection, _ priority: inout Int) {
    let regions = run.regions
    if let limit = run.effect.connectionLimit {
      addLimit(limit, run, regions, direction, priority)
      priority += 1
    }
    for region in regions {
      if run.effect.isStateless {
        addStateless(region, direction, priority, run)
      } else if region.hasMessages {
        allowMessages(region, direction, priority, run)
      } else {
        add(.accept, direction, priority, region, .run(run))
        if let untracked = untrackedMessages(of: region) { addStateless(untracked, direction, priority, run) }
      }
    }
  }

  /// Accepts packets whatever flow they belong to, but for those that denials before have left to later rules in part.
  private mutating func addStateless(
    _ region: PacketRegion, _ direction: TrafficDirection, _ priority: Int, _ run: Run
  ) {
    var regions = [region]
    if direction == .out, deniedWhenNew.intersects(PacketSet(region)) {
      regions = PacketSet(region).subtracting(deniedWhenNew).simplified().regions
    }
    for region in regions {
      // A rule for all protocols but some: layer 3 has no such thing.
      if !region.isAboutAllProtocols, !enumeratedFamilies.contains(region.family),
        !region.protocols.isSubset(of: Layer3Match.named(region.family))
      {
        problems += run.sources(of: region).map { RuleProblem(source: $0, kind: .statelessAfterDenial) }
      }
      add(.accept, direction, priority, region, state: region.hasMessages ? nil : [], .run(run))
    }
  }

  /// ICMP of given types: libvirt makes no rule for the replies, and Linux tracks queries only.
  private mutating func allowMessages(
    _ region: PacketRegion, _ direction: TrafficDirection, _ priority: Int, _ run: Run
  ) {
    let (queries, others) = region.split(by: .queries(region.family))
    if let queries {
      add(.accept, direction, priority, queries, .run(run))
      if let replies = queries.replies() {
        add(
          .accept, direction.opposite, priority, replies, state: .established, .sources(run.sources(of: queries)))
      }
    }
    if let others { addStateless(others, direction, priority, run) }
  }

  /// Of a region about more than some types of ICMPv6, the messages without which IPv6 does not work and that no match of
  /// a state finds; nil where the guard lets them through.
  private func untrackedMessages(of region: PacketRegion) -> PacketRegion? {
    guard guardPolicy.systemRules == .all, !guardPolicy.nd else { return nil }
    guard region.family == .ipv6, region.protocols.contains(58), region.hasAllPorts else { return nil }
    var result = region
    result.protocols = IntervalSet(58...58)
    result.destinationPorts = .untrackedICMPv6
    return result
  }

  private mutating func addLimit(
    _ limit: Int, _ run: Run, _ regions: [PacketRegion], _ direction: TrafficDirection, _ priority: Int
  ) {
    let source = run.rules[0].source
    for region in regions {
      if direction == .out, laterReplies.intersects(PacketSet(region)) {
        problems.append(RuleProblem(source: source, kind: .limitMeetsReplies))
      }
      if !region.protocols.isSubset(of: Layer3Match.named(region.family)), !region.protocols.isFull {
        problems.append(RuleProblem(source: source, kind: .limitAtLayer2))
      }
      add(.drop, direction, priority, enumerated(region), limit: limit, .run(run))
    }
    // Sources are counted one by one, so only parts that a source can be in together count apart.
    let parts = AddressFamily.allCases.map { family in
      regions.filter { $0.family == family }.reduce(0) { count, region in
        var anySource = region
        anySource.source = .all(family)
        return count + Layer3Match.cost(of: anySource)
      }
    }
    if let most = parts.max(), most > 1 { problems.append(RuleProblem(source: source, kind: .limitInParts(most))) }
  }
}

// MARK: Deny

extension Layer3Generator {
  /// What a denial looks at.
  private enum Form {
    /// Everything, and what goes the other way as well.
    case mirrored
    /// Everything in its direction.
    case direct
    /// New flows.
    case new
  }

  private mutating func deny(_ run: Run, _ direction: TrafficDirection, _ priority: Int, later: ArraySlice<Run>) {
    let action: Action = run.effect.verdict == .reject ? .reject : .drop
    for region in run.regions {
      let region = enumerated(region)
      switch form(of: region, action, direction) {
      case .mirrored where !region.hasMessages:
        add(action, direction, priority, region, .run(run))
      case .new:
        denyNew(region, action, direction, priority, run)
        deniedWhenNew = deniedWhenNew.union(PacketSet(region))
      case .direct, .mirrored:
        // Of ICMP with a type libvirt makes the direct rule only.
        add(action, direction, priority, region, state: region.hasMessages ? nil : [], .run(run))
        // What the host sends or routes has got to the VM: its answers must not pass by a later allow.
        if direction == .in, later.contains(where: { $0.effect.allowsReplies && $0.intersects(region) }),
          let replies = region.replies()
        {
          add(.drop, .out, priority, replies, state: .established, .sources(run.sources(of: region)))
        }
      }
    }
  }

  /// Denies all but what may be part of a flow that is allowed; of ICMP that is the queries and their answers.
  private mutating func denyNew(
    _ region: PacketRegion, _ action: Action, _ direction: TrafficDirection, _ priority: Int, _ run: Run
  ) {
    let untracked: IntervalSet<UInt16> = region.family == .ipv6 ? .untrackedICMPv6 : .empty
    let (apart, tracked) = region.hasMessages ? region.split(by: untracked) : (nil, region)
    if let tracked {
      let states: ConnectionStates = region.hasMessages ? [.new, .invalid] : .new
      add(action, direction, priority, tracked, state: states, .run(run))
    }
    if let apart { add(action, direction, priority, apart, .run(run)) }
  }

  private func form(of region: PacketRegion, _ action: Action, _ direction: TrafficDirection) -> Form {
    switch direction {
    case .in:
      // All outbound rules are behind us: what else goes out here is denied, but a reject must stay one.
      return action == .drop && outboundDefault != .reject && backend.mirrorsDenials ? .mirrored : .direct
    case .out:
      if laterReplies.intersects(PacketSet(region)) { return .new }
      let rejectsLater =
        inboundDefault == .reject || inbound.runs.contains { $0.effect.verdict == .reject }
      let cutsLater = laterMessages.intersects(PacketSet(region))
      return action == .drop && !rejectsLater && !cutsLater && backend.mirrorsDenials ? .mirrored : .direct
    }
  }

  /// Without protocols that are decided at layer 2.
  private func enumerated(_ region: PacketRegion) -> PacketRegion {
    guard enumeratedFamilies.contains(region.family), region.protocols.isFull else { return region }
    var result = region
    result.protocols = Layer3Match.named(region.family)
    return result
  }
}

// MARK: The end

extension Layer3Generator {
  /// Denies what is left, at the least what belongs to no flow.
  private mutating func end() {
    for (verdict, direction) in [(inboundDefault, TrafficDirection.in), (outboundDefault, .out)]
    where verdict == .reject {
      for family in AddressFamily.allCases {
        add(
          .reject, direction, Self.lastPriority - 1, enumerated(.all(family)), state: [.new, .established],
          .sources([Self.source(direction)]))
      }
    }
    var sources: [RuleSource] = []
    if inboundDefault != .allow { sources.append(Self.source(.in)) }
    if outboundDefault != .allow { sources.append(Self.source(.out)) }
    if sources.isEmpty { sources = [RuleSource(id: "system/invalid", range: nil)] }
    for family in AddressFamily.allCases {
      for piece in Layer3Match.pieces(of: enumerated(.all(family))) {
        list.add(.drop, .inout, Self.lastPriority, Layer3Match.match(for: piece), sources: sources)
      }
    }
    for family in AddressFamily.allCases where enumeratedFamilies.contains(family) {
      // Without this the host's own FORWARD policy would decide.
      list.add(
        .accept, .inout, Self.lastPriority + 1, Match(Layer3Match.all(family)), matchesState: false,
        sources: [RuleSource(id: "system/protocols", range: nil)])
    }
  }

  static func source(_ direction: TrafficDirection) -> RuleSource {
    RuleSource(id: "default/\(direction.rawValue)", range: nil)
  }
}

// MARK: Rules

extension Layer3Generator {
  /// Where a rule comes from.
  private enum Origin {
    case run(Run)
    /// The rule makes something of another region of the run, such as its replies.
    case sources([RuleSource])
  }

  /// Adds the rules for a region.
  ///
  /// - Parameter state: empty for a rule that looks at no state and decides its own direction only; nil for no state at all,
  ///   which is for ICMP of given types, where libvirt makes the direct rule anyway.
  private mutating func add(
    _ action: Action, _ direction: TrafficDirection, _ priority: Int, _ region: PacketRegion,
    state: ConnectionStates?, _ origin: Origin
  ) {
    for piece in Layer3Match.pieces(of: region) {
      var match = Layer3Match.match(for: piece)
      if let state { match.set(state: state) }
      list.add(
        action, direction.filterDirection, priority, match, matchesState: state != nil || action != .accept,
        sources: sources(origin, piece))
    }
  }

  /// Adds the rules for a region, with libvirt's own states.
  private mutating func add(
    _ action: Action, _ direction: TrafficDirection, _ priority: Int, _ region: PacketRegion, limit: Int? = nil,
    _ origin: Origin
  ) {
    for piece in Layer3Match.pieces(of: region) {
      var match = Layer3Match.match(for: piece)
      if let limit { match.set("connlimit-above", .number(UInt32(limit))) }
      list.add(action, direction.filterDirection, priority, match, sources: sources(origin, piece))
    }
  }

  private func sources(_ origin: Origin, _ piece: PacketRegion) -> [RuleSource] {
    switch origin {
    case .run(let run): run.sources(of: piece)
    case .sources(let sources): sources
    }
  }
}

extension TrafficDirection {
  var opposite: TrafficDirection { self == .in ? .out : .in }
  var filterDirection: Direction { self == .in ? .in : .out }
}
