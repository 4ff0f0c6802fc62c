// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// One compilation: from names to filters.
struct CompilationRun {
  private let policy: Policy
  /// nil for all hosts at once: there the policy as a whole is checked.
  private let host: InventoryHost?
  private let today: Day
  private let roster: Roster
  private var composer: Composer
  private let names: FilterNames
  private let natives: NativeAttachments
  private let generator = ProfileGenerator()
  /// By the place of a VM in the roster's index: groups with rules, and native groups, lowest first.
  private var memberships: [[Int]]
  private var nativeMemberships: [[Int]]
  /// Ends of rules that are over.
  let expired: [String]

  private struct Key: Hashable {
    let groups: [Int]
    let variant: Variant
  }

  /// What the NICs of one combination of groups share.
  private struct Profile {
    /// Of the first NIC.
    let scope: Scope
    var nics: [NIC] = []
    var composed: ComposedGroups
    var generated: GeneratedProfile
    var name: String { generated.profile.filter.name }
  }

  private var profiles: [Key: Profile] = [:]

  /// - Parameter policy: each section sorted by name.
  init(_ policy: Policy, host: InventoryHost?, today: Day, expired: Set<String>, observed: [HostMachine]) {
    self.policy = policy
    self.host = host
    self.today = today
    roster = Roster(policy, host: host, observed: observed)
    names = FilterNames(project: policy.identity.project)
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
    let resolver = RuleResolver(checker: checker, index: roster.index, hosts: policy.inventory.hosts)
    composer = Composer(resolver: resolver, groups: groups, admins: policy.admins)
  }

