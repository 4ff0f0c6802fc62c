// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// Which interfaces and ports get which filter.
struct InterfacePlanner {
  private let desired: DesiredState
  private let observed: ObservedHost
  private let catalogue: FilterCatalogue
  private let wishes: InterfaceWishes
  /// Filters of the policy that need no owner's name beside them: their UUID tells it.
  private let ownFilters: Set<String>
  /// What groups want as a whole, which is checked once for each of them.
  private let attached: Set<FilterReference>
  private(set) var steps: [Step] = []
  private(set) var problems: [Diagnostic] = []
  private(set) var warnings: [Diagnostic] = []
  private(set) var unprotected: [InterfaceName] = []
  private(set) var notFiltered: [FilterGap] = []
  /// What reaches VMs of the host one way although the policy denies it.
  private(set) var exposures: [OneWayExposure] = []
  /// What interfaces of VMs and declared ports have now, and when the plan is done.
  private(set) var transitions: [(interface: InterfaceName, before: String, after: String)] = []
  /// What interfaces, stored configurations and bindings refer to when the plan is done.
  private(set) var finalReferences: Set<String> = []
  /// Interfaces at work with a filter of the policy when the plan is done.
  private var enforced: [(interface: InterfaceName, filter: String)] = []

  /// The repositories whose references are the project's: this one, and one that it takes over.
  private let owners: Set<[String]>
  private let presentUUIDs: [String: ObjectUUID]
  /// By port device.
  private let bindings: [String: ObservedBinding]

  init(_ request: PlanRequest, _ catalogue: FilterCatalogue) {
    desired = request.desired
    observed = request.observed
    self.catalogue = catalogue
    wishes = InterfaceWishes(request.desired)
    ownFilters = Set(request.desired.filters.filter { !$0.adopts }.map(\.filter.name))
    attached = Set(request.desired.attachments.map(\.reference))
    var owners: Set<[String]> = [[request.desired.repositoryID]]
    let name = request.desired.identity.markerName
    if request.takesOver, let marker = observed.filters.first(where: { $0.name == name })?.filter.flatMap(Marker.init) {
      owners.insert([marker.repositoryID])
    }
    self.owners = owners
    presentUUIDs = Dictionary(observed.filters.map { ($0.name, $0.uuid) }, uniquingKeysWith: { first, _ in first })
    bindings = Dictionary(observed.bindings.map { ($0.device, $0) }, uniquingKeysWith: { first, _ in first })
  }

  mutating func plan() {
    for machine in observed.machines {
      for interface in machine.interfaces {
        plan(interface, of: machine, wish(for: machine.name, interface.mac))
      }
    }
    planPorts()
    for attachment in desired.attachments { check(attachment) }
  }

  // MARK: Selection

  /// What the groups of an interface want; those that disagree are a problem, once for a VM.
  private mutating func wish(for machine: String, _ mac: MACAddress) -> InterfaceWish? {
    switch wishes.answer(machine: machine, mac: mac) {
    case .nothing: return nil
    case .wish(let wish): return wish
    case .conflict(let problem):
      if !problems.contains(problem) { problems.append(problem) }
      return nil
    }
  }

  /// The reference as it is put on an interface, with the owner's name where the filter does not tell it.
  private func owned(_ reference: FilterReference) -> FilterReference {
    var reference = reference
    if !ownFilters.contains(reference.filter) {
      reference.parameters[FilterReference.ownerParameter] = [desired.repositoryID]
    }
    return reference
  }

  /// Whether the project put a reference where it is.
  private func isOurs(_ reference: FilterReference) -> Bool {
    if let owner = reference.parameters[FilterReference.ownerParameter], owners.contains(owner) { return true }
    return presentUUIDs[reference.filter].map { desired.identity.owns(filter: reference.filter, uuid: $0) } ?? false
  }

