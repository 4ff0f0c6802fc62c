// SPDX-License-Identifier: Apache-2.0

import FilterModel
import FilterXML
public import Planning

extension Applier {
  /// What became of one step that was to be taken back.
  private enum TakenBack {
    case done
    /// The object was as before already.
    case needless
    /// Not taken back: somebody else has changed the object, or uses it.
    case left(String)
    case failed(HostError)
  }

  /// Takes steps back: each is the inverse of one that was, or may have been, carried out.
  ///
  /// An object that somebody else has changed since stays as it is, and so does a filter that something else uses by now;
  /// such steps are `skipped`. The others end `undone` or `failed`.
  public func takeBack(_ inverses: [Step]) async -> [StepOutcome] {
    let costs = StepCosts(inverses, observed: observed)
    var outcomes: [StepOutcome] = []
    var stopped = false
    for (index, step) in inverses.enumerated() {
      guard !stopped else {
        outcomes.append(StepOutcome(step, .skipped("the host cannot take more now")))
        continue
      }
      progress(index, inverses.count, step)
      switch await takeBack(step, costs) {
      case .done, .needless: outcomes.append(StepOutcome(step, .undone))
      case .left(let reason):
        // The object may be as it was before an earlier change of it, which comes later here and decides.
        let isDecidedLater = inverses[(index + 1)...].contains { $0.covers(step) }
        outcomes.append(StepOutcome(step, isDecidedLater ? .undone : .skipped(reason)))
      case .failed(let error):
        outcomes.append(StepOutcome(step, .failed(error)))
        stopped = error.stopsEverything
      }
    }
    return outcomes
  }

  /// Takes back what an apply did before one of its steps failed; the failed ones may have been carried out as well.
  func undo(_ outcomes: inout [StepOutcome], _ costs: StepCosts) async {
    let errors = outcomes.compactMap { outcome in
      if case .failed(let error) = outcome.result { error } else { nil }
    }
    if errors.contains(where: \.isOutcomeUnknown) { try? await host.reconnect() }
    // Each define could be the next one that is forgotten.
    if errors.contains(where: { $0.code == .damaged }), await !heal().isEmpty { return }
    for index in outcomes.indices.reversed() {
      if case .skipped = outcomes[index].result { continue }
      let wasDone = outcomes[index].result == .done
      switch await takeBack(outcomes[index].step.inverse, costs) {
      case .done, .needless: if wasDone { outcomes[index].result = .undone }
      case .left(let reason):
        if wasDone, !outcomes[..<index].contains(where: { $0.step.covers(outcomes[index].step) }) {
          outcomes[index].result = .failed(HostError(.refused, "\(host.name): not taken back: \(reason)"))
        }
      case .failed(let error):
        if wasDone { outcomes[index].result = .failed(error.saying("not taken back")) }
        if error.stopsEverything { return }
      }
    }
  }

  private func takeBack(_ step: Step, _ costs: StepCosts) async -> TakenBack {
    do throws(HostError) {
      switch step {
      case .filter(let change): return try await takeBack(change, costs)
      case .interface(let change): return try await takeBack(change, costs)
      case .port(let change): return try await takeBack(change, costs)
      }
    } catch {
      return .failed(error)
    }
  }

  private func takeBack(_ change: FilterChange, _ costs: StepCosts) async throws(HostError) -> TakenBack {
    let present = try await filter(named: change.name)
    if present.isState(change.after) { return .needless }
    // One that is not there at all was forgotten by libvirt; it is made again.
    guard present == nil || present.isState(change.before) else {
      return .left("filter \(change.name) was changed by somebody else since")
    }
    if change.after == nil, let user = try await user(of: change.name) {
      return .left("\(user) uses filter \(change.name) by now")
    }
    try await perform(.filter(change), costs)
    return .done
  }

