// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// What single steps make libvirt do, for deadlines.
public struct StepCosts: Sendable {
  private let before: CostState
  private let after: CostState

  /// - Parameters:
  ///   - observed: the host before the steps.
  ///   - steps: all of what is done in one go; a filter may be on the host as it was and as they make it.
  public init(_ steps: [Step], observed: ObservedHost) {
    let present = observed.filters.compactMap(\.filter)
    before = CostState(present, observed.bindings)
    let made = steps.compactMap { step in
      if case .filter(let change) = step { change.after?.filter } else { nil }
    }
    after = CostState(present + made, observed.bindings)
  }

  /// The dearer of what a step costs with the filters as they were, and as they shall be.
  public func cost(of step: Step) -> Cost {
    let costs = [before, after].map { $0.cost(of: step) }
    return costs[0].processes > costs[1].processes ? costs[0] : costs[1]
  }
}
