// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// Finds what is different between two programs.
struct ChangeFinder: ~Copyable {
  typealias Node = DecisionDiagram.Node

  var frames = FrameDiagram()
  var old: ProgramSets
  var new: ProgramSets
  let own: OwnAddresses

  init(from: KernelProgram?, to: KernelProgram?, own: OwnAddresses) {
    old = ProgramSets(from)
    new = ProgramSets(to)
    self.own = own
    guard let rules = ChangedRegion.changedRules(from, to) else { return }
    for way in Way.allCases {
      let frameRegion = ChangedRegion.ofFrames(way, rules, in: &frames)
      let flowRegion = ChangedRegion.ofFlows(begins: way, rules, in: &frames)
      (old.frameRegions[way], new.frameRegions[way]) = (frameRegion, frameRegion)
      (old.flowRegions[way], new.flowRegions[way]) = (flowRegion, flowRegion)
    }
  }

  /// A way for frames to pass a port.
  struct Path: Hashable {
    var way: Way
    var topology: Topology

    static let all = Way.allCases.flatMap { way in Topology.allCases.map { Path(way: way, topology: $0) } }
  }

  /// From what to what.
  struct Transition: Hashable {
    var from: FlowOutcome
    var to: FlowOutcome

    /// In the order in which they are told: what is newly allowed, what is newly denied, what is answered or not.
    static let all: [Transition] = {
      let every = FlowOutcome.allCases.flatMap { to in
        FlowOutcome.allCases.filter { $0 != to }.map { Transition(from: $0, to: to) }
      }
      return every.filter { !$0.isAboutAnswers } + every.filter(\.isAboutAnswers)
    }()

    private var isAboutAnswers: Bool { from == .oneWay || to == .oneWay }
  }

  /// Flows that changed alike, in words and as they are.
  struct Finding {
    var words: FamilySets
    var witnesses: FamilySets
    var fixed: [Field: UInt128]
  }

  mutating func change() -> TrafficChange {
    let packets = packetTransitions()
    if packets.isEmpty { return .none }
    var parts = flowParts()
    parts += otherFrames(packets)
    if parts.isEmpty { parts = laterPackets(packets) }
    return TrafficChange(parts: parts)
  }

  // MARK: Frame by frame

  /// The frames whose fate changes, by class; none if nothing changes.
  private mutating func packetTransitions() -> [Path: [Transition: [FrameClass: Node]]] {
    var result: [Path: [Transition: [FrameClass: Node]]] = [:]
    for path in Path.all {
      let before = old.fates(path.way, path.topology, in: &frames)
      let after = new.fates(path.way, path.topology, in: &frames)
      if before == after { continue }
      for transition in Transition.all {
        let first = passing(before, transition.from)
        let second = passing(after, transition.to)
        var changed = frames.diagram.and(first, second)
        if let region = old.frameRegions[path.way] { changed = frames.diagram.and(changed, region.frames) }
        if changed.isNothing { continue }
        for kind in FrameClass.allCases {
          let possible = frames.frames(of: kind, in: changed, .all)
          if !possible.isNothing { result[path, default: [:]][transition, default: [:]][kind] = possible }
        }
      }
    }
    return result
  }

  /// The frames that meet an end; a single frame is never one-way.
  private mutating func passing(_ fates: FateSets, _ outcome: FlowOutcome) -> Node {
    switch outcome {
    case .allowed: frames.diagram.or(fates.accepted, fates.undecided)
    case .oneWay: .nothing
    case .dropped: fates.dropped
    case .rejected: fates.rejected
    }
  }

