// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterGenerator
import FilterModel
import PacketPath
import PacketProbe

/// Makes a case with one trial as small as it can while the kernel still does something else than PacketPath says.
struct Shrinking {
  /// Tries cases, each on its own.
  typealias Attempt = @Sendable (_ candidate: AgreementCase) async throws -> AgreementResult?

  private let attempt: Attempt
  /// When to be content with what there is.
  let end: ContinuousClock.Instant
  private var smallest: AgreementResult

  init(_ result: AgreementResult, trial: Int, within duration: Duration, attempt: @escaping Attempt) {
    self.attempt = attempt
    end = .now + duration
    smallest = result
    smallest.item.trials = [result.item.trials[trial]]
    smallest.findings = [result.findings[trial]]
    // The tree is what libvirt made of a text.
    smallest.item.xml = nil
  }

  /// The smallest case found. Candidates are tried a few at a time, each on a host of its own.
  mutating func run() async throws -> AgreementResult {
    // It may need what the other cases on its host did.
    guard try await adopt([smallest.item]) else { return smallest }
    let ways: [(Shrinking) -> [AgreementCase]] = [
      { $0.chunks(2) }, { $0.chunks(4) }, { $0.chunks(8) }, { $0.entries() }, { $0.references() }, { $0.attributes() },
      { $0.parameters() }, { $0.frames() },
    ]
    var hasChanged = true
    while hasChanged {
      hasChanged = false
      for way in ways {
        // What is smaller follows from what is smallest by then.
        while try await adoptOne(of: way(self)) { hasChanged = true }
      }
    }
    return smallest
  }

  /// Tries candidates, a few at a time, until one still disagrees; false if none does, or time is up.
  private mutating func adoptOne(of candidates: [AgreementCase]) async throws -> Bool {
    for start in stride(from: 0, to: candidates.count, by: 3) where .now < end {
      if try await adopt(Array(candidates[start..<min(start + 3, candidates.count)])) { return true }
    }
    return false
  }

  /// Takes the first of some candidates that still disagrees.
  private mutating func adopt(_ candidates: [AgreementCase]) async throws -> Bool {
    let results = try await withThrowingTaskGroup(of: (Int, AgreementResult?).self) { group in
      for (index, candidate) in candidates.enumerated() {
        group.addTask { [attempt] in (index, try await attempt(candidate)) }
      }
      var results: [Int: AgreementResult] = [:]
      for try await (index, result) in group { results[index] = result }
      return results
    }
    for index in candidates.indices {
      if let result = results[index], !result.disagreements.isEmpty {
        smallest = result
        return true
      }
    }
    return false
  }

  // MARK: Smaller cases

  /// Without one of so many parts of all entries.
  private func chunks(_ count: Int) -> [AgreementCase] {
    let places = places
    guard places.count >= count * 2 else { return [] }
    let size = (places.count + count - 1) / count
    return stride(from: 0, to: places.count, by: size).map { start in
      without(Array(places[start..<min(start + size, places.count)]))
    }
  }

  private func entries() -> [AgreementCase] { places.map { without([$0]) } }

  private var places: [(filter: String, entry: Int)] {
    smallest.item.tree.filters.sorted { $0.key < $1.key }.flatMap { name, filter in
      filter.entries.indices.map { (name, $0) }
    }
  }

  private func without(_ places: [(filter: String, entry: Int)]) -> AgreementCase {
    var item = smallest.item
    for (name, entry) in places.reversed() { item.tree.filters[name]?.entries.remove(at: entry) }
    let needed = Set(item.tree.definitionOrder?.map(\.name) ?? [])
    item.tree.filters = item.tree.filters.filter { needed.contains($0.key) }
    return item
  }

  /// With a filter bound that the first one refers to.
  private func references() -> [AgreementCase] {
    smallest.item.tree.filters.keys.sorted().filter { $0 != smallest.item.tree.root }.map { name in
      var item = smallest.item
      item.tree.root = name
      let needed = Set(item.tree.definitionOrder?.map(\.name) ?? [])
      item.tree.filters = item.tree.filters.filter { needed.contains($0.key) }
      return item
    }
  }

  private func attributes() -> [AgreementCase] {
    places.flatMap { name, entry -> [AgreementCase] in
      guard case .rule(let rule)? = smallest.item.tree.filters[name]?.entries[entry], let match = rule.match else {
        return []
      }
      return match.attributes.indices.compactMap { index in
        var smaller = rule
        var fewer = Match(match.filterProtocol)
        for (place, attribute) in match.attributes.enumerated() where place != index {
          fewer.set(Int(attribute.index), attribute.value, isNegated: attribute.isNegated)
        }
        smaller.match = fewer
        guard !smaller.findings().contains(where: { $0.severity == .error }) else { return nil }
        var item = smallest.item
        item.tree.filters[name]?.entries[entry] = .rule(smaller)
        return item
      }
    }
  }

  private func parameters() -> [AgreementCase] {
    smallest.item.tree.parameters.sorted { $0.key < $1.key }.flatMap { name, values -> [AgreementCase] in
      var (without, shorter) = (smallest.item, smallest.item)
      without.tree.parameters[name] = nil
      shorter.tree.parameters[name] = Array(values.prefix(1))
      return values.count > 1 ? [without, shorter] : [without]
    }
  }

  /// Frames of which less has to be said.
  private func frames() -> [AgreementCase] {
    guard let trial = smallest.item.trials.first else { return [] }
    var frames: [ProbeFrame] = []
    func add(_ change: (inout ProbeFrame) -> Void) {
      var frame = trial.frame
      change(&frame)
      if frame != trial.frame { frames.append(frame) }
    }
    add { $0.typeOfService = 0 }
    add { $0.tcpOption = nil }
    let (own, other) = (CaseSource.plan.mac(smallest.item.machine), CaseSource.plan.mac(1))
    if trial.topology == .bridged, trial.frame.etherType != 0 {
      add { ($0.sourceMAC, $0.destinationMAC) = trial.way == .fromMachine ? (own, other) : (other, own) }
    }
    return frames.map { frame in
      var item = smallest.item
      item.trials[0].frame = frame
      return item
    }
  }
}
