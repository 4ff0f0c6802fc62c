// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// One compilation: from names to filters.
struct CompilationRun {
  let policy: Policy
  /// nil for all hosts at once: there the policy as a whole is checked.
  private let host: InventoryHost?
  private let today: Day
  let roster: Roster
  var composer: Composer
  let names: FilterNames
  private let maker: ProfileMaker
  let natives: NativeAttachments
  /// By the place of a VM in the roster's index: groups with rules, and native groups, lowest first.
  private var memberships: [[Int]]
  private var nativeMemberships: [[Int]]
  /// Ends of rules that are over.
  let expired: [String]

  private(set) var profiles: [Profile] = []
  private(set) var profilePlaces: [Profile.Key: Int] = [:]

  /// - Parameter policy: each section sorted by name.
  init(_ policy: Policy, host: InventoryHost?, today: Day, expired: Set<String>, observed: [HostMachine]) {
    self.policy = policy
    self.host = host
    self.today = today
    roster = Roster(policy, host: host, observed: observed)
    names = FilterNames(project: policy.identity.project)
    maker = ProfileMaker(names: names, identity: policy.identity)
    natives = NativeAttachments(policy)
    var checker = NameChecker(policy)
    var expander = GroupExpander(presets: checker.names.presets, today: today, seenExpired: expired)
    let groups = policy.groups.filter { [roster] in $0.isEnabled && roster.holds($0.hosts) }
      .map { expander.expand($0) }
    for diagnostic in expander.findings.diagnostics { checker.findings.add(diagnostic) }
    self.expired = Set(groups.flatMap(\.expired)).sorted()
    memberships = Array(repeating: [], count: roster.index.names.count)
    nativeMemberships = memberships
    for (place, group) in groups.enumerated() {
      for machine in roster.index.select(group.group.selector) { memberships[machine].append(place) }
    }
    for (place, group) in policy.nativeGroups.enumerated() where roster.holds(group.hosts) {
      for machine in roster.index.select(group.selector) { nativeMemberships[machine].append(place) }
    }
    if host == nil, !policy.machineParameters.isEmpty {
      let parameters = MachineParameters(policy, groups, natives, presets: checker.names.presets, today: today)
      for finding in parameters.findings(roster.index) { checker.findings.add(finding) }
    }
    let resolver = RuleResolver(checker: checker, index: roster.index, hosts: policy.inventory.hosts)
    composer = Composer(resolver: resolver, groups: groups, admins: policy.admins)
  }

  var findings: Findings {
    get { composer.resolver.findings }
    set { composer.resolver.findings = newValue }
  }

  var diagnostics: [Diagnostic] { findings.sorted }

  // MARK: Compilation

  mutating func compile(_ map: some CompilerMap) -> DesiredState {
    makeProfiles(map)
    var filters = FilterCollection(policy.filters)
    var interfaces: [DesiredInterface] = []
    for machine in roster.machines {
      for nic in machine.nics {
        let chosen = groups(of: nic)
        let native = nativeGroups(of: nic)
        checkNative(nic, chosen, native)
        if let native = native.first(where: { !policy.nativeGroups[$0].selector.macs.isEmpty }) {
          interfaces.append(interface(nic, native))
        }
        guard !chosen.isEmpty else { continue }
        let profile = profiles[place(of: chosen, scope(of: nic, machine), nic)]
        checkAddresses(nic, machine, chosen, profile)
        let filter = filter(for: nic, profile, origin: composer.groups[chosen[0]].group.origin)
        if let problem = filters.add(filter, of: nic, machine) { findings.add(problem) }
        interfaces.append(
          DesiredInterface(
            machine: nic.machine, mac: nic.mac, reference: FilterReference(filter.filter.name),
            groups: chosen.map { composer.groups[$0].name }, origin: filter.origin, oneWay: profile.generated.oneWay,
            addresses: nic.addresses))
      }
    }
    if host == nil { checkNativesWithoutNICs() }
    check(map)
    for profile in profiles {
      for filter in [profile.generated.profile] + profile.generated.leaves {
        if let problem = filters.add(filter) { findings.add(problem) }
      }
    }
    return DesiredState(
      identity: policy.identity, repositoryID: policy.repositoryID, filters: filters.sorted,
      attachments: attachments(), interfaces: interfaces, ports: ports())
  }

