// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Planning

/// What a host would look like after steps, as far as a plan can see it; the live tests show that libvirt agrees.
func applying(_ steps: [Step], to host: ObservedHost) -> ObservedHost {
  var host = host
  for step in steps {
    switch step {
    case .filter(let change):
      host.filters.removeAll { $0.name == change.name }
      if let after = change.after, let filter = after.filter {
        host.filters.append(ObservedFilter(name: change.name, uuid: change.uuid, xml: "", filter: filter))
      }
    case .interface(let change):
      for machine in host.machines.indices where host.machines[machine].uuid == change.uuid {
        for place in host.machines[machine].interfaces.indices
        where host.machines[machine].interfaces[place].mac == change.mac {
          if change.isLive { host.machines[machine].interfaces[place].live = .present(change.after.reference) }
          if change.isConfig { host.machines[machine].interfaces[place].config = .present(change.after.reference) }
          guard change.isLive, let device = change.device else { continue }
          host.bindings.removeAll { $0.device == device }
          if let reference = change.after.reference {
            host.bindings.append(
              ObservedBinding(
                device: device, ownerName: change.machine, ownerUUID: change.uuid, mac: change.mac,
                reference: reference))
          }
        }
      }
    case .port(let change):
      host.bindings.removeAll { $0.device == change.device }
      if var after = change.after {
        after.reference.parameters["MAC"] = [after.mac.description]
        host.bindings.append(after)
      }
    }
  }
  host.filters.sort { $0.name < $1.name }
  host.bindings.sort { $0.device < $1.device }
  return host
}
