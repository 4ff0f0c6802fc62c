// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

extension Plan {
  /// The plan that follows from what is wanted and what is there.
  ///
  /// A pure function: no clock, no history, no order of hash tables. Carried out, it makes the next plan empty.
  public init(_ request: PlanRequest) {
    let filters = FilterPlanner(request)
    let catalogue = FilterCatalogue(filters.finalFilters)
    var interfaces = InterfacePlanner(request, catalogue)
    interfaces.plan()
    let pruning = Pruning(request, filters, interfaces)
    let order = StepOrder(
      filters, attachments: interfaces.steps, deletions: pruning.steps, observed: request.observed, after: catalogue)
    let weakened = Protection.losses(interfaces.transitions, request, after: catalogue)
    self.init(
      host: request.observed.name, uri: request.observed.uri, project: request.desired.identity.project,
      steps: order.steps, marker: filters.marker,
      problems: filters.problems + interfaces.problems + order.problems,
      warnings: interfaces.warnings + pruning.warnings,
      unprotected: (interfaces.unprotected + weakened.map(\.interface)).sorted(),
      notEnforced: interfaces.enforcementGaps(request.observed.enforcement),
      ownedFilters: filters.ownedCount)
    self.weakened = weakened
    exposures = interfaces.exposures.sorted { $0.interface < $1.interface }
    notFiltered = interfaces.notFiltered.sorted { $0.interface < $1.interface }
    isPolicyEmpty = request.desired.isEmpty
    cost = Cost(steps: steps, observed: request.observed)
    problems += variableProblems(catalogue, request) + Self.duplicateAddresses(request)
  }

  /// libvirt finds the interface to change by its address alone, so that it would change the first of them for ever.
  private static func duplicateAddresses(_ request: PlanRequest) -> [Diagnostic] {
    let wishes = InterfaceWishes(request.desired)
    return request.observed.machines.compactMap { machine in
      var seen: Set<MACAddress> = []
      let carriers = machine.interfaces.filter(\.carriesFilters)
      guard let twice = carriers.first(where: { !seen.insert($0.mac).inserted })?.mac,
        let wish = wishes.wish(machine: machine.name, mac: twice)
      else { return nil }
      return Diagnostic(
        "duplicate-mac", "\(machine.name) has two interfaces with the address \(twice): libvirt cannot tell them apart",
        at: wish.origin,
        hint: "give one of them another address with 'virsh edit \(machine.name)', or leave it out of group "
          + wish.groupText)
    }
  }

  /// A changed filter must still bind to every port that uses it, or libvirt refuses the change as a whole.
  private func variableProblems(_ catalogue: FilterCatalogue, _ request: PlanRequest) -> [Diagnostic] {
    let changed = Set(
      steps.compactMap { step -> String? in
        if case .filter(let change) = step, change.kind == .change { change.name } else { nil }
      })
    let planned = Set(
      steps.compactMap { step -> String? in
        switch step {
        case .port(let change): change.device
        case .interface(let change): change.device
        case .filter: nil
        }
      })
    return request.observed.bindings.flatMap { binding -> [Diagnostic] in
      guard !planned.contains(binding.device),
        !catalogue.graph.closure(of: binding.reference.filter).isDisjoint(with: changed)
      else { return [] }
      return catalogue.variableProblems(of: binding.reference).map {
        Diagnostic(
          "unbindable",
          "\(binding.ownerName) (\(binding.device)) could no longer use \(binding.reference.filter): \($0)",
          hint: "libvirt would refuse the change for every VM of \(request.observed.name)")
      }
    }
  }
}

/// Which filters are created and changed, and which names are in the way.
struct FilterPlanner {
  private let desired: DesiredState
  private let observed: ObservedHost
  private let observedByName: [String: ObservedFilter]
  /// Leaves first. New filters come before all else: libvirt refuses every change while a filter that a port uses is missing,
  /// and builds nothing for a new one.
  private(set) var creations: [Step] = []
  /// Leaves first.
  private(set) var changes: [FilterChange] = []
  private(set) var problems: [Diagnostic] = []
  private(set) var marker: FilterChange?
  /// Every filter that the host will have before anything is deleted.
  private(set) var finalFilters: [Filter] = []
  /// Names that the policy has, and the host may not lose.
  let desiredNames: Set<String>
  let ownedCount: Int