  private mutating func otherFrames(
    _ packets: [Path: [Transition: [FrameClass: Node]]]
  ) -> [TrafficChange.Part] {
    // Only the first stage sees other frames than packets, and that is the same for all topologies.
    var parts: [TrafficChange.Part] = []
    for way in Way.allCases {
      guard let transitions = packets[Path(way: way, topology: .bridged)] else { continue }
      for transition in Transition.all {
        var boxes = TrafficBoxes.none
        for kind in FrameClass.allCases where !kind.isPacket {
          guard let set = transitions[transition]?[kind] else { continue }
          let field: Field = way == .fromMachine ? .sourceMAC : .destinationMAC
          var fixed: [Field: UInt128] = [:]
          if let etherType = kind.etherType { fixed[.etherType] = UInt128(etherType) }
          var words = restricted(set, field)
          if words.isNothing { words = set } else if let mac = own.mac { fixed[field] = UInt128(mac.bits) }
          var found = frames.boxes(words, witness: words, fixed: fixed)
          if let etherType = kind.etherType {
            for index in found.boxes.indices {
              found.boxes[index].fields[.etherType] = IntervalSet(UInt128(etherType)...UInt128(etherType))
            }
          } else {
            for index in found.boxes.indices where found.boxes[index].fields[.etherType] == FrameClass.otherEtherTypes {
              found.boxes[index].fields[.etherType] = nil
            }
          }
          boxes = boxes + found
        }
        if boxes.boxes.isEmpty && !boxes.hasMore { continue }
        parts.append(
          TrafficChange.Part(
            traffic: .otherFrames, begins: way, topologies: Topology.allCases, from: transition.from, to: transition.to,
            boxes: boxes))
      }
    }
    return parts
  }

  /// What is left to say where all flows begin as before, and packets of them do not go on so.
  private mutating func laterPackets(
    _ packets: [Path: [Transition: [FrameClass: Node]]]
  ) -> [TrafficChange.Part] {
    var parts: [TrafficChange.Part] = []
    for way in Way.allCases {
      for transition in Transition.all {
        var findings: [Topology: Finding] = [:]
        for topology in Topology.allCases {
          guard let classes = packets[Path(way: way, topology: topology)]?[transition] else { continue }
          var finding = Finding(words: .nothing, witnesses: .nothing, fixed: [:])
          for family in AddressFamily.allCases {
            guard let set = classes[FrameClass(family)] else { continue }
            var words = set
            for field in [Field.state, .side, .isLaterFragment, .tcpFlags, .typeOfService, .connections] {
              words = frames.diagram.exists(FrameVariables[field], in: words)
            }
            finding.words[family] = words
            finding.witnesses[family] = set
          }
          findings[topology] = finding
        }
        parts += folded(.laterPackets, way, transition, findings)
      }
    }
    return parts
  }

  private mutating func restricted(_ set: Node, _ field: Field) -> Node {
    guard let mac = own.mac else { return set }
    var assignment = DiagramAssignment()
    assignment.set(FrameVariables[field], UInt128(mac.bits))
    return frames.diagram.restrict(assignment, in: set)
  }

  // MARK: Flows

  private mutating func flowParts() -> [TrafficChange.Part] {
    var parts: [TrafficChange.Part] = []
    for way in Way.allCases {
      var findings: [Transition: [TrafficChange.Traffic: [Topology: Finding]]] = [:]
      for topology in Topology.allCases {
        let before = old.flows(begins: way, topology, in: &frames)
        let after = new.flows(begins: way, topology, in: &frames)
        if before == after { continue }
        for transition in Transition.all {
          var changed = frames.diagram.and(before[transition.from], after[transition.to])
          if let region = old.flowRegions[way] { changed = frames.diagram.and(changed, region.frames) }
          for (traffic, finding) in split(changed, way) where !finding.words.isNothing {
            findings[transition, default: [:]][traffic, default: [:]][topology] = finding
          }
        }
      }
      for traffic in TrafficChange.Traffic.allCases {
        for transition in Transition.all {
          guard let found = findings[transition]?[traffic] else { continue }
          parts += folded(traffic, way, transition, found)
        }
      }
    }
    return parts
  }