  /// So many parts keep the processors busy, and look few things up more than once.
  private static let partCount = 16

  /// All profiles at once: making one is most of the work, and needs nothing of the others.
  private mutating func makeProfiles(_ map: some CompilerMap) {
    var wanted: [(key: Profile.Key, scope: Scope)] = []
    for (chosen, scope) in combinations() {
      let key = key(of: chosen, scope)
      guard profilePlaces[key] == nil else { continue }
      profilePlaces[key] = wanted.count
      wanted.append((key, scope))
    }
    let size = max(16, (wanted.count + Self.partCount - 1) / Self.partCount)
    let starts = Array(stride(from: 0, to: wanted.count, by: size))
    let parts = map.map(count: starts.count, batch: 1) { [maker, composer, wanted] index in
      maker.part(wanted[starts[index]..<min(wanted.count, starts[index] + size)], composer)
    }
    profiles.reserveCapacity(wanted.count)
    for part in parts {
      composer.adopt(part.composer)
      profiles += part.profiles
    }
    for profile in profiles {
      for diagnostic in profile.generated.diagnostics { findings.add(diagnostic) }
    }
  }

  /// Groups that NICs are in together, and every group alone, whether or not it has VMs here: a missing filter stops a
  /// migration.
  private func combinations() -> [(groups: [Int], scope: Scope)] {
    var found: [(groups: [Int], scope: Scope)] = []
    for machine in roster.machines {
      for nic in machine.nics {
        let chosen = groups(of: nic)
        if !chosen.isEmpty { found.append((chosen, scope(of: nic, machine))) }
      }
    }
    let tables = composer.resolver.peers.checker.names
    let network = tables.onlyNetwork.flatMap { tables.networks[$0] }
    for place in composer.groups.indices {
      let needs = composer.groups[place].needs([:])
      guard needs.missing.isDisjoint(with: tables.machineParameters) else { continue }
      let variant = composer.variant(of: [place], network: network?.name, own: [:])
      if !variant.usesNetwork || network != nil { found.append(([place], Scope(network: network))) }
    }
    return found
  }

  private func key(of chosen: [Int], _ scope: Scope) -> Profile.Key {
    Profile.Key(
      groups: chosen,
      variant: composer.variant(of: chosen, network: scope.network?.name, own: scope.machineParameters))
  }

  private mutating func place(of chosen: [Int], _ scope: Scope, _ nic: NIC? = nil) -> Int {
    let key = key(of: chosen, scope)
    let place = profilePlaces[key] ?? profiles.count
    if place == profiles.count {
      let profile = maker.profile(of: key, scope, &composer)
      for diagnostic in profile.generated.diagnostics { findings.add(diagnostic) }
      profiles.append(profile)
      profilePlaces[key] = place
    }
    if let nic, host == nil { profiles[place].nics.append(nic) }
    return place
  }

  /// Looks at the policy as a whole, where it has no errors and no host is meant.
  private mutating func check(_ map: some CompilerMap) {
    guard host == nil, !findings.diagnostics.contains(where: { $0.severity == .error }) else { return }
    let combinations = profiles.map { profile in
      CheckContext.Combination(
        groups: profile.groups, scope: profile.scope, composed: profile.composed, nics: profile.nics)
    }
    for finding in PolicyChecks.findings(policy, today: today, composer: &composer, combinations, map) {
      findings.add(finding)
    }
  }

  /// Filterrefs only: what a NIC refers to keeps its name for the NIC's life.
  private func filter(for nic: NIC, _ profile: Profile, origin: SourceRange) -> DesiredFilter {
    DesiredFilter(
      Filter(name: names.nic(nic.mac), entries: [.reference(reference(for: nic, profile))]), origin: origin,
      entryOrigins: [origin], entrySources: [[]])
  }

  /// To the rules that a NIC shares with others, with what is its own.
  func reference(for nic: NIC, _ profile: Profile) -> FilterReference {
    var parameters: [String: [String]] = [:]
    let addresses = profile.composed.decisions.guardPolicy.sources(of: nic.addresses)
    if profile.generated.needsIPv4Addresses {
      let own = addresses.compactMap { if case .ipv4(let address) = $0 { address } else { nil } }
      // libvirt refuses empty lists; nobody can send from this address.
      parameters[GeneratedProfile.addressParameters.ipv4] =
        own.isEmpty ? ["255.255.255.255"] : Set(own).sorted().map(\.description)
    }
    if profile.generated.needsIPv6Addresses {
      let own = addresses.compactMap { if case .ipv6(let address) = $0 { address } else { nil } }
      parameters[GeneratedProfile.addressParameters.ipv6] =
        own.isEmpty ? ["ff00::"] : Set(own).sorted().map(\.description)
    }
    return FilterReference(profile.name, parameters: parameters)
  }