  init(_ request: PlanRequest) {
    desired = request.desired
    observed = request.observed
    observedByName = Dictionary(observed.filters.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    desiredNames = Set(desired.filters.map(\.filter.name))
    let identity = desired.identity
    ownedCount = observed.filters.count {
      identity.owns(filter: $0.name, uuid: $0.uuid) && $0.name != identity.markerName
    }
    checkRepository(request)
    planFilters()
    planMarker(request.marker)
  }

  private mutating func planFilters() {
    var byName: [String: Filter] = [:]
    for seen in observed.filters { byName[seen.name] = seen.filter }
    var changes: [String: FilterChange] = [:]
    for wanted in desired.filters {
      guard let change = change(for: wanted, &byName) else { continue }
      changes[change.name] = change
    }
    let ordered = ReferenceGraph(desired.filters.map(\.filter)).leavesFirst().compactMap { changes[$0] }
    creations = ordered.filter { $0.kind == .create }.map(Step.filter)
    self.changes = ordered.filter { $0.kind == .change }
    for wanted in desired.filters {
      for (entry, origin) in zip(wanted.filter.entries, wanted.entryOrigins) {
        guard case .reference(let reference) = entry, byName[reference.filter] == nil,
          observedByName[reference.filter] == nil
        else { continue }
        problems.append(missing(reference.filter, neededBy: "filter \(wanted.filter.name)", at: origin))
      }
    }
    finalFilters = byName.keys.sorted().compactMap { byName[$0] }
  }

  private mutating func change(for wanted: DesiredFilter, _ byName: inout [String: Filter]) -> FilterChange? {
    var filter = wanted.filter
    let name = filter.name
    let ours = desired.identity.uuid(ofFilter: name)
    let present = observedByName[name]
    let isOurs = present.map { $0.uuid == ours } ?? true
    if let present, !isOurs, !wanted.adopts || observed.filters.project(owning: present) != nil {
      problems.append(nameTaken(present, at: wanted.origin))
      return nil
    }
    filter.uuid = present?.uuid ?? ours
    byName[name] = filter
    if present?.filter == filter { return nil }
    if present == nil, let holder = observed.filters.first(where: { $0.uuid == ours }) {
      problems.append(
        Diagnostic(
          "uuid-taken", "filter \(holder.name) on \(observed.name) has the UUID \(ours) that belongs to \(name)",
          at: wanted.origin, hint: "undefine \(holder.name) on the host, or give it another UUID"))
      return nil
    }
    return FilterChange(
      name: name, uuid: present?.uuid ?? ours,
      before: present.map { FilterChange.State(filter: $0.filter, xml: $0.xml) },
      after: FilterChange.State(filter: filter), origin: wanted.origin, sources: wanted.entrySources)
  }

  private func nameTaken(_ present: ObservedFilter, at origin: SourceRange) -> Diagnostic {
    let isStock = FilterName.stock.contains(present.name)
    let owner = observed.filters.project(owning: present)
    let whose =
      isStock
      ? "it is one of libvirt's own"
      : owner.map { "it belongs to the nwfleet project \($0)" } ?? "nwfleet did not make it"
    return Diagnostic(
      "name-taken", "\(observed.name) already has a filter \(present.name) with UUID \(present.uuid): \(whose)",
      at: origin,
      hint: isStock
        ? "libvirt's own filters are never taken over; choose another name"
        : owner != nil
          ? "choose another name, or destroy that project's filters first"
          : "choose another name, or take it over with 'nwfleet adopt \(present.name)'")
  }

  private func missing(_ name: String, neededBy what: String, at origin: SourceRange?) -> Diagnostic {
    Diagnostic(
      "missing-filter", "\(what) needs filter \(name), which \(observed.name) does not have", at: origin,
      hint: FilterName.stock.contains(name)
        ? "install libvirt's stock filters there (Debian: libvirt-daemon-config-nwfilter)" : "add it to the policy")
  }

  /// Two repositories must not take each other's filters for leftovers of their own.
  private mutating func checkRepository(_ request: PlanRequest) {
    guard let present = observedByName[desired.identity.markerName]?.filter, let found = Marker(present),
      found.repositoryID != desired.repositoryID, !request.takesOver
    else { return }
    problems.append(
      Diagnostic(
        "other-repository",
        "\(observed.name) is run from another repository of project \(desired.identity.project) (id \(found.repositoryID))",
        hint: "if this repository replaces that one, say --take-over"))
  }

  private mutating func planMarker(_ wanted: Marker) {
    let filter = wanted.filter(for: desired.identity)
    let present = observedByName[filter.name]
    guard !desired.isEmpty, present?.filter != filter else { return }
    marker = FilterChange(
      name: filter.name, uuid: desired.identity.uuid(ofFilter: filter.name),
      before: present.map { FilterChange.State(filter: $0.filter, xml: $0.xml) },
      after: FilterChange.State(filter: filter))
  }
}
