// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Planning
import Testing

@Suite struct InterfacePlanTests {
  private let reference = FilterReference("a", parameters: ["IP": ["10.0.0.1"]])
  private var policy: DesiredState { desired([wanted("a")], [group("web", ["web-*"], reference)]) }

  @Test func attachesRunningAndStoredInOneStep() {
    let result = plan(policy, observed([], [machine("web-1"), machine("db-1")]))
    #expect(words(result) == ["create a", "web-1: none -> a IP=10.0.0.1 live config"])
  }

  @Test func shutOffAndTransient() {
    let host = observed([present("a")], [machine("web-1", live: nil), machine("web-2", config: nil)])
    #expect(
      words(plan(policy, host)) == ["web-1: none -> a IP=10.0.0.1 config", "web-2: none -> a IP=10.0.0.1 live"])
  }

  @Test func onlyTheDescriptionThatDiffers() {
    let host = observed(
      [present("a")], [machine("web-1", live: reference, config: .some(nil))],
      [binding("vnet-web-1", reference)])
    #expect(words(plan(policy, host)) == ["web-1: none -> a IP=10.0.0.1 config"])
  }

  private func binding(_ device: String, _ reference: FilterReference) -> ObservedBinding {
    ObservedBinding(
      device: device, ownerName: "web-1", ownerUUID: foreign, mac: MACAddress(bits: 0x5254_0000_0001),
      reference: reference)
  }

  @Test func lostBindingIsRepaired() {
    let host = observed([present("a")], [machine("web-1", live: reference, config: reference)])
    #expect(words(plan(policy, host)) == ["vnet-web-1: none -> a IP=10.0.0.1"])
  }

  @Test func foreignFilterrefIsNeverReplaced() {
    let theirs = FilterReference("clean-traffic")
    let host = observed(
      [present("a"), present("clean-traffic", uuid: foreign)], [machine("web-1", live: theirs, config: theirs)])
    let result = plan(policy, host)
    #expect(result.steps.isEmpty)
    #expect(codes(result.problems) == ["foreign-filterref"])
  }

  @Test func sameForeignFilterrefNeedsNoChange() {
    let theirs = FilterReference("clean-traffic", parameters: ["IP": ["10.0.0.1"]])
    let host = observed(
      [present("clean-traffic", uuid: foreign)], [machine("web-1", live: theirs, config: theirs)],
      [binding("vnet-web-1", theirs)])
    #expect(plan(desired([], [group("web", ["web-1"], theirs)]), host).isEmpty)
  }

  @Test func referenceToAnotherFilterCarriesItsOwner() {
    let stock = FilterReference("clean-traffic", parameters: ["IP": ["10.0.0.1"]])
    let policy = desired([], [group("web", ["web-1"], stock)])
    let host = observed([present("clean-traffic", uuid: foreign)], [machine("web-1")])
    let result = plan(policy, host)
    #expect(words(result) == ["web-1: none -> clean-traffic IP=10.0.0.1 NWFLEET=6f1c live config"])
    let after = applying(result.steps, to: host)
    #expect(plan(policy, after).isEmpty)
    #expect(plan(desired(), after).unprotected.map(\.machine) == ["web-1"], "and so can be taken off again")
  }

  @Test func losingTheFilterIsUnprotected() {
    let host = observed([present("a")], [machine("web-1", live: reference, config: reference)])
    let result = plan(desired([wanted("a")]), host)
    #expect(words(result) == ["web-1: a IP=10.0.0.1 -> none live config"])
    #expect(codes(result.findings(beyond: Limits())) == ["unprotected"])
    #expect(result.findings(beyond: Limits(mostUnprotected: 1)).isEmpty)
  }

  @Test func twoGroupsThatDisagree() {
    let policy = desired(
      [wanted("a"), wanted("b")],
      [group("one", ["web-1"], FilterReference("a")), group("two", ["web-*"], FilterReference("b"))])
    #expect(codes(plan(policy, observed([], [machine("web-1")])).problems) == ["group-conflict"])
  }

  @Test func interfaceThatCannotCarryFilters() {
    let result = plan(policy, observed([present("a")], [machine("web-1", type: "user", carriesFilters: false)]))
    #expect(result.steps.isEmpty)
    #expect(codes(result.warnings) == ["no-filter-possible"])
  }

  @Test func missingVariableIsFoundBeforeAnythingIsTouched() {
    let policy = desired([wanted("a", [variableRule("GATEWAY")])], [group("web", ["web-1"], FilterReference("a"))])
    #expect(codes(plan(policy, observed([], [machine("web-1")])).problems) == ["unbindable"])
  }

  @Test func changeThatWouldNotBindElsewhereIsAProblem() {
    let host = observed([present("a")], [], [binding("tap9", FilterReference("a"))])
    let policy = desired([wanted("a", [variableRule("NEW")])])
    #expect(codes(plan(policy, host).problems) == ["unbindable"])
  }

  @Test func listsSideBySideMustBeEquallyLong() {
    var match = Match(.tcp)
    for (name, variable) in [("srcipaddr", "A"), ("dstportstart", "B")] {
      if let index = FilterProtocol.tcp.attributes.firstIndex(where: { $0.name == name }) {
        match.set(index, .variable(VariableReference(variable)))
      }
    }
    let filter = wanted("a", [.rule(Rule(.accept, .in, match: match))])
    func problems(_ b: [String]) -> [String] {
      let reference = FilterReference("a", parameters: ["A": ["10.0.0.1", "10.0.0.2"], "B": b])
      return codes(
        plan(desired([filter], [group("web", ["web-1"], reference)]), observed([], [machine("web-1")])).problems)
    }
    #expect(problems(["80", "443"]).isEmpty)
    #expect(problems(["80"]) == ["unbindable"])
  }

  @Test func learnedAddressIsWarnedOf() {
    let policy = desired([wanted("a", [variableRule("IP")])], [group("web", ["web-1"], FilterReference("a"))])
    let result = plan(policy, observed([], [machine("web-1")]))
    #expect(result.problems.isEmpty)
    #expect(codes(result.warnings) == ["learned-address"])
  }

  @Test func notEnforced() {
    let host = observed([], [machine("web-1")], enforcement: Enforcement(ipv4: .off, ipv6: .on))
    let result = plan(policy, host)
    #expect(result.notEnforced.map(\.sysctls) == [["net.bridge.bridge-nf-call-iptables"]])
    let layer2 = desired(
      [wanted("a", [variableRule("X")])],
      [group("web", ["web-1"], FilterReference("a", parameters: ["X": ["1.2.3.4"]]))])
    #expect(plan(layer2, host).notEnforced.isEmpty, "layer-2 rules need no sysctl")
  }

  // MARK: Ports

  private let port = DesiredPort(machine: "web-1", device: "tap1", mac: MACAddress(bits: 5), host: nil)

  @Test func portsAreBoundAndUnbound() {
    let policy = desired([wanted("a")], [group("web", ["web-*"], reference)], ports: [port])
    let first = plan(policy, observed())
    #expect(words(first) == ["create a", "tap1: none -> a IP=10.0.0.1"])
    let host = applying(first.steps, to: observed())
    #expect(plan(policy, host).isEmpty, "libvirt's own MAC parameter is no difference")
    let undeclared = plan(desired([wanted("a")], [group("web", ["web-*"], reference)]), host)
    #expect(undeclared.unprotected.map(\.device) == ["tap1"])
  }

  @Test func foreignBindingIsAProblem() {
    let policy = desired([wanted("a")], [group("web", ["web-*"], reference)], ports: [port])
    let host = observed([present("a")], [], [binding("tap1", FilterReference("a"))])
    #expect(codes(plan(policy, host).problems) == ["port-taken"])
  }

  @Test func portOfAnotherHost() {
    var elsewhere = port
    elsewhere.host = "kvm2"
    let policy = desired([wanted("a")], [group("web", ["web-*"], reference)], ports: [elsewhere])
    #expect(plan(policy, observed([present("a")])).isEmpty)
  }

  @Test func costCountsRebuildsOfChangedFilters() {
    let host = observed([present("a")], [], [binding("tap1", reference), binding("tap2", reference)])
    let result = plan(desired([wanted("a", [rule(port: 80)])]), host)
    #expect(result.cost.rebuilds == 2)
    #expect(result.cost.processes == 2 * (76 + 3))
    #expect(result.cost.exposures == 2)
  }
}
