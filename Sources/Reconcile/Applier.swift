// SPDX-License-Identifier: Apache-2.0

import FilterModel
import FilterXML
public import Planning
import Synchronization

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

  /// Whether the host is not as the step wanted it.
  public var isFailure: Bool {
    if case .failed = result { true } else { false }
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
  let host: any Host
  let progress: @Sendable (_ done: Int, _ of: Int, Step) -> Void
  let observed: ObservedHost
  /// How long to wait between readings after a call whose outcome is unknown: libvirtd may still be at work on it.
  private let patience: [Duration]
  private let deleted = DeletedFilters()

  /// - Parameters:
  ///   - observed: the reading that the plan was made from.
  ///   - patience: pauses between readings after a call whose outcome is unknown.
  ///   - progress: called before each step.
  public init(
    _ host: any Host, observed: ObservedHost,
    patience: [Duration] = [.milliseconds(100), .milliseconds(300), .seconds(1)],
    progress: @escaping @Sendable (_ done: Int, _ of: Int, Step) -> Void = { _, _, _ in }
  ) {
    self.host = host
    self.observed = observed
    self.patience = patience
    self.progress = progress
  }

  /// Carries out steps in order.
  ///
  /// A step that needs what a failed one should have made is skipped; deletions are skipped after any failure; after
  /// damage nothing more is sent. Other steps go on: an interface that fails keeps its old filter.
  public func run(_ steps: [Step], onFailure: FailurePolicy = .keep) async -> [StepOutcome] {
    let costs = StepCosts(steps, observed: observed)
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
        try await perform(step, costs)
        outcomes.append(StepOutcome(step, .done))
      } catch {
        outcomes.append(StepOutcome(step, .failed(error)))
        if case .filter(let change) = step { lost.insert(change.name) }
        if error.stopsEverything { stopped = "the host cannot take more now" }
        if onFailure == .undo { stopped = "an earlier step failed" }
      }
    }
    if onFailure == .undo, outcomes.contains(where: \.isFailure) { await undo(&outcomes, costs) }
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

  // MARK: One step

  /// Ten seconds, and four times what the step takes on the machine where costs were measured.
  func deadline(_ step: Step, _ costs: StepCosts) -> Duration { .seconds(10 + 4 * costs.cost(of: step).seconds) }

  func perform(_ step: Step, _ costs: StepCosts) async throws(HostError) {
    let deadline = deadline(step, costs)
    switch step {
    case .filter(let change): try await perform(change, deadline)
    case .interface(let change): try await perform(change, deadline)
    case .port(let change): try await perform(change, deadline)
    }
  }

  private func perform(_ change: FilterChange, _ deadline: Duration) async throws(HostError) {
    guard let after = change.after else {
      deleted.names.withLock { _ = $0.insert(change.name) }
      try await settle(
        { () async throws(HostError) in
          try await host.undefine(change.name, uuid: change.uuid, deadline: deadline)
        }, isReached: { () async throws(HostError) in try await filter(named: change.name) == nil })
      return
    }
    deleted.names.withLock { _ = $0.remove(change.name) }
    try await settle(
      { () async throws(HostError) in try await host.define(after.text, name: change.name, deadline: deadline) },
      isReached: { () async throws(HostError) in try await filter(named: change.name).isState(after) })
    let kept = try await filter(named: change.name)
    guard !kept.isState(after) else { return }
    try await restore(change, deadline)
    throw HostError(
      .notAsDefined, "\(host.name): libvirt keeps filter \(change.name) otherwise than it was sent; it is put back",
      hint: "libvirt's text: \(kept?.xml ?? "none")")
  }

  private func restore(_ change: FilterChange, _ deadline: Duration) async throws(HostError) {
    if let before = change.before {
      try await host.define(before.text, name: change.name, deadline: deadline)
    } else {
      try await host.undefine(change.name, uuid: change.uuid, deadline: deadline)
    }
  }

  /// Only what the plan saw is replaced, in each of the VM's two descriptions.
  private func perform(_ change: InterfaceChange, _ deadline: Duration) async throws(HostError) {
    guard let interface = try await interface(change) else {
      throw HostError(
        .refused, "\(host.name): VM \(change.machine) has no interface \(change.mac) any more", hint: "plan again")
    }
    let left = change.left(on: interface)
    guard left.isLive || left.isConfig else { return }
    guard left.replaces(interface) else {
      throw HostError(
        .refused, "\(host.name): the filter of \(change.machine) \(change.mac) was changed meanwhile",
        hint: "plan again")
    }
    try await settle(
      { () async throws(HostError) in try await host.attach(left, deadline: deadline) },
      isReached: { () async throws(HostError) in
        guard let interface = try await self.interface(left) else { return false }
        let rest = left.left(on: interface)
        return !rest.isLive && !rest.isConfig
      })
  }

  /// The interface that a change is about, as it is now.
  func interface(_ change: InterfaceChange) async throws(HostError) -> ObservedInterface? {
    try await reading { () async throws(HostError) in try await host.machine(change.uuid) }?
      .interfaces.first { $0.mac == change.mac }
  }

  /// There is no call that changes a binding: it is deleted and made again.
  private func perform(_ change: PortChange, _ deadline: Duration) async throws(HostError) {
    let present = try await binding(of: change.device)
    if let present, let after = change.after, present.serves(after) { return }
    if let present, !(change.before?.isSame(as: present) ?? false) {
      throw HostError(
        .refused, "\(host.name): port \(change.device) was bound to \(present.reference.filter) meanwhile",
        hint: "plan again")
    }
    if present != nil { try await unbind(change, deadline) }
    guard let after = change.after else { return }
    do throws(HostError) {
      try await bind(after, deadline)
    } catch {
      guard let present else { throw error }
      throw await rebound(present, after: error, deadline)
    }
  }

  private func unbind(_ change: PortChange, _ deadline: Duration) async throws(HostError) {
    do throws(HostError) {
      try await settle(
        { () async throws(HostError) in try await host.unbind(change.device, deadline: deadline) },
        isReached: { () async throws(HostError) in try await binding(of: change.device) == nil })
    } catch {
      guard error.isOutcomeUnknown, change.after != nil else { throw error }
      let isBound: Bool
      do throws(HostError) {
        isBound = try await binding(of: change.device) != nil
      } catch {
        throw error.saying("port \(change.device) of \(change.machine) may be UNPROTECTED")
      }
      if isBound { throw error }
    }
  }

  func bind(_ binding: ObservedBinding, _ deadline: Duration) async throws(HostError) {
    try await settle(
      { () async throws(HostError) in try await host.bind(binding, deadline: deadline) },
      isReached: { () async throws(HostError) in
        try await self.binding(of: binding.device)?.isSame(as: binding) ?? false
      })
  }

  /// Puts back the binding of a port that did not get its new one, on a new connection where the old one fails.
  ///
  /// - Returns: the error, which says so where the port is left without any.
  private func rebound(
    _ binding: ObservedBinding, after error: HostError, _ deadline: Duration
  ) async -> HostError {
    do throws(HostError) {
      do throws(HostError) {
        // The new one may have come after all: then there is nothing to put back.
        if try await self.binding(of: binding.device) != nil { return error }
        try await bind(binding, deadline)
      } catch {
        try await host.reconnect()
        if try await self.binding(of: binding.device) != nil { return error }
        try await bind(binding, deadline)
      }
      return error
    } catch {
      return error.saying("port \(binding.device) of \(binding.ownerName) is UNPROTECTED: it has no filter now")
    }
  }

  // MARK: Reading

  /// Reads once more where the connection was lost: nothing can have happened.
  func reading<Result>(_ read: () async throws(HostError) -> Result) async throws(HostError) -> Result {
    do throws(HostError) {
      return try await read()
    } catch  where error.code == .outcomeUnknown {
      try await host.reconnect()
      return try await read()
    }
  }

  func filter(named name: String) async throws(HostError) -> ObservedFilter? {
    try await reading { () async throws(HostError) in try await host.filter(named: name) }
  }

  func binding(of device: String) async throws(HostError) -> ObservedBinding? {
    try await reading { () async throws(HostError) in try await host.binding(of: device) }
  }

  // MARK: Outcomes

  /// Sends a change; an unknown outcome is read again and never assumed, lost filters are put back.
  private func settle(
    _ send: () async throws(HostError) -> Void, isReached: () async throws(HostError) -> Bool
  ) async throws(HostError) {
    do throws(HostError) {
      try await send()
    } catch  where error.isOutcomeUnknown {
      try await host.reconnect()
      if try await isReached() { return }
      for pause in patience {
        try? await Task.sleep(for: pause)
        if try await isReached() { return }
      }
      throw error
    } catch  where error.code == .damaged {
      let missing = await heal()
      throw missing.isEmpty ? error : error.saying("libvirt has lost \(missing.joined(separator: ", "))")
    }
  }

  /// libvirt forgets a filter that it cannot save, while VMs use it: what is gone is defined again from what was read.
  ///
  /// Where there is still no room this fails too, and the next apply finds the filter missing and defines it.
  ///
  /// - Returns: names of filters that are still missing; all of them where the host cannot be read.
  func heal() async -> [String] {
    let mine = deleted.names.withLock { $0 }
    let known = observed.filters.filter { !mine.contains($0.name) }
    guard let present = try? await host.filters() else { return known.map(\.name) }
    let names = Set(present.map(\.name))
    let costs = StepCosts([], observed: observed)
    var missing: [String] = []
    for filter in known where !names.contains(filter.name) {
      let state = FilterChange.State(filter: filter.filter, xml: filter.xml)
      let change = FilterChange(name: filter.name, uuid: filter.uuid, before: state, after: state)
      do throws(HostError) {
        try await host.define(filter.xml, name: filter.name, deadline: deadline(.filter(change), costs))
      } catch {
        missing.append(filter.name)
      }
    }
    return missing
  }
}

/// What an applier itself has taken away, so that it is not put back as lost.
private final class DeletedFilters: Sendable {
  let names = Mutex<Set<String>>([])
}

extension HostError {
  /// Whether the host may have done what it was asked to, or not.
  var isOutcomeUnknown: Bool { [.outcomeUnknown, .timedOut, .unreachable].contains(code) }

  /// Whether nothing more may be sent, or can be.
  var stopsEverything: Bool { [.damaged, .timedOut, .unreachable, .denied].contains(code) }

  func saying(_ more: String) -> HostError { HostError(code, "\(message); \(more)", hint: hint) }
}
