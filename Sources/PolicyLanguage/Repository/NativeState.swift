// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
public import FilterModel

extension LoadResult {
  /// What the policy says in terms of nwfilter itself: filters, groups that have one, ports; nil where anything is wrong.
  public var desired: DesiredState? {
    guard let policy else { return nil }
    let attachments = policy.nativeGroups.map { group in
      var machines = group.selector.names
      if !group.selector.labels.isEmpty {
        // Labels are facts of the inventory: what they select is known by name.
        machines = inventory.machines.filter { group.selector.selects($0.name, labels: $0.labels) }
          .map { NamePattern($0.name) }
      }
      return DesiredAttachment(
        group: group.name.value, machines: machines, reference: group.reference, origin: group.name.range)
    }
    let ports = inventory.machines.flatMap { machine in
      machine.interfaces.compactMap { interface in
        interface.port.map {
          DesiredPort(machine: machine.name, device: $0, mac: interface.mac, host: machine.host)
        }
      }
    }
    return DesiredState(
      identity: policy.identity, repositoryID: policy.repositoryID, filters: policy.filters, attachments: attachments,
      ports: ports)
  }
}
