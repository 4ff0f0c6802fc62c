// SPDX-License-Identifier: Apache-2.0

import FilterModel
import Planning

/// How each interface stands to the policy, in one word.
struct InterfaceStates {
  private let plan: Plan
  private let request: PlanRequest
  private let wishes: InterfaceWishes

  init(_ session: PlanSession) {
    plan = session.plan
    request = session.request
    wishes = InterfaceWishes(session.request.desired)
  }

  func wish(_ machine: String, _ mac: MACAddress) -> InterfaceWish? { wishes.wish(machine: machine, mac: mac) }

  func state(of interface: ObservedInterface, in machine: ObservedMachine) -> String {
    let name = InterfaceName(machine: machine.name, mac: interface.mac, device: interface.device)
    let references = [interface.live, interface.config].compactMap { presence -> FilterReference? in
      if case .present(let reference) = presence { reference } else { nil }
    }
    if let state = planned(name) { return state }
    if !interface.carriesFilters { return "cannot-filter" }
    return state(name, references, isForeign: false)
  }

  func state(of port: DesiredPort, _ binding: ObservedBinding?) -> String {
    let name = InterfaceName(machine: port.machine, mac: port.mac, device: port.device)
    let isForeign = binding.map { $0.ownerUUID != request.desired.identity.uuid(ofPort: port.device) } ?? false
    return planned(name)
      ?? state(
        name, (binding?.reference).map { [withoutLearned($0, wish(port.machine, port.mac))] } ?? [],
        isForeign: isForeign)
  }

  /// The state of an interface that the plan changes: one that has nothing yet has not drifted.
  private func planned(_ name: InterfaceName) -> String? {
    for step in plan.steps {
      switch step {
      case .interface(let change) where change.machine == name.machine && change.mac == name.mac:
        return change.before.reference == nil ? "missing" : "drifted"
      case .port(let change) where change.machine == name.machine && change.device == name.device:
        return change.before == nil ? "missing" : "drifted"
      default: break
      }
    }
    return nil
  }

  private func state(_ name: InterfaceName, _ references: [FilterReference], isForeign: Bool) -> String {
    if plan.notFiltered.contains(where: { $0.interface == name }) { return "cannot-filter" }
    guard !references.isEmpty else { return "unfiltered" }
    guard let wanted = wish(name.machine, name.mac)?.reference else { return "foreign" }
    let owner = FilterReference.ownerParameter
    // What differs and is not in the plan is not the project's to change.
    if isForeign || references.contains(where: { without([owner], $0) != without([owner], wanted) }) {
      return "foreign"
    }
    switch plan.notEnforced.first(where: { $0.interface == name })?.state {
    case .off: return "not-enforced"
    case .unknown: return "enforcement-unknown"
    default: return "in-sync"
    }
  }

  /// A binding's reference without what libvirt adds to it by itself.
  private func withoutLearned(_ reference: FilterReference, _ wish: InterfaceWish?) -> FilterReference {
    let given = wish?.reference.parameters ?? [:]
    return without(["MAC", "IP"].filter { given[$0] == nil }, reference)
  }

  private func without(_ names: [String], _ reference: FilterReference) -> FilterReference {
    var reference = reference
    for name in names { reference.parameters[name] = nil }
    return reference
  }
}