  private var findings: Findings {
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
        guard let profile = profile(of: chosen, scope(of: nic, machine), nic) else { continue }
        checkAddresses(nic, machine, chosen, profile)
        let filter = filter(for: nic, profile, origin: composer.groups[chosen[0]].group.origin)
        if let problem = filters.add(filter, of: nic, machine) { findings.add(problem) }
        interfaces.append(
          DesiredInterface(
            machine: nic.machine, mac: nic.mac, reference: FilterReference(filter.filter.name),
            groups: chosen.map { composer.groups[$0].name }, origin: filter.origin, oneWay: profile.generated.oneWay))
      }
    }
    check()
    for profile in profiles.values {
      for filter in [profile.generated.profile] + profile.generated.leaves {
        if let problem = filters.add(filter) { findings.add(problem) }
      }
    }
    return DesiredState(
      identity: policy.identity, repositoryID: policy.repositoryID, filters: filters.sorted,
      attachments: attachments(), interfaces: interfaces, ports: ports())
  }

  /// All profiles at once: making one is most of the work, and needs nothing of the others.
  private mutating func makeProfiles(_ map: some CompilerMap) {
    var drafts: [(key: Key, draft: Draft)] = []
    var known: Set<Key> = []
    for (chosen, scope) in combinations() {
      let key = key(of: chosen, scope)
      if known.insert(key).inserted { drafts.append((key, draft(of: key, scope))) }
    }
    let inputs = drafts.map(\.draft)
    let generated = map.map(count: inputs.count) { [generator] in inputs[$0].generate(generator) }
    profiles.reserveCapacity(drafts.count)
    for ((key, draft), generated) in zip(drafts, generated) { add(draft, generated, as: key) }
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

  /// What a profile is made of.
  private struct Draft: Sendable {
    let name: String
    let scope: Scope
    let composed: ComposedGroups
    let identity: Identity
    let origin: SourceRange

    func generate(_ generator: ProfileGenerator) -> GeneratedProfile {
      generator.generate(name: name, decisions: composed.decisions, identity: identity, origin: origin)
    }
  }

  private func key(of chosen: [Int], _ scope: Scope) -> Key {
    Key(
      groups: chosen,
      variant: composer.variant(of: chosen, network: scope.network?.name, own: scope.machineParameters))
  }

  private mutating func draft(of key: Key, _ scope: Scope) -> Draft {
    let composed = composer.compose(key.groups, scope)
    let groups = key.groups.map { composer.groups[$0] }
    return Draft(
      name: names.profile(groups.map(\.name), key.variant), scope: scope, composed: composed,
      identity: policy.identity, origin: groups[0].group.origin)
  }

  private mutating func add(_ draft: Draft, _ generated: GeneratedProfile, as key: Key) {
    for diagnostic in generated.diagnostics { findings.add(diagnostic) }
    profiles[key] = Profile(scope: draft.scope, composed: draft.composed, generated: generated)
  }

  private mutating func profile(of chosen: [Int], _ scope: Scope, _ nic: NIC? = nil) -> Profile? {
    let key = key(of: chosen, scope)
    if profiles[key] == nil {
      let draft = draft(of: key, scope)
      add(draft, draft.generate(generator), as: key)
    }
    if let nic, host == nil { profiles[key]?.nics.append(nic) }
    return profiles[key]
  }

  /// Looks at the policy as a whole, where it has no errors and no host is meant.
  private mutating func check() {
    guard host == nil, !findings.diagnostics.contains(where: { $0.severity == .error }) else { return }
    let combinations = profiles.map { key, profile in
      CheckContext.Combination(
        groups: key.groups, scope: profile.scope, composed: profile.composed, nics: profile.nics)
    }
    for finding in PolicyChecks.findings(policy, today: today, composer: &composer, combinations) {
      findings.add(finding)
    }
  }

  /// Filterrefs only: what a NIC refers to keeps its name for the NIC's life.
  private func filter(for nic: NIC, _ profile: Profile, origin: SourceRange) -> DesiredFilter {
    var parameters: [String: [String]] = [:]
    if profile.generated.needsIPv4Addresses {
      let own = nic.addresses.compactMap { if case .ipv4(let address) = $0 { address } else { nil } }
      // libvirt refuses empty lists; nobody can send from this address.
      parameters[GeneratedProfile.addressParameters.ipv4] =
        own.isEmpty ? ["255.255.255.255"] : Set(own).sorted().map(\.description)
    }
    if profile.generated.needsIPv6Addresses {
      let own = nic.addresses.compactMap { if case .ipv6(let address) = $0 { address } else { nil } }
      parameters[GeneratedProfile.addressParameters.ipv6] =
        own.isEmpty ? ["ff00::"] : Set(own).sorted().map(\.description)
    }
    let reference = Filter.Entry.reference(FilterReference(profile.name, parameters: parameters))
    return DesiredFilter(
      Filter(name: names.nic(nic.mac), entries: [reference]), origin: origin, entryOrigins: [origin],
      entrySources: [[]])
  }

  // MARK: Groups of a NIC

  private func groups(of nic: NIC) -> [Int] {
    guard let place = roster.index[nic.machine] else { return [] }
    return memberships[place].filter { group in
      let group = composer.groups[group].group
      return (group.selector.macs.isEmpty || group.selector.macs.contains(nic.mac))
        && (group.hosts == nil || roster.holds(group.hosts, for: inventory(nic)))
    }
  }

  private func nativeGroups(of nic: NIC) -> [Int] {
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
    guard let other else { return }
    findings.add(
      Diagnostic(
        "group-conflict",
        "NIC \(nic.mac) of VM '\(nic.machine)' is in groups '\(group.name.value)' and '\(other.name)', which want different filters",
        at: group.name.range, expected: "one native filter, or groups with rules",
        hint: "narrow one of the groups, or write the native filter as rules",
        notes: [Diagnostic.Note("group '\(other.name)'", at: other.range)]))
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
    guard case .only(declared: true, _) = profile.composed.decisions.guardPolicy.ip, nic.addresses.isEmpty else {
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
      guard let profile = profile(of: chosen, scope(of: nic, machine)) else { return nil }
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
