// SPDX-License-Identifier: Apache-2.0

public import Compiler
public import Diagnostics
public import PacketPath

/// Packets of a question that have one fate.
public struct Answer: Sendable {
  public var outcome: FlowOutcome
  /// What becomes of one of them, and why.
  public var example: Conversation
  /// Whether all packets of the question have this fate.
  public var isOnly: Bool
}

extension Verifier {
  /// What becomes of the packets of a question: an answer for each fate that some of them have, none for no packet.
  ///
  /// - Throws: why it cannot be said.
  public mutating func answers(_ planned: PlannedTest) throws(DiagnosticError) -> [Answer] {
    if !planned.problems.isEmpty { throw DiagnosticError(planned.problems) }
    var answers: [Answer] = []
    for testCase in planned.cases.flatMap(\.separated) {
      let sets = try flows(testCase)
      let fates = [
        (FlowOutcome.allowed, sets.allowed), (.oneWay, sets.oneWay), (.rejected, sets.rejected),
        (.dropped, sets.dropped),
      ].filter { !$0.1.isNothing }
      for (outcome, packets) in fates {
        guard let frame = example(of: packets, testCase) else { continue }
        answers.append(
          Answer(outcome: outcome, example: try conversation(frame, testCase), isOnly: fates.count == 1))
      }
    }
    return answers
  }
}
