// SPDX-License-Identifier: Apache-2.0

public import FilterModel
public import PacketPath

/// What becomes different for packets when filters change: exact, by groups and interfaces.
public struct TrafficReport: Sendable, Hashable {
  /// Interfaces for which the same becomes different, and the groups that they are in.
  public struct Item: Sendable, Hashable {
    /// By name; empty for interfaces that no group speaks of.
    public var groups: [String]
    /// By VM; empty for a group without a VM.
    public var interfaces: [InterfaceName]
    /// Whether the interfaces had no filter before.
    public var isFirstFilter: Bool
    /// Whether they have none afterwards.
    public var isLastFilter: Bool
    /// Examples in it are of the first of the interfaces.
    public var change: TrafficChange
  }

  /// What cannot be told of an interface or a group, and why.
  public struct Unknown: Sendable, Hashable {
    public var groups: [String]
    public var interface: InterfaceName?
    /// In words, such as `filter a needs filter b, which is not there`.
    public var reason: String
  }

  /// In the order of groups.
  public var items: [Item] = []
  public var unknown: [Unknown] = []
  /// Interfaces with another filter, or other rules in it, whose packets meet the same ends as before.
  public var unchanged: [InterfaceName] = []
  /// Groups that were not there before, and say nothing yet of a VM that was; by name.
  public var newGroups: [String] = []
  /// Groups that are gone, by name.
  public var removedGroups: [String] = []
  /// VMs that were not known before, of which there is nothing to compare; by name.
  public var newMachines: [String] = []
  /// VMs that are no longer known, by name.
  public var removedMachines: [String] = []

  /// Whether it is known that no packet meets another end than before.
  public var isNone: Bool { items.isEmpty && unknown.isEmpty }

  /// No filter changes.
  public init() {}

  /// - Parameters:
  ///   - before: filters by name, those that are referred to among them.
  ///   - after: as `before`.
  public init(_ transitions: [TrafficTransition], before: [String: Filter], after: [String: Filter]) {
    var places: [Key: Int] = [:]
    for transition in transitions {
      let change: TrafficChange
      do throws(KernelProgramError) {
        func program(
          _ reference: FilterReference?, _ filters: [String: Filter]
        ) throws(KernelProgramError) -> KernelProgram? {
          guard let reference else { return nil }
          return try KernelProgram(
            reference, mac: transition.mac, addresses: transition.addresses, filters: filters)
        }
        let from = try program(transition.before, before)
        let to = try program(transition.after, after)
        let own = OwnAddresses(mac: transition.mac, addresses: transition.addresses.map { AddressRange($0) })
        change = trafficChange(from: from, to: to, own: own)
      } catch {
        unknown.append(
          Unknown(groups: transition.groups, interface: transition.interface, reason: error.description))
        continue
      }
      if change.isNone {
        if let interface = transition.interface { unchanged.append(interface) }
        continue
      }
      let key = Key(
        groups: transition.groups, hasFilters: [transition.before != nil, transition.after != nil],
        parts: change.parts.map(Key.Part.init))
      if let place = places[key] {
        if let interface = transition.interface { items[place].interfaces.append(interface) }
      } else {
        places[key] = items.count
        items.append(
          Item(
            groups: transition.groups, interfaces: transition.interface.map { [$0] } ?? [],
            isFirstFilter: transition.before == nil, isLastFilter: transition.after == nil, change: change))
      }
    }
    items.sort { $0.groups.lexicographicallyPrecedes($1.groups) }
  }

  /// What makes changes one item: all but the examples, which have addresses of their own.
  private struct Key: Hashable {
    struct Part: Hashable {
      var traffic: TrafficChange.Traffic
      var begins: Way
      var topologies: [Topology]
      var from: FlowOutcome
      var to: FlowOutcome
      var families: [[AddressFamily]]
      var fields: [[Field: IntervalSet<UInt128>]]
      var memberships: [[SetLookup: Bool]]

      init(_ part: TrafficChange.Part) {
        traffic = part.traffic
        begins = part.begins
        topologies = part.topologies
        from = part.from
        to = part.to
        families = part.boxes.boxes.map(\.families)
        fields = part.boxes.boxes.map(\.fields)
        memberships = part.boxes.boxes.map(\.memberships)
      }
    }

    var groups: [String]
    var hasFilters: [Bool]
    var parts: [Part]
  }
}

extension Plan {
  /// What the plan changes for packets of the host's VMs.
  public func traffic(_ request: PlanRequest) -> TrafficReport {
    TrafficReport(
      transitions(request), before: request.observed.filtersByName, after: filtersAfter(request.observed))
  }
}
