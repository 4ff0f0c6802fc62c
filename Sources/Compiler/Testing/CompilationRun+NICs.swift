// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// What a compilation knows of NICs, for tests.
extension CompilationRun {
  /// Every NIC with its filter, by VM and MAC address. Profiles must be made.
  func filteredNICs() -> [FilteredNIC] {
    roster.machines.flatMap { machine in
      machine.nics.map { nic in
        let chosen = groups(of: nic)
        let native = nativeGroups(of: nic)
        var reference: FilterReference?
        if !chosen.isEmpty {
          reference = FilterReference(names.nic(nic.mac))
        } else if let first = native.first {
          reference = natives.reference(of: policy.nativeGroups[first], machine: nic.machine)
        }
        return FilteredNIC(
          nic: nic, groups: chosen.map { composer.groups[$0].name } + native.map { policy.nativeGroups[$0].name.value },
          reference: reference, isPlaceholder: false)
      }
    }
  }

  /// For each group, a NIC that is in no other. Those whose rules need to know a VM have none.
  func placeholders() -> [String: FilteredNIC] {
    var found: [String: FilteredNIC] = [:]
    let alone = profilePlaces.filter { $0.key.groups.count == 1 && $0.key.variant.parameters.isEmpty }
      .map { profiles[$0.value] }.sorted { $0.name < $1.name }
    for profile in alone {
      let name = composer.groups[profile.groups[0]].name
      if found[name] != nil { continue }
      let nic = NIC(
        machine: name, mac: FilteredNIC.placeholderMAC, addresses: FilteredNIC.placeholderAddresses,
        network: profile.scope.network?.name)
      found[name] = FilteredNIC(
        nic: nic, groups: [name], reference: reference(for: nic, profile), isPlaceholder: true)
    }
    for group in policy.nativeGroups {
      let nic = NIC(
        machine: group.name.value, mac: FilteredNIC.placeholderMAC, addresses: FilteredNIC.placeholderAddresses)
      found[group.name.value] = FilteredNIC(
        nic: nic, groups: [group.name.value], reference: group.reference, isPlaceholder: true)
    }
    return found
  }

  func scope(of nic: NIC, subject: String) -> Scope {
    Scope(
      network: nic.network.flatMap { composer.resolver.peers.checker.names.networks[$0] },
      machineParameters: policy.machineParameters[nic.machine] ?? [:], subject: subject)
  }

  mutating func checkNames(of test: PolicyTest) {
    composer.resolver.peers.checker.check(test.peers)
    composer.resolver.peers.checker.check(test.traffic)
  }
}

extension RuleResolver {
  /// What traffic of a test is, from anywhere to anywhere; nil where something is wrong, which is then reported.
  mutating func regions(of items: [Located<Traffic>]) -> [PacketRegion]? {
    traffic.resolve(items, Scope(), &peers)
  }
}
