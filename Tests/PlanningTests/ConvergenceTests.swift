// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Planning
import Testing

/// From any state to any other: a plan that can be carried out leaves nothing for the next one.
@Suite struct ConvergenceTests {
  private struct Generator: RandomNumberGenerator {
    var state: UInt64

    /// SplitMix64.
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var word = state
      word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
      word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
      return word ^ word >> 31
    }
  }

  private static let names = ["a", "b", "c", "d", "e"]

  /// Filters that include only later ones, so that there is no loop.
  private func randomPolicy(_ generator: inout Generator) -> DesiredState {
    let chosen = Self.names.filter { _ in Bool.random(using: &generator) }
    let filters = chosen.map { name in
      var entries = [rule(port: UInt32.random(in: 1...3, using: &generator))]
      for other in chosen where other > name && Int.random(in: 0..<3, using: &generator) == 0 {
        entries.append(include(other))
      }
      return wanted(name, entries)
    }
    var attachments: [DesiredAttachment] = []
    for machine in ["vm1", "vm2", "vm3"] where !chosen.isEmpty && Bool.random(using: &generator) {
      let filter = chosen.randomElement(using: &generator) ?? "a"
      attachments.append(group("g-\(machine)", [machine], FilterReference(filter)))
    }
    let ports = [DesiredPort(machine: "vm3", device: "tap3", mac: MACAddress(bits: 3), host: nil)]
    return desired(filters, attachments, ports: ports)
  }

  @Test func everyPairOfPolicies() {
    var generator = Generator(state: 42)
    var host = observed([present("theirs", uuid: foreign)], [machine("vm1"), machine("vm2", live: nil)])
    var steps = 0
    for round in 0..<2000 {
      let policy = randomPolicy(&generator)
      let first = plan(policy, host)
      #expect(first.problems.isEmpty, "round \(round)")
      steps += first.steps.count
      let after = applying(first.steps, to: host)
      let second = plan(policy, after)
      #expect(second.isEmpty, "round \(round): \(words(second))")
      #expect(after.filters.contains { $0.name == "theirs" })
      let undone = applying(first.steps.reversed().map(\.inverse), to: after)
      #expect(plan(policy, undone).steps == plan(policy, host).steps, "round \(round): the inverse leads back")
      host = after
    }
    #expect(steps > 4000, "the policies differ enough to mean something")
  }

  /// A plan cut off anywhere: the next one goes on from there.
  @Test func cutOffAnywhere() {
    var generator = Generator(state: 7)
    var host = observed([], [machine("vm1"), machine("vm2", live: nil)])
    for round in 0..<300 {
      let policy = randomPolicy(&generator)
      let steps = plan(policy, host).steps
      for cut in 0...steps.count {
        let half = applying(Array(steps[..<cut]), to: host)
        let rest = plan(policy, half)
        #expect(rest.problems.isEmpty, "round \(round), cut \(cut)")
        #expect(plan(policy, applying(rest.steps, to: half)).isEmpty, "round \(round), cut \(cut)")
      }
      host = applying(steps, to: host)
    }
  }

  @Test func orderOfTheReadingDoesNotMatter() {
    var generator = Generator(state: 3)
    for _ in 0..<200 {
      let policy = randomPolicy(&generator)
      var host = applying(plan(randomPolicy(&generator), observed()).steps, to: observed())
      let straight = plan(policy, host)
      host.filters.shuffle(using: &generator)
      #expect(plan(policy, host).steps == straight.steps)
    }
  }
}
