// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// What a port has of filters before and after a change.
public struct TrafficTransition: Sendable, Hashable {
  /// nil for a group that has no VM here: its rules speak for themselves.
  public var interface: InterfaceName?
  /// Of the interface, or one that stands for those that a group may have.
  public var mac: MACAddress
  /// The port's own, which tell ordinary traffic from spoofed; where there are none, all is ordinary.
  public var addresses: [IPAddress]
  /// Whose policy it is, by name; empty where no group speaks of it.
  public var groups: [String]
  /// nil: no filter, everything passes.
  public var before: FilterReference?
  /// nil: no filter, everything passes.
  public var after: FilterReference?

  public init(
    interface: InterfaceName?, mac: MACAddress, addresses: [IPAddress], groups: [String], before: FilterReference?,
    after: FilterReference?
  ) {
    self.interface = interface
    self.mac = mac
    self.addresses = addresses
    self.groups = groups
    self.before = before
    self.after = after
  }
}

extension Plan {
  /// The filters of a host when the plan is done, those that libvirt can no longer read left out.
  func filtersAfter(_ observed: ObservedHost) -> [String: Filter] {
    var filters = observed.filtersByName
    for case .filter(let change) in steps { filters[change.name] = change.after?.filter }
    return filters
  }

  /// The ports whose filters the plan changes, themselves or by what they include; in the order of VMs.
  ///
  /// Of a running VM what it runs with counts, not its stored configuration.
  func transitions(_ request: PlanRequest) -> [TrafficTransition] {
    let observed = request.observed
    let wishes = InterfaceWishes(request.desired)
    let addresses = Dictionary(
      request.desired.interfaces.map { (Port(machine: $0.machine, mac: $0.mac), $0.addresses) },
      uniquingKeysWith: { first, _ in first })
    let changed = changedReach(observed)
    var replaced: [Port: FilterReference?] = [:]
    for step in steps {
      switch step {
      case .interface(let change):
        let port = Port(machine: change.machine, mac: change.mac)
        if change.isLive || replaced[port] == nil { replaced[port] = .some(change.after.reference) }
      case .port(let change):
        if let mac = (change.after ?? change.before)?.mac {
          replaced[Port(machine: change.machine, mac: mac)] = .some(change.after?.reference)
        }
      case .filter: break
      }
    }
    return ports(of: observed).compactMap { port in
      let key = Port(machine: port.name.machine, mac: port.name.mac)
      let after = replaced[key] ?? port.reference
      guard after != port.reference || after.map({ changed.contains($0.filter) }) ?? false else { return nil }
      let wish = wishes.wish(machine: port.name.machine, mac: port.name.mac)
      return TrafficTransition(
        interface: port.name, mac: port.name.mac, addresses: addresses[key] ?? [], groups: wish?.groups ?? [],
        before: port.reference, after: after)
    }
  }

  private struct Port: Hashable {
    var machine: String
    var mac: MACAddress
  }

  private func ports(of observed: ObservedHost) -> [(name: InterfaceName, reference: FilterReference?)] {
    var seen: Set<Port> = []
    var ports: [(name: InterfaceName, reference: FilterReference?)] = []
    for machine in observed.machines {
      for interface in machine.interfaces where interface.carriesFilters {
        seen.insert(Port(machine: machine.name, mac: interface.mac))
        let reference: FilterReference?
        switch (interface.live, interface.config) {
        case (.present(let live), _): reference = live
        case (.absent, .present(let config)): reference = config
        case (.absent, .absent): continue
        }
        ports.append(
          (InterfaceName(machine: machine.name, mac: interface.mac, device: interface.device), reference))
      }
    }
    for binding in observed.bindings where seen.insert(Port(machine: binding.ownerName, mac: binding.mac)).inserted {
      let name = InterfaceName(machine: binding.ownerName, mac: binding.mac, device: binding.device)
      ports.append((name, binding.reference))
    }
    // Ports that libvirt does not run have no filter before the first.
    for case .port(let change) in steps {
      guard let binding = change.after, seen.insert(Port(machine: change.machine, mac: binding.mac)).inserted else {
        continue
      }
      ports.append((InterfaceName(machine: change.machine, mac: binding.mac, device: change.device), nil))
    }
    return ports
  }

  /// Names of filters that are not what they were, or include one that is not.
  private func changedReach(_ observed: ObservedHost) -> Set<String> {
    let changed = Set(
      steps.compactMap { step -> String? in if case .filter(let change) = step { change.name } else { nil } })
    guard !changed.isEmpty else { return [] }
    let graph = ReferenceGraph(filtersAfter(observed).values)
    let roots = Set(observed.filters.map(\.name)).union(changed)
    return roots.filter { !graph.closure(of: $0).isDisjoint(with: changed) }
  }
}

extension ObservedHost {
  var filtersByName: [String: Filter] {
    Dictionary(
      filters.compactMap { seen in seen.filter.map { (seen.name, $0) } }, uniquingKeysWith: { first, _ in first })
  }
}