  // MARK: Groups of a NIC

  func groups(of nic: NIC) -> [Int] {
    guard let place = roster.index[nic.machine] else { return [] }
    return memberships[place].filter { place in
      // Without a copy of the group.
      (composer.groups[place].group.selector.macs.isEmpty
        || composer.groups[place].group.selector.macs.contains(nic.mac))
        && (composer.groups[place].group.hosts == nil
          || roster.holds(composer.groups[place].group.hosts, for: inventory(nic)))
    }
  }

  func nativeGroups(of nic: NIC) -> [Int] {
    guard let place = roster.index[nic.machine] else { return [] }
    return nativeMemberships[place].filter { group in
      let group = policy.nativeGroups[group]
      return (group.selector.macs.isEmpty || group.selector.macs.contains(nic.mac))
        && (group.hosts == nil || roster.holds(group.hosts, for: inventory(nic)))
    }
  }

  private func inventory(_ nic: NIC) -> InventoryMachine? {
    composer.resolver.peers.checker.names.machines[nic.machine]
  }

  private func scope(of nic: NIC, _ machine: Roster.Machine) -> Scope {
    Scope(
      network: nic.network.flatMap { composer.resolver.peers.checker.names.networks[$0] },
      machineParameters: policy.machineParameters[nic.machine] ?? [:], subject: "VM '\(nic.machine)'")
  }

  // MARK: Native groups

  /// A NIC refers to one filter.
  private mutating func checkNative(_ nic: NIC, _ chosen: [Int], _ native: [Int]) {
    guard let first = native.first else { return }
    let group = policy.nativeGroups[first]
    let own = natives.reference(of: group, machine: nic.machine)
    let hasMAC = native.contains { !policy.nativeGroups[$0].selector.macs.isEmpty }
    let other: (name: String, range: SourceRange)?
    if let place = chosen.first {
      other = (composer.groups[place].name, composer.groups[place].group.origin)
    } else {
      // Native groups that select by name alone are compared when the host is known.
      other = native.dropFirst().map { policy.nativeGroups[$0] }
        .first { hasMAC && natives.reference(of: $0, machine: nic.machine) != own }
        .map { ($0.name.value, $0.name.range) }
    }
    if let other {
      findings.add(NativeAttachments.conflict("NIC \(nic.mac) of VM '\(nic.machine)'", group, other))
    }
  }

  /// What can be told before a host says which NICs its VMs have: two groups of one VM cannot both have their filter.
  private mutating func checkNativesWithoutNICs() {
    for machine in roster.machines where machine.nics.isEmpty {
      guard let place = roster.index[machine.name] else { continue }
      let native = nativeMemberships[place].map { policy.nativeGroups[$0] }.filter(\.selector.macs.isEmpty)
      guard let group = native.first else { continue }
      let own = natives.reference(of: group, machine: machine.name)
      let others =
        native.dropFirst().filter { natives.reference(of: $0, machine: machine.name) != own }
        .map { ($0.name.value, $0.name.range, $0.hosts) }
        + memberships[place].map { composer.groups[$0].group }.filter(\.selector.macs.isEmpty)
        .map { ($0.name, $0.origin, $0.hosts) }
      let other = others.first { roster.mayMeet(group.hosts, $0.2, for: machine.inventory) }
      if let other {
        findings.add(NativeAttachments.conflict("VM '\(machine.name)'", group, (other.0, other.1)))
      }
    }
  }

  private func interface(_ nic: NIC, _ native: Int) -> DesiredInterface {
    let group = policy.nativeGroups[native]
    return DesiredInterface(
      machine: nic.machine, mac: nic.mac, reference: natives.reference(of: group, machine: nic.machine),
      groups: [group.name.value], origin: group.name.range)
  }

