// SPDX-License-Identifier: Apache-2.0

import Diagnostics
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
    #expect(result.notFiltered.map(\.interface.machine) == ["web-1"])
    #expect(!result.isComplete, "and so apply ends with exit code 4")
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

  // MARK: The truth about bindings and devices

  /// Bound to another filter by hand, the VM has other rules than its XML tells of.
  @Test func otherBindingIsRepaired() {
    let host = observed(
      [present("a"), present("open-all", uuid: foreign)], [machine("web-1", live: reference, config: reference)],
      [binding("vnet-web-1", FilterReference("open-all"))])
    #expect(words(plan(policy, host)) == ["vnet-web-1: open-all -> a IP=10.0.0.1"])
  }

  /// libvirt makes a binding for a device that is not there, and never comes back to it.
  @Test func portWithoutDeviceIsNotFiltered() {
    let policy = desired([wanted("a")], [group("web", ["web-*"], reference)], ports: [port])
    var host = observed([present("a")])
    host.devices = ["lo"]
    let first = plan(policy, host)
    #expect(first.steps.isEmpty && first.notFiltered.map(\.interface.device) == ["tap1"])
    host.devices = ["lo", "tap1"]
    var bound = applying(plan(policy, host).steps, to: host)
    #expect(plan(policy, bound).isEmpty)
    bound.devices = ["lo"]
    #expect(plan(policy, bound).steps.isEmpty, "the rules go by the device's name and are there when it comes back")
    #expect(!plan(policy, bound).isComplete)
  }

  @Test func storedConfigurationOfAnotherTypeKeepsItsFilter() {
    let vm = machine("vm", live: .some(nil), config: FilterReference("old"), type: "user", carriesFilters: false)
    let result = plan(desired([wanted("new")]), observed([present("old")], [vm]))
    #expect(result.count(.delete) == 0)
    #expect(codes(result.warnings) == ["still-in-use"])
  }

  @Test func groupThatSelectsNothingIsNamed() {
    let policy = desired([wanted("a")], [group("web", ["web-11"], reference)])
    let result = plan(policy, observed([present("a")], [machine("web-1")]))
    #expect(codes(result.warnings) == ["no-machine"])
    #expect(result.warnings.first?.hint?.contains("web-1") == true)
  }

  @Test func portsOfAHostWithAnUnknownNameStay() {
    var here = port
    here.host = "kvm1"
    let policy = desired([wanted("a")], [group("web", ["web-*"], reference)], ports: [here])
    var host = applying(plan(policy, observed()).steps, to: observed())
    host.name = "qemu:///system"
    #expect(plan(policy, host).unprotected.isEmpty)
    #expect(plan(policy, host).steps.isEmpty)
  }

  @Test func takeOverTakesTheReferencesToo() {
    let old = Marker(repositoryID: "beef", commit: nil, digest: "x").filter(for: identity)
    let theirs = FilterReference("clean-traffic", parameters: ["IP": ["10.0.0.1"], "NWFLEET": ["beef"]])
    let host = observed(
      [
        present("clean-traffic", uuid: foreign),
        ObservedFilter(name: old.name, uuid: identity.uuid(ofFilter: old.name), xml: "", filter: old),
      ], [machine("web-1", live: theirs, config: theirs)])
    let policy = desired(
      [], [group("web", ["web-1"], FilterReference("clean-traffic", parameters: ["IP": ["10.0.0.1"]]))])
    #expect(
      words(plan(policy, host, takesOver: true)) == [
        "web-1: clean-traffic IP=10.0.0.1 NWFLEET=beef -> clean-traffic IP=10.0.0.1 NWFLEET=6f1c live config"
      ])
  }

  // MARK: Order

  private func variableFilter(_ names: String...) -> DesiredFilter { wanted("a", names.map { variableRule($0) }) }

  private func orderOfChange(
    from old: [String], _ oldParameters: [String: [String]], to new: [String], _ newParameters: [String: [String]]
  ) -> Plan {
    let before = FilterReference("a", parameters: oldParameters)
    let host = observed(
      [present("a", old.map { variableRule($0) })], [machine("web-1", live: before, config: before)],
      [
        ObservedBinding(
          device: "vnet-web-1", ownerName: "web-1", ownerUUID: machine("web-1").uuid,
          mac: MACAddress(bits: 0x5254_0000_0001), reference: before)
      ])
    let policy = desired(
      [wanted("a", new.map { variableRule($0) })],
      [group("web", ["web-1"], FilterReference("a", parameters: newParameters))])
    return plan(policy, host)
  }

  @Test func newParameterComesBeforeTheFilterThatNeedsIt() {
    let result = orderOfChange(
      from: ["A"], ["A": ["10.0.0.1"]], to: ["A", "B"], ["A": ["10.0.0.1"], "B": ["10.0.0.2"]])
    #expect(result.problems.isEmpty)
    #expect(words(result) == ["web-1: a A=10.0.0.1 -> a A=10.0.0.1 B=10.0.0.2 live config", "change a"])
  }

  @Test func oldParameterGoesAfterTheFilterThatNeededIt() {
    let result = orderOfChange(
      from: ["A", "B"], ["A": ["10.0.0.1"], "B": ["10.0.0.2"]], to: ["A"], ["A": ["10.0.0.1"]])
    #expect(words(result) == ["change a", "web-1: a A=10.0.0.1 B=10.0.0.2 -> a A=10.0.0.1 live config"])
  }

  @Test func exchangedParameterGoesByWayOfBoth() {
    let result = orderOfChange(from: ["A"], ["A": ["10.0.0.1"]], to: ["B"], ["B": ["10.0.0.2"]])
    #expect(result.problems.isEmpty)
    #expect(
      words(result) == [
        "web-1: a A=10.0.0.1 -> a A=10.0.0.1 B=10.0.0.2 live", "change a",
        "web-1: a A=10.0.0.1 B=10.0.0.2 -> a B=10.0.0.2 live", "web-1: a A=10.0.0.1 -> a B=10.0.0.2 config",
      ])
  }
}
