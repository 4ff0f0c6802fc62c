// SPDX-License-Identifier: Apache-2.0

import FilterGenerator
import PacketPath

/// Many cases, on a few hosts at a time, until enough pairs have been compared.
public struct Campaign: Sendable {
  public let seed: UInt64
  public let pairs: Int
  private let source: CaseSource
  /// Hosts that are up at the same time.
  private let hosts: Int
  private let folder: String

  /// How many disagreements are made small and told, and how long each may take.
  private static let told = (count: 3, duration: Duration.seconds(90))

  /// - Parameters:
  ///   - seed: the same cases for the same seed.
  ///   - pairs: how many are to be compared at least; filters that are given are all tried once, whatever this says.
  ///   - filters: in XML by their names, instead of random ones.
  ///   - folder: where sandboxes have their folders.
  ///   - hosts: how many are up at the same time.
  public init(
    seed: UInt64, pairs: Int, filters: [(name: String, xml: String)] = [], folder: String = "/tmp", hosts: Int = 3
  ) {
    self.seed = seed
    self.pairs = pairs
    self.hosts = hosts
    self.folder = folder
    source = CaseSource(seed: seed, trials: 100, given: filters)
  }

  /// - Parameter progress: told the number of pairs now and then.
  public func run(_ progress: @Sendable (_ report: AgreementReport) -> Void = { _ in }) async throws -> AgreementReport
  {
    var report = AgreementReport(seed: seed)
    let start = ContinuousClock.now
    var wrong: [(result: AgreementResult, trial: Int)] = []
    let batches = source.count.map { ($0 + CaseSource.mostMachines - 1) / CaseSource.mostMachines }
    try await withThrowingTaskGroup(of: [AgreementResult].self) { group in
      var next = 0
      var underWay = 0
      let batch = CaseSource.mostMachines * source.trials
      func add() {
        // Some filters are refused, and some frames go nowhere.
        let expected = report.compared + underWay * batch * 4 / 5
        guard batches.map({ next < $0 }) ?? (expected < pairs) else { return }
        let number = next
        next += 1
        underWay += 1
        group.addTask { try await AgreementRun.run(source.batch(number), in: folder) }
      }
      for _ in 0..<hosts { add() }
      while let results = try await group.next() {
        underWay -= 1
        for result in results {
          report.note(result)
          report.passed += result.passed
          wrong += result.disagreements.map { (result, $0) }
          if result.isRefusedWrongly, let problem = result.problem {
            report.disagreementCount += 1
            report.disagreements.append(
              "==== \(result.item.name): libvirt binds what PacketPath refuses: \(problem)\n\(result.item.tree)")
          }
        }
        report.duration = .now - start
        progress(report)
        add()
      }
    }
    report.duration = .now - start
    report.disagreementCount += wrong.count
    try await tell(wrong, &report)
    return report
  }

  /// Makes disagreements of different cases small.
  private func tell(_ wrong: [(result: AgreementResult, trial: Int)], _ report: inout AgreementReport) async throws {
    report.disagreements += wrong.prefix(50).map { $0.result.line($0.trial) }
    var names: Set<String> = []
    for (result, trial) in wrong {
      guard names.count < Self.told.count else { break }
      guard names.insert(result.item.name).inserted else { continue }
      var shrinking = Shrinking(result, trial: trial, within: Self.told.duration) {
        try await AgreementRun.run([$0], in: folder).first
      }
      let smallest = try await shrinking.run()
      report.disagreements.append(smallest.text(0))
    }
  }
}
