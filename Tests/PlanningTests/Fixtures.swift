// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Planning

let identity = Identity(project: "acme")
let nowhere = SourceRange(
  file: "policies/a.yaml", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 2))
let marker = Marker(repositoryID: "6f1c", commit: "abc", digest: "d1")

func rule(_ action: Action = .accept, _ direction: Direction = .in, port: UInt32? = nil) -> Filter.Entry {
  var match = Match(.tcp)
  if let port, let index = FilterProtocol.tcp.attributes.firstIndex(where: { $0.name == "dstportstart" }) {
    match.set(index, .number(port))
  }
  return .rule(Rule(action, direction, match: match))
}

func variableRule(_ name: String, protocol filterProtocol: FilterProtocol = .ip, attribute: String = "srcipaddr")
  -> Filter.Entry
{
  var match = Match(filterProtocol)
  if let index = filterProtocol.attributes.firstIndex(where: { $0.name == attribute }) {
    match.set(index, .variable(VariableReference(name)))
  }
  return .rule(Rule(.accept, .out, match: match))
}

func include(_ name: String, _ parameters: [String: [String]] = [:]) -> Filter.Entry {
  .reference(FilterReference(name, parameters: parameters))
}

func wanted(_ name: String, _ entries: [Filter.Entry] = [rule()], adopts: Bool = false) -> DesiredFilter {
  DesiredFilter(
    Filter(name: name, entries: entries), adopts: adopts, origin: nowhere,
    entryOrigins: entries.map { _ in nowhere })
}

func desired(
  _ filters: [DesiredFilter] = [], _ attachments: [DesiredAttachment] = [], ports: [DesiredPort] = []
) -> DesiredState {
  DesiredState(
    identity: identity, repositoryID: "6f1c", filters: filters.sorted { $0.filter.name < $1.filter.name },
    attachments: attachments, ports: ports)
}

func group(_ name: String, _ machines: [String], _ reference: FilterReference) -> DesiredAttachment {
  DesiredAttachment(group: name, machines: machines.map { NamePattern($0) }, reference: reference, origin: nowhere)
}

func observed(
  _ filters: [ObservedFilter] = [], _ machines: [ObservedMachine] = [], _ bindings: [ObservedBinding] = [],
  enforcement: Enforcement = Enforcement(ipv4: .on, ipv6: .on)
) -> ObservedHost {
  ObservedHost(
    name: "kvm1", uri: "qemu:///system", libvirtVersion: "9.0.0", filters: filters.sorted { $0.name < $1.name },
    machines: machines, bindings: bindings, enforcement: enforcement)
}

/// A filter on the host; ours unless it gets another UUID.
func present(_ name: String, _ entries: [Filter.Entry] = [rule()], uuid: ObjectUUID? = nil) -> ObservedFilter {
  let uuid = uuid ?? identity.uuid(ofFilter: name)
  return ObservedFilter(
    name: name, uuid: uuid, xml: "<filter name='\(name)'/>", filter: Filter(name: name, uuid: uuid, entries: entries))
}

let foreign = ObjectUUID(high: 1, low: 2)

func machine(
  _ name: String, live: FilterReference?? = .some(nil), config: FilterReference?? = .some(nil),
  type: String = "bridge", carriesFilters: Bool = true
) -> ObservedMachine {
  func presence(_ reference: FilterReference??) -> ObservedInterface.Presence {
    reference.map { .present($0) } ?? .absent
  }
  return ObservedMachine(
    name: name, uuid: ObjectUUID(high: 7, low: UInt64(name.utf8.reduce(0) { $0 &* 31 &+ UInt64($1) })),
    isRunning: live != nil, isPersistent: config != nil,
    interfaces: [
      ObservedInterface(
        mac: MACAddress(bits: 0x5254_0000_0001), type: type, carriesFilters: carriesFilters,
        device: live == nil ? nil : "vnet-\(name)", live: presence(live), config: presence(config))
    ])
}

func plan(_ desired: DesiredState, _ observed: ObservedHost, takesOver: Bool = false) -> Plan {
  Plan(PlanRequest(desired: desired, observed: observed, marker: marker, takesOver: takesOver))
}

/// The steps in short words, in order.
func words(_ plan: Plan) -> [String] {
  plan.steps.map { step in
    switch step {
    case .filter(let change): "\(change.kind.rawValue) \(change.name)"
    case .interface(let change):
      "\(change.machine): \(change.before.reference?.summary ?? "none") -> \(change.after.reference?.summary ?? "none")"
        + (change.isLive ? " live" : "") + (change.isConfig ? " config" : "")
    case .port(let change):
      "\(change.device): \(change.before?.reference.summary ?? "none") -> \(change.after?.reference.summary ?? "none")"
    }
  }
}

func codes(_ diagnostics: [Diagnostic]) -> [String] { diagnostics.map(\.code.rawValue) }
