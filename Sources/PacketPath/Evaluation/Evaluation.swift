// SPDX-License-Identifier: Apache-2.0

/// What became of one frame, and why.
public struct Evaluation: Sendable, Hashable {
  /// Something that happened to the frame on its way through the rules.
  public struct Step: Sendable, Hashable {
    /// What happened.
    public enum Event: Sendable, Hashable {
      /// A rule matched; `continue` among them.
      case matched(KernelRule.Target, Origin)
      /// A rule of libvirt sent the frame through the chain that the step names.
      case entered
      /// No rule of the chain decided, and the frame met its end.
      case ended
    }

    public var hook: Hook
    /// As in nwfilter: `root`, or the chain of the filters.
    public var chain: String
    public var event: Event

    public init(hook: Hook, chain: String, event: Event) {
      self.hook = hook
      self.chain = chain
      self.event = event
    }
  }

  public var outcome: Outcome
  /// Rules that matched, chains entered and chains left at their end, in order.
  public var steps: [Step]

  public init(outcome: Outcome, steps: [Step]) {
    self.outcome = outcome
    self.steps = steps
  }
}

extension KernelProgram {
  /// What becomes of a frame at this port.
  public func evaluate(_ frame: Frame, _ way: Way, _ topology: Topology, _ tracking: Tracking) -> Evaluation {
    var steps: [Evaluation.Step] = []
    let outcome = outcome(TrackedFrame(frame, tracking), way, topology) { steps.append($0) }
    return Evaluation(outcome: outcome, steps: steps)
  }

  /// What becomes of a frame, without the steps.
  public func outcome(_ frame: Frame, _ way: Way, _ topology: Topology, _ tracking: Tracking) -> Outcome {
    outcome(TrackedFrame(frame, tracking), way, topology) { _ in }
  }

  private func outcome(
    _ frame: TrackedFrame, _ way: Way, _ topology: Topology, record: (Evaluation.Step) -> Void
  ) -> Outcome {
    var outcome = Outcome.accepted
    for stage in stages(way, topology) where stage.guards.allHold(for: frame) {
      switch stage.decide(frame, record: record) {
      case .accepted: break
      case .undecided: outcome = .undecided
      case .dropped: return .dropped
      case .rejected: return .rejected
      }
    }
    return outcome
  }
}

extension Stage {
  func decide(_ frame: borrowing TrackedFrame, record: (Evaluation.Step) -> Void) -> Outcome {
    walk(root, frame, record: record) ?? returned
  }

  /// nil for a frame that leaves the chain undecided.
  private func walk(
    _ chain: KernelChain, _ frame: borrowing TrackedFrame, record: (Evaluation.Step) -> Void
  ) -> Outcome? {
    for rule in chain.rules where rule.conditions.allHold(for: frame) {
      if case .jump(let place) = rule.target {
        record(Evaluation.Step(hook: hook, chain: subchains[place].name, event: .entered))
        if let outcome = walk(subchains[place], frame, record: record) { return outcome }
        continue
      }
      if let origin = rule.origin {
        record(Evaluation.Step(hook: hook, chain: chain.name, event: .matched(rule.target, origin)))
      }
      switch rule.target {
      case .accept: return .accepted
      case .drop: return .dropped
      case .reject: return .rejected
      case .return: return nil
      case .continue, .jump: continue
      }
    }
    record(Evaluation.Step(hook: hook, chain: chain.name, event: .ended))
    // The end of a chain of ebtables accepts, also of one that was jumped to.
    return returned
  }
}
