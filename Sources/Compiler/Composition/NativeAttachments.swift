// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// Groups with a native filter: attached as they are, with parameters of single VMs filled in.
struct NativeAttachments {
  let policy: Policy
  /// What each filter's rules use, and those of the filters that it includes.
  private let variables: [String: Set<String>]

  /// Variables of the filters that libvirt installs itself (src/nwfilter/xml), and its own control variable.
  private static let stockVariables: Set<String> = [
    "CTRL_IP_LEARNING", "DHCPSERVER", "GATEWAY_MAC", "IP", "IPV6", "IPV6MASK", "IPMASK", "MAC",
  ]

  init(_ policy: Policy) {
    self.policy = policy
    let edges = Dictionary(
      policy.filters.map { ($0.filter.name, $0.filter.references.map(\.filter)) }
    ) { first, _ in first }
    let filters = Dictionary(policy.filters.map { ($0.filter.name, $0.filter) }) { first, _ in first }
    var variables: [String: Set<String>] = [:]
    for name in NameGraph(edges).order {
      guard let filter = filters[name] else { continue }
      var own: Set<String> = []
      for rule in filter.rules {
        for attribute in rule.match?.attributes ?? [] {
          if case .variable(let variable) = attribute.value { own.insert(variable.name) }
        }
      }
      for reference in filter.references {
        own.formUnion((variables[reference.filter] ?? Self.stockVariables).subtracting(reference.parameters.keys))
      }
      variables[name] = own
    }
    self.variables = variables
  }

  /// The reference that a VM gets: its own parameters go before those of the group.
  func reference(of group: NativeGroup, machine: String) -> FilterReference {
    guard let own = policy.machineParameters[machine] else { return group.reference }
    let used = variables[group.reference.filter] ?? Self.stockVariables
    var reference = group.reference
    for (name, parameter) in own where used.contains(name) || reference.parameters[name] != nil {
      reference.parameters[name] = parameter.texts.map(\.value)
    }
    return reference
  }

  /// Parameters that the group's filter uses, or that the group gives.
  func parameters(of group: NativeGroup) -> Set<String> {
    (variables[group.reference.filter] ?? Self.stockVariables).union(group.reference.parameters.keys)
  }

  /// A NIC refers to one filter.
  static func conflict(
    _ subject: String, _ group: NativeGroup, _ other: (name: String, range: SourceRange)
  ) -> Diagnostic {
    Diagnostic(
      "group-conflict",
      "\(subject) is in groups '\(group.name.value)' and '\(other.name)', which want different filters",
      at: group.name.range, expected: "one native filter, or groups with rules",
      hint: "narrow one of the groups, or write the native filter as rules",
      notes: [Diagnostic.Note("group '\(other.name)'", at: other.range)])
  }

  /// - Parameter members: VMs that the group selects, by name.
  func attachments(of group: NativeGroup, members: [Roster.Machine]) -> [DesiredAttachment] {
    func attachment(_ machines: [NamePattern], _ reference: FilterReference) -> DesiredAttachment {
      DesiredAttachment(
        group: group.name.value, machines: machines, reference: reference, origin: group.name.range)
    }
    let references = members.map { reference(of: group, machine: $0.name) }
    if group.selector.labels.isEmpty, references.allSatisfy({ $0 == group.reference }) {
      return [attachment(group.selector.names, group.reference)]
    }
    // Patterns cannot leave a VM out, and know no labels: VMs by their names.
    var names: [FilterReference: [NamePattern]] = [:]
    var order: [FilterReference] = []
    for (machine, reference) in zip(members, references) where machine.isOnHost {
      if names[reference] == nil { order.append(reference) }
      names[reference, default: []].append(NamePattern(machine.name))
    }
    return order.map { attachment(names[$0] ?? [], $0) }
  }
}
