// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import Testing

/// What a host gets: NICs, profiles, native groups.
struct HostTests {
  private static let kvm1 = InventoryHost(
    name: "kvm1", uri: "qemu:///system", labels: ["site": "ams"], origin: somewhere)
  private static let kvm2 = InventoryHost(
    name: "kvm2", uri: "qemu:///system", labels: ["site": "fra"], origin: somewhere)

  private func names(_ compilation: Compilation) throws -> [String] {
    try #require(compilation.desired).filters.map(\.filter.name).filter { !$0.contains(".guard.") }
  }

  // MARK: Filters

  @Test func threeLevelsOfFilters() throws {
    let groups = [group("web", vms: "web-*", in: [rule(.allow, [.service("https")])]), group("all", vms: "*")]
    let desired = try #require(compile(policy(groups, vms: [machine("web-1", macs: [0xaabb01])])).desired)
    #expect(
      try names(Compilation(desired: desired, diagnostics: [])) == [
        "acme.nic.525400aabb01", "acme.profile.all", "acme.profile.all.web", "acme.profile.web",
      ])
    let nic = try #require(desired.filters.first { $0.filter.name == "acme.nic.525400aabb01" })
    #expect(nic.filter.rules.isEmpty)
    #expect(nic.filter.references.map(\.filter) == ["acme.profile.all.web"])
    #expect(desired.interfaces.map(\.reference.filter) == ["acme.nic.525400aabb01"])
    #expect(desired.interfaces.map(\.groups) == [["all", "web"]])
  }

  @Test func everySingleGroupHasItsProfileSelectedOrNot() throws {
    let gateway = [rule(.allow, [.any], from: [.network(.gateway)])]
    let port = [rule(.allow, [.parameter("port")])]
    let policy = policy([group("a"), group("b", in: gateway), group("c", in: port)]) {
      $0.machineParameters = ["x": ["port": parameter(["ssh"], traffic: [.service("ssh")])]]
    }
    #expect(try names(compile(policy)) == ["acme.profile.a"])
    var known = policy
    known.networks = [Network(name: "default", gateway: [range("10.0.0.1")], origin: somewhere)]
    #expect(try names(compile(known)) == ["acme.profile.a", "acme.profile.b._default"])
  }

  @Test func longNamesOfProfilesEndInADigest() throws {
    let long = String(repeating: "x", count: 38)
    let groups = (1...9).map { group("\(long)-\($0)", vms: "*") }
    let names = try names(compile(policy(groups, vms: [machine("web-1", macs: [1])])))
    let combined = try #require(names.first { $0.hasPrefix("acme.profile._") })
    #expect(combined.utf8.count == "acme.profile._".utf8.count + 12)
    #expect(names.allSatisfy(FilterName.isValid))
  }

  @Test func aNICsOwnAddressesAreParametersOfItsFilter() throws {
    let vm = machine("web-1", ["10.0.0.11", "10.0.0.2"], macs: [1])
    let desired = try #require(compile(policy([group("web", guard: .strict)], vms: [vm])).desired)
    let nic = try #require(desired.filters.first { $0.filter.name == "acme.nic.525400000001" })
    let parameters = try #require(nic.filter.references.first).parameters
    #expect(parameters == ["ADDRESS4": ["10.0.0.2", "10.0.0.11"], "ADDRESS6": ["ff00::"]])
  }

  @Test func everyEntryHasItsSource() throws {
    let desired = try #require(compile(policy([group("web", in: [rule(.allow, [.service("https")])])])).desired)
    for filter in desired.filters {
      #expect(filter.entrySources.count == filter.filter.entries.count)
      #expect(filter.entryOrigins.count == filter.filter.entries.count)
    }
    let profile = try #require(desired.filters.first { $0.filter.name == "acme.profile.web" })
    #expect(profile.entrySources.joined().contains { $0.id == "web/in-allow-https" && $0.range == somewhere })
  }

  // MARK: Selection

  @Test func keysOfASelectorAreANDedAndListsORed() throws {
    let selector = MachineSelector(
      names: [NamePattern("web-*"), NamePattern("?b-1")], labels: ["role": [NamePattern("front"), NamePattern("b*")]],
      range: somewhere)
    let vms = [
      machine("web-1", macs: [1], labels: ["role": "front"]), machine("web-2", macs: [2], labels: ["role": "other"]),
      machine("db-1", macs: [3], labels: ["role": "back", "x": "y"]),
      machine("db-2", macs: [4], labels: ["role": "back"]),
      machine("web-3", macs: [5]),
    ]
    let groups = [group("some") { $0.selector = selector }]
    let desired = try #require(compile(policy(groups, vms: vms)).desired)
    #expect(desired.interfaces.map(\.machine) == ["db-1", "web-1"])
    for vm in vms { #expect(selector.selects(vm.name, labels: vm.labels) == ["db-1", "web-1"].contains(vm.name)) }
  }

  @Test func aMACNarrowsToNICs() throws {
    let groups = [group("inside") { $0.selector.macs = [mac(2)] }, group("all", vms: "*")]
    let vms = [machine("inside-1", macs: [1, 2]), machine("other", macs: [3])]
    let desired = try #require(compile(policy(groups, vms: vms)).desired)
    #expect(
      desired.interfaces.map { "\($0.machine) \($0.mac.bits & 15) \($0.groups)" } == [
        #"inside-1 1 ["all"]"#, #"inside-1 2 ["all", "inside"]"#, #"other 3 ["all"]"#,
      ])
  }

  @Test func hostsNarrowAGroup() throws {
    let groups = [
      group("ams") { $0.hosts = HostSelector(labels: ["site": [NamePattern("ams")]], range: somewhere) }, group("all"),
    ]
    let policy = policy(groups) { $0.inventory.hosts = [Self.kvm1, Self.kvm2] }
    #expect(try names(compile(policy, host: Self.kvm1)) == ["acme.profile.all", "acme.profile.ams"])
    #expect(try names(compile(policy, host: Self.kvm2)) == ["acme.profile.all"])
  }

  @Test func aHostHasItsVMsAndThoseThatMayBeOnIt() throws {
    let vms = [
      machine("a", macs: [1], host: "kvm1"), machine("b", macs: [2], host: "kvm2"), machine("c", macs: [3]),
      machine("d", macs: [4], host: "kvm2"),
    ]
    let policy = policy([group("all", vms: "*")], vms: vms) { $0.inventory.hosts = [Self.kvm1, Self.kvm2] }
    let observed = [
      HostMachine(name: "d", interfaces: [mac(4)]), HostMachine(name: "stranger", interfaces: [mac(9)]),
      HostMachine(name: "c", interfaces: [mac(5)]),
    ]
    let desired = try #require(compile(policy, host: Self.kvm1, on: observed).desired)
    #expect(
      desired.interfaces.map { "\($0.machine) \($0.mac.bits & 15)" } == ["a 1", "c 3", "c 5", "d 4", "stranger 9"])
    #expect(try #require(compile(policy).desired).interfaces.map(\.machine) == ["a", "b", "c", "d"])
  }

  @Test func oneMACInTwoVMsIsAnErrorWhereTheirRulesDiffer() {
    let vms = [machine("web-1", macs: [1]), machine("db-1", macs: [1])]
    #expect(codes(policy([group("all", vms: "*")], vms: vms)) == [])
    #expect(codes(policy([group("web"), group("db")], vms: vms)) == ["duplicate-mac"])
  }

  // MARK: Native groups

  private func native(
    _ name: String, _ selector: MachineSelector, _ parameters: [String: [String]] = [:],
    filter: String = "clean-traffic"
  ) -> NativeGroup {
    NativeGroup(
      name: Located(value: name, range: somewhere), selector: selector,
      reference: FilterReference(filter, parameters: parameters), filterRange: somewhere)
  }

  private func byName(_ pattern: String) -> MachineSelector {
    MachineSelector(names: [NamePattern(pattern)], range: somewhere)
  }

  @Test func nativeGroupsAreAttachedAsTheyAre() throws {
    let policy = policy { $0.nativeGroups = [native("lab", byName("lab-*"), ["IP": ["10.0.0.1"]])] }
    let attachment = try #require(compile(policy).desired?.attachments.first)
    #expect(attachment.machines == [NamePattern("lab-*")])
    #expect(attachment.reference == FilterReference("clean-traffic", parameters: ["IP": ["10.0.0.1"]]))
  }

  @Test func aVMsParametersGoBeforeThoseOfANativeGroup() throws {
    let observed = (1...3).map { HostMachine(name: "lab-\($0)", interfaces: [mac(UInt64($0))]) }
    let policy = policy {
      $0.nativeGroups = [native("lab", byName("lab-*"), ["IP": ["10.0.0.1"]])]
      $0.machineParameters = ["lab-2": ["IP": parameter(["10.0.0.2"]), "OTHER": parameter(["x"])]]
    }
    let attachments = try #require(compile(policy, on: observed).desired).attachments
    #expect(attachments.map { $0.machines.map(\.text) } == [["lab-1", "lab-3"], ["lab-2"]])
    #expect(attachments.map(\.reference.parameters) == [["IP": ["10.0.0.1"]], ["IP": ["10.0.0.2"]]])
  }

  @Test func nativeGroupsCanSelectByLabelAndMAC() throws {
    let vms = [machine("a", macs: [1], labels: ["role": "lab"]), machine("b", macs: [2, 3])]
    let policy = policy(vms: vms) {
      $0.nativeGroups = [
        native("labels", MachineSelector(labels: ["role": [NamePattern("lab")]], range: somewhere)),
        native("macs", MachineSelector(macs: [mac(3)], range: somewhere)),
      ]
    }
    let observed = vms.map { HostMachine(name: $0.name, interfaces: $0.interfaces.map(\.mac)) }
    let desired = try #require(compile(policy, on: observed).desired)
    #expect(desired.attachments.map { $0.machines.map(\.text) } == [["a"]])
    #expect(
      desired.interfaces.map { "\($0.machine) \($0.mac.bits & 15) \($0.reference.filter)" } == ["b 3 clean-traffic"])
  }

  @Test func aNICInANativeAndARuleGroupIsAConflict() throws {
    let policy = policy([group("web")], vms: [machine("web-1", macs: [1])]) {
      $0.nativeGroups = [native("all", byName("*"))]
    }
    let problem = try #require(compile(policy).diagnostics.first)
    #expect(problem.code == "group-conflict")
    #expect(problem.message.contains("'all'") && problem.message.contains("'web'"))
  }
}