  private func attachments() -> [DesiredAttachment] {
    var members: [[Roster.Machine]] = Array(repeating: [], count: policy.nativeGroups.count)
    for machine in roster.machines {
      guard let place = roster.index[machine.name] else { continue }
      for group in nativeMemberships[place] where roster.holds(policy.nativeGroups[group].hosts, for: machine.inventory)
      { members[group].append(machine) }
    }
    return policy.nativeGroups.indices.flatMap { place -> [DesiredAttachment] in
      let group = policy.nativeGroups[place]
      guard roster.holds(group.hosts), group.selector.macs.isEmpty else { return [] }
      return natives.attachments(of: group, members: members[place])
    }
  }

  private func ports() -> [DesiredPort] {
    policy.inventory.machines.flatMap { machine in
      machine.interfaces.compactMap { interface in
        interface.port.map {
          DesiredPort(machine: machine.name, device: $0, mac: interface.mac, host: machine.host)
        }
      }
    }
  }

  // MARK: Addresses

  /// A guard that lets only declared addresses out needs some.
  private mutating func checkAddresses(
    _ nic: NIC, _ machine: Roster.Machine, _ chosen: [Int], _ profile: Profile
  ) {
    if machine.hasStrayAddresses {
      findings.add(
        Diagnostic(
          "addresses-of-several-nics",
          "VM '\(nic.machine)' has several NICs, and its addresses do not say of which: they count for none",
          severity: .warning, at: machine.inventory?.origin,
          hint: "write \(Self.addressLine(nic, isOnly: false))"))
    }
    let policy = profile.composed.decisions.guardPolicy
    guard case .only(declared: true, let others) = policy.ip else { return }
    guard nic.addresses.isEmpty else {
      if others.isEmpty, policy.sources(of: nic.addresses).isEmpty {
        let words = chosen.compactMap { place in
          composer.groups[place].guardPolicy.map { (composer.groups[place].name, $0) }
        }
        findings.add(Composer.conflict(words, nic: "NIC \(nic.mac) of VM '\(nic.machine)'"))
      }
      return
    }
    let by = chosen.map { composer.groups[$0] }.filter { $0.guardPolicy != nil }
    let places = by.compactMap(\.guardPolicy?.range)
    findings.add(
      Diagnostic(
        "guard-needs-address",
        "NIC \(nic.mac) of VM '\(nic.machine)' has no declared address, and its guard lets only those out",
        at: machine.inventory?.origin ?? places.first,
        expected: "addresses under vms: or in addresses.lock.yaml",
        hint: "run 'nwfleet lock', or write \(Self.addressLine(nic, isOnly: machine.nics.count == 1))",
        notes: by.map { Diagnostic.Note("the guard of group '\($0.name)'", at: $0.guardPolicy?.range) }))
  }

  private static func addressLine(_ nic: NIC, isOnly: Bool) -> String {
    isOnly
      ? PeerResolver.addressLine(nic.machine)
      : "vms: {\(nic.machine): {nics: {\"\(nic.mac)\": {addresses: [ADDRESS]}}}}"
  }

  // MARK: Explanation

  /// Of the NICs of one VM, those in groups with rules.
  mutating func explain(_ name: String) -> [NICExplanation] {
    guard let machine = roster.machines.first(where: { $0.name == name }) else { return [] }
    return machine.nics.compactMap { nic in
      let chosen = groups(of: nic)
      guard !chosen.isEmpty else { return nil }
      let profile = profiles[place(of: chosen, scope(of: nic, machine))]
      let (composed, decisions) = (profile.composed, profile.composed.decisions)
      return NICExplanation(
        nic: nic,
        groups: composer.standing(chosen).map { place in
          let group = composer.groups[place].group
          return NICExplanation.Standing(
            name: group.name, tier: group.tier, order: group.order, origin: group.origin)
        },
        inbound: decisions.inbound.map(NICExplanation.Step.init),
        outbound: decisions.outbound.map(NICExplanation.Step.init),
        inboundDefault: .init(verdict: decisions.inboundDefault, decidedBy: composed.inboundDefaultBy),
        outboundDefault: .init(verdict: decisions.outboundDefault, decidedBy: composed.outboundDefaultBy),
        guardPolicy: decisions.guardPolicy, guardDecidedBy: composed.guardBy, filter: names.nic(nic.mac),
        profile: profile.name, oneWay: profile.generated.oneWay)
    }
  }
}