  /// Whether a reference that stays as it is carries the name of a repository that is taken over.
  private func isToBeTagged(_ current: FilterReference?, _ wanted: FilterReference?) -> Bool {
    guard let owner = current?.parameters[FilterReference.ownerParameter] else { return false }
    return wanted != nil && owner != [desired.repositoryID] && owners.contains(owner)
  }

  /// Whether two references make the same rules; the owner's name does not.
  private static func agree(_ left: FilterReference?, _ right: FilterReference?) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    func bare(_ reference: FilterReference) -> FilterReference {
      var reference = reference
      reference.parameters[FilterReference.ownerParameter] = nil
      return reference
    }
    return bare(left) == bare(right)
  }

  // MARK: Interfaces of VMs

  private mutating func plan(_ interface: ObservedInterface, of machine: ObservedMachine, _ wish: InterfaceWish?) {
    let name = InterfaceName(machine: machine.name, mac: interface.mac, device: interface.device)
    guard interface.carriesFilters else {
      if wish != nil {
        notFiltered.append(
          FilterGap(interface: name, reason: "libvirt puts no filter on an interface of type \(interface.type)"))
      }
      note(interface, name, live: current(interface.live), config: current(interface.config))
      return
    }
    let wanted = wish.map { owned($0.reference) }
    let live = change(interface.live, to: wanted, name, wish)
    let config = change(interface.config, to: wanted, name, wish)
    func step(live isLive: Bool, config isConfig: Bool, _ before: FilterReference?) -> Step {
      .interface(
        InterfaceChange(
          machine: machine.name, uuid: machine.uuid, mac: interface.mac, device: interface.device, isLive: isLive,
          isConfig: isConfig, before: .init(before), after: .init(wanted), group: wish?.groupText))
    }
    switch (live, config) {
    case (.from(let before), .from(let same)) where before == same:
      steps.append(step(live: true, config: true, before))
    default:
      if case .from(let before) = live { steps.append(step(live: true, config: false, before)) }
      if case .from(let before) = config { steps.append(step(live: false, config: true, before)) }
    }
    if wanted == nil, isOpened(live) || isOpened(config) { unprotected.append(name) }
    note(interface, name, live: final(interface.live, live, wanted), config: final(interface.config, config, wanted))
    if let wish, let wanted { note(wish, on: interface, name, wanted) }
    if case .none = live, case .present(let current?) = interface.live, Self.agree(current, wanted), machine.isRunning {
      repairBinding(of: machine, interface, current, wish)
    }
  }

  private mutating func note(
    _ wish: InterfaceWish, on interface: ObservedInterface, _ name: InterfaceName, _ wanted: FilterReference
  ) {
    check(wish, name)
    expose(wish, name)
    let present = current(interface.live) ?? current(interface.config)
    if let present, isOurs(present) { transitions.append((name, present.filter, wanted.filter)) }
  }

  private mutating func expose(_ wish: InterfaceWish, _ name: InterfaceName) {
    if !wish.oneWay.isEmpty { exposures.append(OneWayExposure(interface: name, traffic: wish.oneWay)) }
  }

  private enum Change {
    case none
    case from(FilterReference?)
  }

  private func isOpened(_ change: Change) -> Bool {
    if case .from(.some) = change { true } else { false }
  }

  private func final(
    _ presence: ObservedInterface.Presence, _ change: Change, _ wanted: FilterReference?
  ) -> FilterReference? {
    if case .from = change { return wanted }
    return current(presence)
  }

  private func current(_ presence: ObservedInterface.Presence) -> FilterReference? {
    if case .present(let reference) = presence { reference } else { nil }
  }

  private mutating func change(
    _ presence: ObservedInterface.Presence, to wanted: FilterReference?, _ name: InterfaceName, _ wish: InterfaceWish?
  ) -> Change {
    guard case .present(let current) = presence, !Self.agree(current, wanted) || isToBeTagged(current, wanted) else {
      return .none
    }
    if let current, !isOurs(current) {
      guard let wish else { return .none }
      let problem = Diagnostic(
        "foreign-filterref", "\(name) already has filter \(current.filter), which nwfleet did not put there",
        at: wish.origin,
        hint: "take it off with 'virsh update-device', or leave \(name.machine) out of group \(wish.groupText)")
      if !problems.contains(problem) { problems.append(problem) }
      return .none
    }
    return .from(current)
  }

  private mutating func note(
    _ interface: ObservedInterface, _ name: InterfaceName, live: FilterReference?, config: FilterReference?
  ) {
    for reference in [live, config] {
      if let reference { finalReferences.insert(reference.filter) }
    }
    if let live, interface.device != nil { enforced.append((name, live.filter)) }
  }

  /// A running VM whose binding is gone, or is to another filter, has not the rules that its XML tells of (reference 4.3).
  private mutating func repairBinding(
    of machine: ObservedMachine, _ interface: ObservedInterface, _ reference: FilterReference, _ wish: InterfaceWish?
  ) {
    guard let wish, let device = interface.device else { return }
    let present = bindings[device]
    let binding = ObservedBinding(
      device: device, ownerName: machine.name, ownerUUID: machine.uuid, mac: interface.mac, reference: reference)
    // Whose name the binding carries makes no rule.
    var asOwned = binding
    (asOwned.ownerName, asOwned.ownerUUID) = (present?.ownerName ?? "", present?.ownerUUID ?? machine.uuid)
    if let present, present.serves(asOwned) { return }
    steps.append(
      .port(
        PortChange(machine: machine.name, device: device, before: present, after: binding, group: wish.groupText)))
  }

  // MARK: Ports that libvirt does not run

  private mutating func planPorts() {
    // Where the host goes by a name that the inventory does not know, a port may be its or another's: it is left alone.
    let isKnown = desired.ports.contains { $0.host == observed.name }
    var declared = Set(desired.ports.filter { $0.host != nil && !isKnown }.map(\.device))
    for port in desired.ports where port.host == nil || port.host == observed.name {
      declared.insert(port.device)
      let wish = wish(for: port.machine, port.mac)
      let wanted = wish.map { wish in
        ObservedBinding(
          device: port.device, ownerName: port.machine, ownerUUID: desired.identity.uuid(ofPort: port.device),
          mac: port.mac, reference: wish.reference)
      }
      plan(port, bindings[port.device], wanted, wish)
    }
    let rebound = rebound
    for binding in observed.bindings {
      let isOurs = binding.ownerUUID == desired.identity.uuid(ofPort: binding.device)
      if isOurs, !declared.contains(binding.device) {
        remove(binding, machine: binding.ownerName)
      } else if !rebound.contains(binding.device) {
        finalReferences.insert(binding.reference.filter)
      }
    }
  }

  /// Devices whose binding the steps replace or take away.
  private var rebound: Set<String> {
    Set(
      steps.compactMap { step in
        switch step {
        case .filter: nil
        case .interface(let change): change.isLive ? change.device : nil
        case .port(let change): change.device
        }
      })
  }

  private mutating func plan(
    _ port: DesiredPort, _ present: ObservedBinding?, _ wanted: ObservedBinding?, _ wish: InterfaceWish?
  ) {
    let name = InterfaceName(machine: port.machine, mac: port.mac, device: port.device)
    if let present, present.ownerUUID != desired.identity.uuid(ofPort: port.device) {
      guard let wish else { return }
      problems.append(
        Diagnostic(
          "port-taken", "\(name) is already bound to filter \(present.reference.filter) by \(present.ownerName)",
          at: wish.origin, hint: "delete that binding with 'virsh nwfilter-binding-delete \(port.device)'"))
      return
    }
    guard let wanted, let wish else {
      if let present { remove(present, machine: port.machine) }
      return
    }
    if let devices = observed.devices, !devices.contains(port.device) {
      // libvirt makes a binding for a device that is not there, installs nothing, and never comes back to it.
      notFiltered.append(FilterGap(interface: name, reason: "\(observed.name) has no network device \(port.device)"))
      return
    }
    finalReferences.insert(wanted.reference.filter)
    enforced.append((name, wanted.reference.filter))
    check(wish, name)
    expose(wish, name)
    if let present { transitions.append((name, present.reference.filter, wanted.reference.filter)) }
    if let present, present.serves(wanted) { return }
    steps.append(
      .port(
        PortChange(
          machine: port.machine, device: port.device, before: present, after: wanted, group: wish.groupText)))
  }

  private mutating func remove(_ binding: ObservedBinding, machine: String) {
    unprotected.append(InterfaceName(machine: machine, mac: binding.mac, device: binding.device))
    steps.append(
      .port(PortChange(machine: machine, device: binding.device, before: binding, after: nil, group: nil)))
  }

  // MARK: Checks

  /// What the check of groups with a native filter does not find: the filter of one interface.
  private mutating func check(_ wish: InterfaceWish, _ name: InterfaceName) {
    guard !attached.contains(wish.reference) else { return }
    for missing in catalogue.missing(from: wish.reference.filter) {
      problems.append(
        Diagnostic(
          "missing-filter", "\(name) needs filter \(missing), which \(observed.name) does not have", at: wish.origin))
    }
    for problem in catalogue.variableProblems(of: wish.reference) {
      problems.append(
        Diagnostic("unbindable", "\(name) cannot use filter \(wish.reference.filter): \(problem)", at: wish.origin))
    }
  }

  private mutating func check(_ attachment: DesiredAttachment) {
    let name = attachment.reference.filter
    let machines = Set(observed.machines.map(\.name) + desired.ports.map(\.machine))
    for pattern in attachment.machines where !machines.contains(where: pattern.matches) {
      warnings.append(
        Diagnostic(
          "no-machine", "group \(attachment.group): no VM of \(observed.name) matches '\(pattern.text)'",
          severity: .warning, at: attachment.origin, hint: Suggestion.hint(for: pattern.text, in: machines.sorted())))
    }
    for missing in catalogue.missing(from: name) {
      problems.append(
        Diagnostic(
          "missing-filter", "group \(attachment.group) needs filter \(missing), which \(observed.name) does not have",
          at: attachment.origin))
    }
    for problem in catalogue.variableProblems(of: attachment.reference) {
      problems.append(
        Diagnostic(
          "unbindable", "group \(attachment.group) cannot use filter \(name): \(problem)", at: attachment.origin,
          hint: "give the values under 'parameters:' of the group"))
    }
    if catalogue.learnsAddress(attachment.reference) {
      warnings.append(
        Diagnostic(
          "learned-address", "filter \(name) of group \(attachment.group) uses $IP, and the group gives no IP",
          severity: .warning, at: attachment.origin,
          hint:
            "libvirt learns the address from the VM's own packets, and lets everything in until then; give IP under "
            + "'parameters:'"))
    }
  }

  /// Interfaces with layer-3 rules that the kernel does not look at, or may not.
  func enforcementGaps(_ enforcement: Enforcement) -> [EnforcementGap] {
    enforced.compactMap { interface, filter in
      let counts = catalogue.ruleCounts(of: filter)
      var states: [Enforcement.State: [String]] = [:]
      if counts.ipv4 > 0 { states[enforcement.ipv4, default: []].append("net.bridge.bridge-nf-call-iptables") }
      if counts.ipv6 > 0 { states[enforcement.ipv6, default: []].append("net.bridge.bridge-nf-call-ip6tables") }
      if let off = states[.off] { return EnforcementGap(interface: interface, state: .off, sysctls: off) }
      if let unknown = states[.unknown] {
        return EnforcementGap(interface: interface, state: .unknown, sysctls: unknown)
      }
      return nil
    }.sorted { $0.interface < $1.interface }
  }
}