  /// Ordinary flows, and what is to be said of spoofed ones beyond these.
  private mutating func split(_ changed: Node, _ way: Way) -> [TrafficChange.Traffic: Finding] {
    if changed.isNothing { return [:] }
    let macField: Field = way == .fromMachine ? .sourceMAC : .destinationMAC
    let fixed: [Field: UInt128] = own.mac.map { [macField: UInt128($0.bits)] } ?? [:]
    var ordinary = Finding(words: .nothing, witnesses: .nothing, fixed: fixed)
    var foreign = ordinary
    var stranger = Finding(words: .nothing, witnesses: .nothing, fixed: [:])
    for family in AddressFamily.allCases {
      let set = frames.frames(of: FrameClass(family), in: changed, .ordinaryFlows)
      if set.isNothing { continue }
      let mine = restricted(set, macField)
      splitAddresses(mine, way, family, &ordinary, &foreign)
      guard let mac = own.mac else { continue }
      let others = frames.diagram.difference(set, frames.frames(macField, UInt128(mac.bits)))
      let words = frames.diagram.exists(FrameVariables[macField], in: others)
      stranger.words[family] = frames.diagram.difference(words, mine)
      stranger.witnesses[family] = others
    }
    return [.ordinary: ordinary, .foreignAddress: foreign, .foreignMAC: stranger]
  }

  private mutating func splitAddresses(
    _ mine: Node, _ way: Way, _ family: AddressFamily, _ ordinary: inout Finding, _ foreign: inout Finding
  ) {
    let field: Field = way == .fromMachine ? .source : .destination
    let place = family == .ipv4 ? FrameVariables.ipv4(field) : FrameVariables[field]
    let isOwn = frames.diagram.members(place, own.set(family))
    let ownFlows = frames.diagram.and(mine, isOwn)
    ordinary.words[family] = ownFlows
    ordinary.witnesses[family] = ownFlows
    let others = frames.diagram.difference(mine, isOwn)
    let told = frames.diagram.exists(place, in: ownFlows)
    foreign.words[family] = frames.diagram.difference(others, told)
    foreign.witnesses[family] = others
  }

  /// Flows without the own address, where they are the same for all of these.
  private mutating func generalised(_ flows: Node, _ way: Way, _ family: AddressFamily) -> Node {
    let field: Field = way == .fromMachine ? .source : .destination
    let place = family == .ipv4 ? FrameVariables.ipv4(field) : FrameVariables[field]
    let isOwn = frames.diagram.members(place, own.set(family))
    let some = frames.diagram.exists(place, in: flows)
    let exceptions = frames.diagram.exists(place, in: frames.diagram.difference(isOwn, flows))
    return frames.diagram.intersects(some, exceptions) ? flows : some
  }

  // MARK: Topologies

  /// What all topologies say, once; then what is left of each, those together that say the same.
  private mutating func folded(
    _ traffic: TrafficChange.Traffic, _ way: Way, _ transition: Transition, _ findings: [Topology: Finding]
  ) -> [TrafficChange.Part] {
    var common = findings[.bridged]?.words ?? .nothing
    for topology in Topology.allCases {
      for family in AddressFamily.allCases {
        common[family] = frames.diagram.and(common[family], findings[topology]?.words[family] ?? .nothing)
      }
    }
    var groups: [(topologies: [Topology], words: FamilySets)] = []
    if !common.isNothing { groups.append((Topology.allCases, common)) }
    for topology in Topology.allCases {
      guard let words = findings[topology]?.words else { continue }
      var rest = FamilySets.nothing
      for family in AddressFamily.allCases {
        rest[family] = frames.diagram.difference(words[family], common[family])
      }
      if rest.isNothing { continue }
      if let index = groups.firstIndex(where: { $0.words == rest && $0.topologies.count < Topology.allCases.count }) {
        groups[index].topologies.append(topology)
      } else {
        groups.append(([topology], rest))
      }
    }
    var parts: [TrafficChange.Part] = []
    for group in groups {
      guard let finding = findings[group.topologies[0]] else { continue }
      var words = group.words
      if traffic == .ordinary {
        for family in AddressFamily.allCases { words[family] = generalised(words[family], way, family) }
      }
      let witnesses = traffic == .ordinary ? group.words : finding.witnesses
      let boxes = frames.boxes(words, witnesses: witnesses, fixed: finding.fixed)
      parts.append(
        TrafficChange.Part(
          traffic: traffic, begins: way, topologies: group.topologies, from: transition.from, to: transition.to,
          boxes: boxes))
    }
    return parts
  }
}