  /// Something that would miss a filter.
  private func user(of name: String) async throws(HostError) -> String? {
    let observed = try await reading { () async throws(HostError) in try await host.observe() }
    for filter in observed.filters where filter.name != name {
      let refers =
        filter.filter?.references.contains { $0.filter == name }
        // A text that the model does not know; libvirt writes attributes with single quotes.
        ?? filter.xml.contains("filter='\(name)'")
      if refers { return "filter \(filter.name)" }
    }
    for machine in observed.machines {
      for interface in machine.interfaces where interface.live.uses(name) || interface.config.uses(name) {
        return "VM \(machine.name)"
      }
    }
    return observed.bindings.first { $0.reference.filter == name }.map { "port \($0.device)" }
  }

  private func takeBack(_ change: InterfaceChange, _ costs: StepCosts) async throws(HostError) -> TakenBack {
    guard let interface = try await interface(change) else { return .needless }
    var left = change.left(on: interface)
    // A VM that has stopped since has nothing to take back but its configuration.
    if interface.live == .absent { left.isLive = false }
    if interface.config == .absent { left.isConfig = false }
    guard left.isLive || left.isConfig else { return .needless }
    guard left.replaces(interface) else {
      return .left("the filter of \(change.machine) \(change.mac) was changed by somebody else since")
    }
    try await perform(.interface(left), costs)
    return .done
  }

  private func takeBack(_ change: PortChange, _ costs: StepCosts) async throws(HostError) -> TakenBack {
    let present = try await binding(of: change.device)
    switch (present, change.after) {
    case (nil, nil): return .needless
    case (let present?, let after?) where present.isSame(as: after): return .needless
    // Deleted and not made again: the apply ended between the two.
    case (nil, _?): break
    case (let present?, _):
      guard change.before?.isSame(as: present) ?? false else {
        return .left("the binding of port \(change.device) was changed by somebody else since")
      }
    }
    try await perform(.port(change), costs)
    return .done
  }
}

// MARK: States

extension Step {
  /// Whether it is about all of what another step is about.
  fileprivate func covers(_ other: Step) -> Bool {
    switch (self, other) {
    case (.filter(let one), .filter(let two)): one.name == two.name
    case (.port(let one), .port(let two)): one.device == two.device
    case (.interface(let one), .interface(let two)):
      one.uuid == two.uuid && one.mac == two.mac && (one.isLive || !two.isLive) && (one.isConfig || !two.isConfig)
    default: false
    }
  }
}

extension FilterChange.State {
  /// What is sent to libvirt for it.
  var text: String { xml ?? filter.map(FilterXML.write) ?? "" }
}

extension Optional where Wrapped == ObservedFilter {
  /// Whether the host has a state of a filter, by meaning where the model knows it; nil is to have none.
  func isState(_ state: FilterChange.State?) -> Bool {
    guard let state else { return self == nil }
    if let filter = state.filter { return self?.filter == filter }
    return self != nil && self?.xml == state.xml
  }
}

extension InterfaceChange {
  /// The same change of those descriptions of the VM that are not as it wants them yet.
  func left(on interface: ObservedInterface) -> InterfaceChange {
    let wanted = ObservedInterface.Presence.present(after.reference)
    var left = self
    left.isLive = isLive && interface.live != wanted
    left.isConfig = isConfig && interface.config != wanted
    return left
  }

  /// Whether what it changes is still what it was made for.
  func replaces(_ interface: ObservedInterface) -> Bool {
    let expected = ObservedInterface.Presence.present(before.reference)
    return (!isLive || interface.live == expected) && (!isConfig || interface.config == expected)
  }
}

extension ObservedInterface.Presence {
  fileprivate func uses(_ filter: String) -> Bool {
    if case .present(let reference?) = self { reference.filter == filter } else { false }
  }
}

extension ObservedBinding {
  /// Whether two readings show the same binding: libvirt adds the MAC address and an address that it learns later.
  func isSame(as other: ObservedBinding) -> Bool {
    var one = self
    var two = other
    for name in ["MAC", "IP"] where one.reference.parameters[name] == nil || two.reference.parameters[name] == nil {
      one.reference.parameters[name] = nil
      two.reference.parameters[name] = nil
    }
    return one == two
  }
}
