// SPDX-License-Identifier: Apache-2.0

public import Compiler
public import Diagnostics

/// What came of a test.
public struct TestResult: Sendable {
  public enum Status: Sendable {
    /// It holds for every packet.
    case passed
    /// It does not hold for this one, for instance.
    case failed(Conversation)
    /// It cannot be said, because of these.
    case undecided([Diagnostic])
  }

  public var planned: PlannedTest
  public var status: Status
  /// For a test that holds of bridged packets and says nothing of the way: one for which it does not hold when routed.
  public var routed: Conversation?

  init(_ planned: PlannedTest, _ status: Status, routed: Conversation? = nil) {
    self.planned = planned
    self.status = status
    self.routed = routed
  }

  public var hasPassed: Bool { if case .passed = status { true } else { false } }
}
