// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// What a port has of filters before and after a change.
public struct TrafficTransition: Sendable, Hashable {
  /// nil for a group that has no VM here: its rules speak for themselves.
  public var interface: InterfaceName?
  /// Whose policy it is, by name; empty where no group speaks of it.
  public var groups: [String]
  /// nil: no filter, everything passes.
  public var before: FilterReference?
  /// nil: no filter, everything passes.
  public var after: FilterReference?

  public init(
    interface: InterfaceName?, groups: [String], before: FilterReference?, after: FilterReference?
  ) {
    self.interface = interface
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
    let changed = changedReach(observed)
    var replaced: [String: FilterReference?] = [:]
    for step in steps {
      switch step {
      case .interface(let change):
        let key = Self.key(change.machine, change.mac)
        if change.isLive || replaced[key] == nil { replaced[key] = .some(change.after.reference) }
      case .port(let change):
        if let mac = (change.after ?? change.before)?.mac {
          replaced[Self.key(change.machine, mac)] = .some(change.after?.reference)
        }
      case .filter: break
      }
    }
    return ports(of: observed).compactMap { port in
      let after = replaced[Self.key(port.name.machine, port.name.mac)] ?? port.reference
      guard after != port.reference || after.map({ changed.contains($0.filter) }) ?? false else { return nil }
      let wish = wishes.wish(machine: port.name.machine, mac: port.name.mac)
      return TrafficTransition(
        interface: port.name, groups: wish?.groups ?? [], before: port.reference, after: after)
    }
  }

  private static func key(_ machine: String, _ mac: MACAddress) -> String { "\(machine) \(mac)" }

  private func ports(of observed: ObservedHost) -> [(name: InterfaceName, reference: FilterReference?)] {
    var seen: Set<String> = []
    var ports: [(name: InterfaceName, reference: FilterReference?)] = []
    for machine in observed.machines {
      for interface in machine.interfaces where interface.carriesFilters {
        seen.insert(Self.key(machine.name, interface.mac))
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
    for binding in observed.bindings where seen.insert(Self.key(binding.ownerName, binding.mac)).inserted {
      let name = InterfaceName(machine: binding.ownerName, mac: binding.mac, device: binding.device)
      ports.append((name, binding.reference))
    }
    // Ports that libvirt does not run have no filter before the first.
    for case .port(let change) in steps {
      guard let binding = change.after, seen.insert(Self.key(change.machine, binding.mac)).inserted else { continue }
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
