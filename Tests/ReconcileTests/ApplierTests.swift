// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import FilterXML
import Planning
import Reconcile
import Testing

/// Every write of an apply fails in every way: the next apply converges, an undo puts everything back.
@Suite struct ApplierTests {
  private static let identity = Identity(project: "acme")
  private static let place = SourceRange(
    file: "a.yaml", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 1))

  private static func filter(_ name: String, priority: Int, includes: String? = nil) -> DesiredFilter {
    var entries: [Filter.Entry] = [.rule(Rule(.drop, .in, priority: priority))]
    if let includes { entries.append(.reference(FilterReference(includes))) }
    return DesiredFilter(
      Filter(name: name, entries: entries), origin: place, entryOrigins: entries.map { _ in place })
  }

  private static func desired(
    _ filters: [DesiredFilter], _ attachments: [(machine: String, filter: String)]
  ) -> DesiredState {
    DesiredState(
      identity: identity, repositoryID: "6f1c", filters: filters,
      attachments: attachments.map {
        DesiredAttachment(
          group: $0.machine, machines: [NamePattern($0.machine)], reference: FilterReference($0.filter), origin: place)
      },
      ports: (1...3).map { number in
        DesiredPort(machine: "p\(number)", device: "tap\(number)", mac: MACAddress(bits: UInt64(number)), host: nil)
      })
  }

  private static let first = desired(
    [filter("base", priority: 1), filter("web", priority: 2, includes: "base"), filter("old", priority: 3)],
    [("p1", "web"), ("p2", "old"), ("vm", "old")])
  private static let second = desired(
    [filter("base", priority: 9), filter("web", priority: 2, includes: "base"), filter("new", priority: 4)],
    [("p1", "new"), ("p3", "web"), ("vm", "web")])

  private static let foreign =
    "<filter name='foreign' chain='root'><uuid>\(ObjectUUID(high: 7, low: 7))</uuid></filter>"

  private static func plan(_ desired: DesiredState, _ host: SimulatedHost) async throws -> (Plan, ObservedHost) {
    let observed = try await host.observe()
    let marker = Marker(repositoryID: "6f1c", commit: nil, digest: DesiredDocument.digest(of: desired))
    return (Plan(PlanRequest(desired: desired, observed: observed, marker: marker)), observed)
  }

  private static func apply(
    _ desired: DesiredState, _ host: SimulatedHost, _ policy: FailurePolicy = .keep
  ) async throws -> [StepOutcome] {
    let (plan, observed) = try await plan(desired, host)
    try #require(plan.problems.isEmpty, "\(plan.problems)")
    let applier = Applier(host, observed: observed, patience: [])
    var outcomes = await applier.run(plan.steps, onFailure: policy)
    if let marker = plan.marker, outcomes.allSatisfy({ $0.result == .done }) {
      outcomes += await applier.run([.filter(marker)])
    }
    return outcomes
  }

  /// A host with the first policy, and with somebody else's filter and binding.
  private static func host() async throws -> SimulatedHost {
    var state = SimulatedHost.State()
    state.filters["foreign"] = foreign
    state.bindings["tap9"] = ObservedBinding(
      device: "tap9", ownerName: "theirs", ownerUUID: ObjectUUID(high: 7, low: 8), mac: MACAddress(bits: 9),
      reference: FilterReference("foreign"))
    state.machines = [
      ObservedMachine(
        name: "vm", uuid: ObjectUUID(high: 1, low: 2), isRunning: true, isPersistent: true,
        interfaces: [
          ObservedInterface(
            mac: MACAddress(bits: 0x11), type: "bridge", carriesFilters: true, device: "vnet0", live: .present(nil),
            config: .present(nil))
        ])
    ]
    let host = SimulatedHost(state)
    let outcomes = try await apply(first, host)
    try #require(outcomes.allSatisfy { $0.result == .done }, "\(outcomes)")
    try #require(try await plan(first, host).0.isEmpty)
    return host
  }

  private func expectForeignUnchanged(_ host: SimulatedHost, _ note: String) {
    #expect(host.state.filters["foreign"] == Self.foreign, "\(note)")
    #expect(host.state.bindings["tap9"]?.reference == FilterReference("foreign"), "\(note)")
  }

  @Test(arguments: SimulatedHost.Failure.allCases)
  func theNextApplyConverges(_ failure: SimulatedHost.Failure) async throws {
    for number in 1...100 {
      let host = try await Self.host()
      host.fail([number: failure])
      let outcomes = try await Self.apply(Self.second, host)
      let note = "write \(number), \(failure): \(outcomes)"
      expectForeignUnchanged(host, note)
      guard host.hasFired else {
        // Two defines, an attach, an unbind with a bind, an unbind, a bind, an undefine, the marker.
        #expect(number == 10 && outcomes.allSatisfy { $0.result == .done }, "\(note)")
        return
      }
      host.fail([:])
      let next = try await Self.apply(Self.second, host)
      #expect(next.allSatisfy { $0.result == .done }, "\(note)\n\(next)")
      let plan = try await Self.plan(Self.second, host).0
      #expect(plan.isEmpty && plan.marker == nil, "\(note)")
      expectForeignUnchanged(host, note)
    }
    Issue.record("no run without a failure")
  }

  @Test(arguments: SimulatedHost.Failure.allCases)
  func undoRestoresTheState(_ failure: SimulatedHost.Failure) async throws {
    let before = try await Self.host().state
    let (plan, _) = try await Self.plan(Self.second, Self.host())
    var failures = 0
    for number in 1...100 {
      let host = try await Self.host()
      host.fail([number: failure])
      let outcomes = try await Self.apply(Self.second, host, .undo)
      let note = "write \(number), \(failure): \(outcomes)"
      expectForeignUnchanged(host, note)
      guard host.hasFired else { break }
      // A call that was done after all is no failure; the marker, written last and alone, is none of a policy.
      let failed = outcomes.contains { $0.isFailure && plan.steps.contains($0.step) }
      guard failed else { continue }
      failures += 1
      #expect(host.state == before, "\(note)")
      #expect(!outcomes.contains { $0.result == .done }, "\(note)")
    }
    #expect(failures > 0 || failure == .lostAfter || failure == .hungAfter)
  }

  /// Killed after each write: the armed undo puts back whatever was reached.
  @Test func armedUndoAfterEveryWrite() async throws {
    let before = try await Self.host().state
    let (plan, _) = try await Self.plan(Self.second, Self.host())
    let all = plan.steps + (plan.marker.map { [.filter($0)] } ?? [])
    for number in 1...100 {
      let host = try await Self.host()
      // From here on nothing is done: as if the caller were dead.
      host.fail(Dictionary(uniqueKeysWithValues: (number...number + 300).map { ($0, .lostBefore) }))
      _ = try await Self.apply(Self.second, host)
      let isWhole = !host.hasFired
      host.fail([:])
      let outcomes = await Applier(host, observed: try await host.observe(), patience: [])
        .takeBack(all.reversed().map(\.inverse))
      #expect(outcomes.allSatisfy { $0.result == .undone }, "write \(number): \(outcomes)")
      #expect(host.state == before, "write \(number)")
      if isWhole { return }
    }
    Issue.record("no run without a failure")
  }

  /// One object in several steps, of which some were done: as for parameters that are widened first, and narrowed last.
  @Test(arguments: 0...3) func chainsAreTakenBack(done: Int) async throws {
    let host = try await Self.host()
    let before = host.state
    var states = [try #require(before.bindings["tap1"])]
    for filter in ["old", "base", "foreign"] {
      var next = states[0]
      next.reference = FilterReference(filter)
      states.append(next)
    }
    let steps = zip(states, states.dropFirst()).map { one, two in
      Step.port(PortChange(machine: "p1", device: "tap1", before: one, after: two, group: nil))
    }
    let applier = Applier(host, observed: try await host.observe(), patience: [])
    #expect(await applier.run(Array(steps.prefix(done))).allSatisfy { $0.result == .done })
    let outcomes = await applier.takeBack(steps.reversed().map(\.inverse))
    #expect(outcomes.allSatisfy { $0.result == .undone }, "\(outcomes)")
    #expect(host.state == before)
  }

  @Test func undoLeavesWhatSomebodyElseChanged() async throws {
    let host = try await Self.host()
    let (plan, _) = try await Self.plan(Self.second, host)
    _ = try await Self.apply(Self.second, host)
    // They change a filter, use another one, and bind a port otherwise.
    let base = Self.filter("base", priority: 77)
    var filter = base.filter
    filter.uuid = Self.identity.uuid(ofFilter: "base")
    host.state.filters["base"] = FilterXML.write(filter)
    host.state.bindings["tap9"]?.reference = FilterReference("new")
    host.state.bindings["tap3"]?.reference = FilterReference("foreign")
    let changed = host.state
    let outcomes = await Applier(host, observed: try await host.observe(), patience: [])
      .takeBack(plan.steps.reversed().map(\.inverse))
    let left = outcomes.compactMap { outcome in
      if case .skipped(let reason) = outcome.result { reason } else { nil }
    }
    #expect(left.count == 3, "\(left)")
    #expect(host.state.filters["base"] == changed.filters["base"])
    #expect(host.state.filters["new"] != nil)
    #expect(host.state.bindings["tap3"] == changed.bindings["tap3"])
    #expect(host.state.bindings["tap9"] == changed.bindings["tap9"])
    #expect(host.state.filters["old"] != nil)
    #expect(host.state.bindings["tap2"]?.reference.filter == "old")
  }

  private func rebinding() async throws -> (SimulatedHost, Step) {
    let host = try await Self.host()
    let before = try #require(host.state.bindings["tap1"])
    var after = before
    after.reference = FilterReference("old")
    return (host, .port(PortChange(machine: "p1", device: "tap1", before: before, after: after, group: nil)))
  }

  @Test func aPortThatLosesItsFilterIsUnprotected() async throws {
    let (host, step) = try await rebinding()
    host.fail([2: .refused, 3: .refused, 4: .refused])
    let outcome = await Applier(host, observed: try await host.observe(), patience: []).run([step])[0]
    guard case .failed(let error) = outcome.result else {
      Issue.record("\(outcome)")
      return
    }
    #expect(error.message.contains("UNPROTECTED") && error.message.contains("tap1"))
    #expect(host.state.bindings["tap1"] == nil)
  }

  @Test func aPortGetsItsOldFilterBack() async throws {
    let (host, step) = try await rebinding()
    let before = host.state
    host.fail([2: .refused, 3: .lostBefore])
    let outcome = await Applier(host, observed: try await host.observe(), patience: []).run([step])[0]
    #expect(outcome.isFailure)
    #expect(host.state == before)
  }

  @Test func attachReplacesOnlyWhatThePlanSaw() async throws {
    let host = try await Self.host()
    let (plan, observed) = try await Self.plan(Self.second, host)
    host.state.machines[0].interfaces[0].config = .present(FilterReference("foreign"))
    let before = host.state.machines
    let attach = plan.steps.filter { if case .interface = $0 { true } else { false } }
    let outcomes = await Applier(host, observed: observed, patience: []).run(attach)
    guard case .failed(let error) = outcomes.first?.result else {
      Issue.record("\(outcomes)")
      return
    }
    #expect(error.code == .refused)
    #expect(host.state.machines == before)
  }
}
