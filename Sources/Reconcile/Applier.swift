// SPDX-License-Identifier: Apache-2.0

import FilterModel
import FilterXML
public import Planning

/// What became of one step.
public struct StepOutcome: Sendable, Hashable {
  /// How a step ended.
  public enum Result: Sendable, Hashable {
    case done
    case failed(HostError)
    /// Not tried, because of what it says.
    case skipped(String)
    /// Done, and taken back.
    case undone
  }

  public var step: Step
  public var result: Result

  public init(_ step: Step, _ result: Result) {
    self.step = step
    self.result = result
  }
}

/// What to do with the steps that are done when a later one fails.
public enum FailurePolicy: String, Sendable, Hashable, CaseIterable {
  /// They stay.
  case keep
  /// They are taken back.
  case undo
}

/// Carries out the steps of a plan, each verified by reading back what the host has then.
public struct Applier: Sendable {
  private let host: any Host
  private let deadline: Duration
  private let progress: @Sendable (_ done: Int, _ of: Int, Step) -> Void
  /// How libvirt's text of the filters was before, to put back what it forgets.
  private let known: [String: ObservedFilter]

  /// - Parameters:
  ///   - observed: the reading that the plan was made from.
  ///   - progress: called before each step.
  public init(
    _ host: any Host, observed: ObservedHost,
    progress: @escaping @Sendable (_ done: Int, _ of: Int, Step) -> Void = { _, _, _ in }
  ) {
    self.host = host
    self.progress = progress
    known = Dictionary(observed.filters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    // A define takes libvirt about 0.5 s for each port that it rebuilds, on a slow machine up to 1.2 s.
    deadline = .seconds(5 + 2 * observed.bindings.count)
  }

  /// Carries out steps in order.
  ///
  /// A step that needs what a failed one should have made is skipped; deletions are skipped after any failure; after
  /// damage nothing more is sent. Other steps go on: an interface that fails keeps its old filter.
  public func run(_ steps: [Step], onFailure: FailurePolicy = .keep) async -> [StepOutcome] {
    var outcomes: [StepOutcome] = []
    var lost: Set<String> = []
    var stopped: String?
    for (index, step) in steps.enumerated() {
      let reason = stopped ?? obstacle(to: step, lost: lost, hasFailed: outcomes.contains { $0.isFailure })
      if let reason {
        outcomes.append(StepOutcome(step, .skipped(reason)))
        if case .filter(let change) = step { lost.insert(change.name) }
        continue
      }
      progress(index, steps.count, step)
      do throws(HostError) {
        try await perform(step)
        outcomes.append(StepOutcome(step, .done))
      } catch {
        outcomes.append(StepOutcome(step, .failed(error)))
        if case .filter(let change) = step { lost.insert(change.name) }
        if [.damaged, .timedOut, .unreachable, .denied].contains(error.code) {
          stopped = "the host cannot take more now"
        }
        if onFailure == .undo { stopped = "an earlier step failed" }
      }
    }
    if onFailure == .undo, outcomes.contains(where: \.isFailure) { await undo(&outcomes) }
    return outcomes
  }

  private func obstacle(to step: Step, lost: Set<String>, hasFailed: Bool) -> String? {
    switch step {
    case .filter(let change):
      guard let after = change.after else { return hasFailed ? "an earlier step failed" : nil }
      return after.filter?.references.first { lost.contains($0.filter) }.map { "filter \($0.filter) is not there" }
    case .interface(let change):
      return change.after.reference.flatMap { lost.contains($0.filter) ? "filter \($0.filter) is not there" : nil }
    case .port(let change):
      return change.after.flatMap {
        lost.contains($0.reference.filter) ? "filter \($0.reference.filter) is not there" : nil
      }
    }
  }

  private func undo(_ outcomes: inout [StepOutcome]) async {
    for index in outcomes.indices.reversed() where outcomes[index].result == .done {
      do throws(HostError) {
        try await perform(outcomes[index].step.inverse)
        outcomes[index].result = .undone
      } catch {
        outcomes[index].result = .failed(error)
      }
    }
  }

  // MARK: One step

  private func perform(_ step: Step) async throws(HostError) {
    switch step {
    case .filter(let change): try await perform(change)
    case .interface(let change):
      try await settle(
        { () async throws(HostError) in try await host.attach(change, deadline: deadline) },
        isReached: { () async throws(HostError) in try await isReached(change) })
    case .port(let change):
      try await settle(
        { () async throws(HostError) in try await perform(change) },
        isReached: { () async throws(HostError) in
          let present = try await host.binding(of: change.device)
          return change.after.map { present?.serves($0) ?? false } ?? (present == nil)
        })
    }
  }

  private func perform(_ change: FilterChange) async throws(HostError) {
    guard let after = change.after else {
      try await settle(
        { () async throws(HostError) in
          try await host.undefine(change.name, uuid: change.uuid, deadline: deadline)
        }, isReached: { () async throws(HostError) in try await isReached(change) })
      return
    }
    let xml = after.xml ?? after.filter.map(FilterXML.write) ?? ""
    try await settle(
      { () async throws(HostError) in try await host.define(xml, name: change.name, deadline: deadline) },
      isReached: { () async throws(HostError) in try await isReached(change) })
    guard try await !isReached(change) else { return }
    let kept = try await host.filter(named: change.name)
    try await restore(change)
    throw HostError(
      .notAsDefined, "\(host.name): libvirt keeps filter \(change.name) otherwise than it was sent; it is put back",
      hint: "libvirt's text: \(kept?.xml ?? "none")")
  }

  /// Sends a change; an unknown outcome is read again and never assumed, lost filters are put back.
  private func settle(
    _ send: () async throws(HostError) -> Void, isReached: () async throws(HostError) -> Bool
  ) async throws(HostError) {
    do throws(HostError) {
      try await send()
    } catch  where error.code == .outcomeUnknown {
      try await host.reconnect()
      if try await isReached() { return }
      throw error
    } catch  where error.code == .damaged {
      await heal()
      throw error
    }
  }

  /// Whether the host has what the change wants, by meaning.
  private func isReached(_ change: FilterChange) async throws(HostError) -> Bool {
    let present = try await host.filter(named: change.name)
    guard let after = change.after else { return present == nil }
    if let filter = after.filter { return present?.filter == filter }
    return present != nil && present?.xml == after.xml
  }

  /// Whether the descriptions of a VM that the change is about have its filter.
  private func isReached(_ change: InterfaceChange) async throws(HostError) -> Bool {
    let machines = try await host.observe().machines
    guard let machine = machines.first(where: { $0.uuid == change.uuid }),
      let interface = machine.interfaces.first(where: { $0.mac == change.mac })
    else { return false }
    let wanted = ObservedInterface.Presence.present(change.after.reference)
    return (!change.isLive || interface.live == wanted) && (!change.isConfig || interface.config == wanted)
  }

  private func restore(_ change: FilterChange) async throws(HostError) {
    if let before = change.before {
      let xml = before.xml ?? before.filter.map(FilterXML.write) ?? ""
      try await host.define(xml, name: change.name, deadline: deadline)
    } else {
      try await host.undefine(change.name, uuid: change.uuid, deadline: deadline)
    }
  }

  /// libvirt forgets a filter that it cannot save, while VMs use it: what is gone is defined again from what was read.
  ///
  /// Where there is still no room this fails too, and the next apply finds the filter missing and defines it.
  private func heal() async {
    guard let present = try? await host.filters() else { return }
    let names = Set(present.map(\.name))
    for (name, filter) in known.sorted(by: { $0.key < $1.key }) where !names.contains(name) {
      try? await host.define(filter.xml, name: name, deadline: deadline)
    }
  }

  /// There is no call that changes a binding: it is deleted and made again.
  private func perform(_ change: PortChange) async throws(HostError) {
    let present = try await host.binding(of: change.device)
    if let present, let after = change.after, present.serves(after) { return }
    if let present, !(change.before.map(present.serves) ?? false) {
      throw HostError(
        .refused, "\(host.name): port \(change.device) was bound to \(present.reference.filter) meanwhile",
        hint: "plan again")
    }
    if present != nil { try await host.unbind(change.device, deadline: deadline) }
    guard let after = change.after else { return }
    do throws(HostError) {
      try await host.bind(after, deadline: deadline)
    } catch {
      if let present { try? await host.bind(present, deadline: deadline) }
      throw error
    }
  }
}

extension StepOutcome {
  /// Whether the host is not as the step wanted it.
  public var isFailure: Bool {
    if case .failed = result { true } else { false }
  }
}
