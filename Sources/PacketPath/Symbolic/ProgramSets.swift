// SPDX-License-Identifier: Apache-2.0

/// What becomes of flows, as disjoint sets of first frames that hold all frames of IPv4 and IPv6 together.
public struct FlowSets: Sendable, Hashable {
  public typealias Node = DecisionDiagram.Node

  public var allowed: Node
  public var oneWay: Node
  public var dropped: Node
  public var rejected: Node

  public subscript(outcome: FlowOutcome) -> Node {
    switch outcome {
    case .allowed: allowed
    case .oneWay: oneWay
    case .dropped: dropped
    case .rejected: rejected
    }
  }
}

/// The frames and flows that a program lets pass, as sets in one diagram; each stage is evaluated once.
public struct ProgramSets: Sendable {
  /// nil for a port without a filter, where everything passes.
  public let program: KernelProgram?
  private var known: [Question: [(stage: Stage, sets: RuleSets)]] = [:]

  /// The frames on each way that are asked about, and the flows that begin on it; all where there is none. What is said of
  /// others has no meaning.
  var frameRegions: [Way: ChangedRegion] = [:]
  var flowRegions: [Way: ChangedRegion] = [:]

  /// Whose frames a stage is evaluated for.
  private struct Question: Hashable {
    var way: Way
    var view: Reading.View
  }

  public init(_ program: KernelProgram?) { self.program = program }

  /// What becomes of frames on their way through the port; over all fields, those of conntrack as well.
  ///
  /// - Parameter frames: the same in all calls.
  public mutating func fates(_ way: Way, _ topology: Topology, in frames: inout FrameDiagram) -> FateSets {
    fates(way, topology, .frame, &frames)
  }

  /// What becomes of flows that begin one way; says the same of each frame as ``KernelProgram/verdict(_:)``.
  ///
  /// - Parameter frames: the same in all calls.
  public mutating func flows(begins way: Way, _ topology: Topology, in frames: inout FrameDiagram) -> FlowSets {
    let request = fates(way, topology, .request, &frames)
    let answer = fates(way.opposite, topology, .answer, &frames)
    let packets = frames.packets()
    let answered = frames.facts().answered
    let lost = frames.diagram.or(answer.dropped, answer.rejected)
    let comesNoMore = frames.diagram.and(answered, lost)
    let arrives = frames.diagram.or(request.accepted, request.undecided)
    let flows = frames.diagram.and(packets, arrives)
    return FlowSets(
      allowed: frames.diagram.difference(flows, comesNoMore), oneWay: frames.diagram.and(flows, comesNoMore),
      dropped: frames.diagram.and(packets, request.dropped), rejected: frames.diagram.and(packets, request.rejected))
  }

  private mutating func fates(
    _ way: Way, _ topology: Topology, _ view: Reading.View, _ frames: inout FrameDiagram
  ) -> FateSets {
    guard let program else { return .unfiltered }
    let region =
      switch view {
      case .frame: frameRegions[way]
      case .request: flowRegions[way]
      case .answer: flowRegions[way.opposite]
      }
    let question = Question(way: way, view: view)
    return frames.fates(program.stages(way, topology), view, region, &known[question, default: []])
  }
}

extension FrameDiagram {
  /// The untagged frames of both families.
  mutating func packets() -> DecisionDiagram.Node {
    let first = frames(.ipv4)
    let second = frames(.ipv6)
    return diagram.or(first, second)
  }
}
