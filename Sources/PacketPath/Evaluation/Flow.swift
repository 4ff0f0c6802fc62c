// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// A connection as an administrator thinks of it: who begins it, and with what.
public struct Flow: Sendable, Hashable {
  /// The way of the first frame.
  public var begins: Way
  public var first: Frame
  public var topology: Topology

  public init(begins: Way, first: Frame, topology: Topology = .bridged) {
    self.begins = begins
    self.first = first
    self.topology = topology
  }

  /// A flow of packets: for TCP the first has SYN set.
  public init(
    begins: Way, packet: Packet, sourceMAC: MACAddress, destinationMAC: MACAddress, topology: Topology = .bridged
  ) {
    self.init(
      begins: begins, first: Frame(packet, sourceMAC: sourceMAC, destinationMAC: destinationMAC), topology: topology)
    if packet.protocolNumber == 6 { first.tcpFlags = .syn }
  }
}

/// What becomes of a flow.
public enum FlowOutcome: Sendable, Hashable, CaseIterable {
  /// The first packet and the answer pass; or only the first where there is no answer.
  case allowed
  /// The first packet reaches the other end, and no answer comes back.
  case oneWay
  case dropped, rejected
}

/// What becomes of a flow, and why.
public struct FlowVerdict: Sendable, Hashable {
  public var outcome: FlowOutcome
  public var request: Evaluation
  /// nil where the flow has no answer, or the first packet does not pass.
  public var reply: Evaluation?

  public init(outcome: FlowOutcome, request: Evaluation, reply: Evaluation?) {
    self.outcome = outcome
    self.request = request
    self.reply = reply
  }

  /// Whether the host's own rules have the last word on one of the packets, which counts as passing here.
  public var isLeftToHost: Bool { request.outcome == .undecided || reply?.outcome == .undecided }
}

extension KernelProgram {
  /// What becomes of a flow that begins now.
  public func verdict(_ flow: Flow) -> FlowVerdict {
    let request = evaluate(flow.first, flow.begins, flow.topology, ConnectionTracking.ofFirst(flow.first))
    switch request.outcome {
    case .dropped: return FlowVerdict(outcome: .dropped, request: request, reply: nil)
    case .rejected: return FlowVerdict(outcome: .rejected, request: request, reply: nil)
    case .accepted, .undecided: break
    }
    guard let answer = ConnectionTracking.answer(to: flow.first) else {
      return FlowVerdict(outcome: .allowed, request: request, reply: nil)
    }
    let reply = evaluate(answer, flow.begins.opposite, flow.topology, .answer)
    let comesBack = reply.outcome == .accepted || reply.outcome == .undecided
    return FlowVerdict(outcome: comesBack ? .allowed : .oneWay, request: request, reply: reply)
  }
}
