// SPDX-License-Identifier: Apache-2.0

public import Compiler
public import PacketPath

/// What becomes of the first packet of a connection and of its answer, between two ends with or without filters.
public struct Conversation: Sendable, Hashable {
  /// Where something was decided.
  public enum End: String, Sendable, Hashable { case source, target }

  /// A rule, or the end of a chain, that decided the fate of a packet.
  public struct Decision: Sendable, Hashable {
    /// Whose filter it is of.
    public var end: End
    /// Whether it decided about the answer.
    public var isReply: Bool
    public var step: Evaluation.Step
  }

  public var packet: Packet
  public var route: TestRoute
  public var source: FilteredNIC?
  public var target: FilteredNIC?
  public var outcome: FlowOutcome
  /// At the NIC that sends the first packet; nil for an end without a filter.
  public var sourceVerdict: FlowVerdict?
  /// At the NIC that gets it; nil for an end without a filter, and where the packet does not come that far.
  public var targetVerdict: FlowVerdict?

  init(
    _ frame: Frame, _ route: TestRoute, source: (nic: FilteredNIC, program: KernelProgram?)?,
    target: (nic: FilteredNIC, program: KernelProgram?)?
  ) {
    packet = frame.packet ?? Packet(family: .ipv4, protocolNumber: 0, source: 0, destination: 0)
    self.route = route
    self.source = source?.nic
    self.target = target?.nic
    outcome = .allowed
    sourceVerdict = source?.program?.verdict(Flow(begins: .fromMachine, first: frame, topology: route.topology))
    if let outcome = sourceVerdict?.outcome, outcome != .allowed {
      self.outcome = outcome
      if outcome != .oneWay { return }
    }
    targetVerdict = target?.program?.verdict(Flow(begins: .toMachine, first: frame, topology: route.topology))
    if let outcome = targetVerdict?.outcome, outcome != .allowed { self.outcome = outcome }
  }

  /// What decided: the rule that stopped the packet or its answer, else the last one at layer 3 that let it pass.
  public var decision: Decision? {
    let verdicts = [(End.source, sourceVerdict), (.target, targetVerdict)]
    switch outcome {
    case .dropped, .rejected:
      let stopped = verdicts.last { $0.1 != nil }
      return stopped.flatMap { end, verdict in
        verdict?.request.steps.last.map { Decision(end: end, isReply: false, step: $0) }
      }
    case .oneWay:
      let stopped = verdicts.last { $0.1?.outcome == .oneWay }
      return stopped.flatMap { end, verdict in
        verdict?.reply?.steps.last.map { Decision(end: end, isReply: true, step: $0) }
      }
    case .allowed:
      let passed = verdicts.last { $0.1 != nil }
      return passed.flatMap { end, verdict in
        let steps = verdict?.request.steps ?? []
        return (steps.last(where: \.isLayer3Match) ?? steps.last).map { Decision(end: end, isReply: false, step: $0) }
      }
    }
  }
}

extension Evaluation.Step {
  fileprivate var isLayer3Match: Bool {
    guard case .matched = event else { return false }
    if case .ethernet = hook { return false }
    return true
  }
}

extension TestRoute {
  /// The same in the words of the kernel's rules.
  public var topology: Topology {
    switch self {
    case .bridged: .bridged
    case .routed: .routed
    case .host: .host
    }
  }
}
