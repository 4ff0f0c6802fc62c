// SPDX-License-Identifier: Apache-2.0

import FilterModel
import FilterXML
import Planning
import Reconcile
import Synchronization

/// A host that keeps what it is sent like libvirt does, and fails where a test wants it to.
final class SimulatedHost: Host {
  /// How a call fails.
  enum Failure: CaseIterable {
    /// libvirt says no.
    case refused
    /// The connection breaks before libvirt has it, or after.
    case lostBefore, lostAfter
    /// No answer in time, and libvirt never does it, or does.
    case hungBefore, hungAfter
    /// libvirt cannot save: a filter that was defined is forgotten.
    case damaged

    fileprivate var happens: Bool { self == .lostAfter || self == .hungAfter }
    fileprivate var code: HostError.Code {
      switch self {
      case .refused: .refused
      case .lostBefore, .lostAfter: .outcomeUnknown
      case .hungBefore, .hungAfter: .timedOut
      case .damaged: .damaged
      }
    }
  }

  struct State: Equatable {
    var filters: [String: String] = [:]
    var machines: [ObservedMachine] = []
    var bindings: [String: ObservedBinding] = [:]
  }

  private struct Work {
    var state: State
    var writes = 0
    /// Writes by number, from 1, and how each fails.
    var faults: [Int: Failure] = [:]
    var hasFired = false
  }

  let name = "kvm1"
  let uri = "qemu:///system"
  private let work: Mutex<Work>

  init(_ state: State) { work = Mutex(Work(state: state)) }

  var state: State {
    get { work.withLock { $0.state } }
    set { work.withLock { $0.state = newValue } }
  }

  var hasFired: Bool { work.withLock { $0.hasFired } }
  var writes: Int { work.withLock { $0.writes } }

  /// Counts from 0 again.
  func fail(_ faults: [Int: Failure]) {
    work.withLock {
      $0.writes = 0
      $0.faults = faults
      $0.hasFired = false
    }
  }

  private func write(
    defining name: String? = nil, _ change: (inout State) -> Bool
  ) throws(HostError) {
    try work.withLock { work throws(HostError) in
      work.writes += 1
      guard let failure = work.faults[work.writes] else {
        guard change(&work.state) else { throw HostError(.refused, "no") }
        return
      }
      work.hasFired = true
      if failure.happens { _ = change(&work.state) }
      if failure == .damaged {
        guard let name else { throw HostError(.refused, "no") }
        work.state.filters[name] = nil
      }
      throw HostError(failure.code, "a test's failure")
    }
  }

  // MARK: Reading

  func observe() async throws(HostError) -> ObservedHost {
    let state = state
    return ObservedHost(
      name: name, uri: uri, filters: try await filters(), machines: state.machines,
      bindings: state.bindings.values.sorted { $0.device < $1.device }, enforcement: Enforcement(ipv4: .on, ipv6: .on))
  }

  func filter(named name: String) async throws(HostError) -> ObservedFilter? {
    try await filters().first { $0.name == name }
  }

  func filters() async throws(HostError) -> [ObservedFilter] {
    state.filters.sorted { $0.key < $1.key }.compactMap { name, xml in
      guard let filter = FilterXML.parse(xml).filter, let uuid = filter.uuid else { return nil }
      return ObservedFilter(name: name, uuid: uuid, xml: xml, filter: filter)
    }
  }

  func binding(of device: String) async throws(HostError) -> ObservedBinding? { state.bindings[device] }

  func reconnect() async throws(HostError) {}

  // MARK: Writing

  func define(_ xml: String, name: String, deadline: Duration) async throws(HostError) {
    try write(defining: name) { state in
      state.filters[name] = xml
      return true
    }
  }

  func undefine(_ name: String, uuid: ObjectUUID, deadline: Duration) async throws(HostError) {
    try write { state in
      let isUsed =
        state.bindings.values.contains { $0.reference.filter == name }
        || state.filters.values.contains { $0.contains("<filterref filter='\(name)'") }
      if !isUsed { state.filters[name] = nil }
      return !isUsed
    }
  }

  func attach(_ change: InterfaceChange, deadline: Duration) async throws(HostError) {
    try write { state in
      guard let machine = state.machines.firstIndex(where: { $0.uuid == change.uuid }),
        let index = state.machines[machine].interfaces.firstIndex(where: { $0.mac == change.mac })
      else { return false }
      if let filter = change.after.reference?.filter, state.filters[filter] == nil { return false }
      var interface = state.machines[machine].interfaces[index]
      if change.isConfig { interface.config = .present(change.after.reference) }
      if change.isLive {
        interface.live = .present(change.after.reference)
        if let device = interface.device {
          state.bindings[device] = change.after.reference.map {
            ObservedBinding(
              device: device, ownerName: state.machines[machine].name, ownerUUID: change.uuid, mac: change.mac,
              reference: $0)
          }
        }
      }
      state.machines[machine].interfaces[index] = interface
      return true
    }
  }

  func bind(_ binding: ObservedBinding, deadline: Duration) async throws(HostError) {
    try write { state in
      guard state.bindings[binding.device] == nil, state.filters[binding.reference.filter] != nil else { return false }
      state.bindings[binding.device] = binding
      return true
    }
  }

  func unbind(_ device: String, deadline: Duration) async throws(HostError) {
    try write { state in
      state.bindings[device] = nil
      return true
    }
  }
}
