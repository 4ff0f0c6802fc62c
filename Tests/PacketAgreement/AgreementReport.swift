// SPDX-License-Identifier: Apache-2.0

import FilterGenerator
import FilterModel
import FilterXML
import PacketPath
import PacketProbe

/// What came of many cases.
public struct AgreementReport: Sendable {
  public var seed: UInt64
  /// Filters that were bound.
  public var filters = 0
  /// Pairs of a filter and a frame that were compared.
  public var compared = 0
  /// Of these, frames that the kernel let through.
  public var passed = 0
  public var duration = Duration.zero
  /// Texts, each of which tells one disagreement as a whole.
  public var disagreements: [String] = []
  /// How many there were: only the first few are made small and told.
  public var disagreementCount = 0
  /// Pairs that were not compared, and filters that were not bound, by the reason.
  public var incomparable: [String: Int] = [:]
  /// Pairs that were compared, by what they are about.
  public var kinds: [String: Int] = [:]

  init(seed: UInt64) { self.seed = seed }

  mutating func note(_ result: AgreementResult) {
    if let refusal = result.refusal {
      let digits = refusal.unicodeScalars.map { ("0"..."9").contains($0) ? "#" : String($0) }.joined()
      let too = result.problem == nil ? "libvirt refuses" : "both refuse"
      incomparable["a filter that \(too): \(digits.prefix(90))", default: 0] += 1
      return
    }
    filters += 1
    compared += result.compared
    for (trial, finding) in zip(result.item.trials, result.findings) {
      if case .incomparable(let reason) = finding {
        incomparable[reason, default: 0] += 1
        continue
      }
      kinds["\(trial.topology), \(trial.way == .fromMachine ? "from the VM" : "to the VM")", default: 0] += 1
      let isInternet = trial.frame.isInternet
      kinds[isInternet ? "\(trial.tracking.state) \(trial.tracking.side)" : "no IP", default: 0] += 1
    }
  }

  /// The whole in lines.
  public var text: String {
    let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    var lines = [
      "\(compared) pairs of a filter and a packet compared, \(filters) filters, \(disagreementCount) disagreements",
      "\(passed) of the packets passed; \(Int(Double(compared) / max(seconds, 0.1))) pairs a second in \(Int(seconds)) s; "
        + "seed \(seed)",
    ]
    lines += table("compared", kinds)
    lines += table("not compared", incomparable)
    return lines.joined(separator: "\n")
  }

  private func table(_ title: String, _ counts: [String: Int]) -> [String] {
    guard !counts.isEmpty else { return [] }
    return ["\(title):"]
      + counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "  \($0.value)  \($0.key)" }
  }
}

extension AgreementResult {
  /// All about a disagreement.
  func text(_ index: Int) -> String {
    let steps = evaluation(index)?.steps.map { "  \($0.hook) \($0.chain): \($0.event)\n" }.joined() ?? ""
    let xml = item.tree.definitionOrder?.reversed().map { FilterXML.write($0) }.joined() ?? ""
    let parameters = item.tree.parameters.sorted { $0.key < $1.key }
      .map { "\($0.key)=\($0.value.joined(separator: ","))" }
    return """
      ==== \(line(index))
      PacketPath's steps:
      \(steps)The binding's parameters: \(parameters.joined(separator: " "))
      \(xml)\(rules)
      """
  }

  /// A disagreement in one line.
  func line(_ index: Int) -> String {
    let kernel =
      switch findings[index] {
      case .disagreement(let arrived): arrived ? "passes" : "drops"
      case .rejected: "rejects"
      default: "agrees"
      }
    let outcome = evaluation(index).map { "\($0.outcome)" } ?? "refused"
    return "\(item.name): the kernel \(kernel), PacketPath \(outcome): \(item.trials[index])"
  }

  private func evaluation(_ index: Int) -> Evaluation? {
    let trial = item.trials[index]
    return (try? item.program(CaseSource.plan))?.evaluate(
      trial.frame.packetPathFrame, trial.way, trial.topology, trial.tracking)
  }
}
