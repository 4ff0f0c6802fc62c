// SPDX-License-Identifier: Apache-2.0

public import FilterModel

/// Writes sections of policy files: what `import` and `init` leave behind. The same text for the same values.
public enum PolicyWriter {
  /// A `filters:` section, in the order given.
  ///
  /// UUIDs are left out: they follow from the project, or from the host where a filter is adopted.
  /// - Parameter adopted: names of filters that get `adopt: true`.
  public static func filters(_ filters: [Filter], adopted: Set<String> = []) -> String {
    var lines = WritingLines()
    guard !filters.isEmpty else { return "filters: {}\n" }
    lines.line("filters:")
    for filter in filters {
      lines.line("\(PolicyText.scalar(filter.name)):", indent: 2)
      if filter.chain != Chain.root { lines.entry("chain", .text(filter.chain), indent: 4) }
      if filter.priority != Chain.defaultPriority(of: filter.chain) {
        if filter.chain == Chain.root { lines.entry("chain", .text(filter.chain), indent: 4) }
        lines.entry("priority", .token(String(filter.priority)), indent: 4)
      }
      if adopted.contains(filter.name) { lines.entry("adopt", .token("true"), indent: 4) }
      if filter.entries.isEmpty {
        lines.line("rules: []", indent: 4)
        continue
      }
      lines.line("rules:", indent: 4)
      for entry in filter.entries { lines.item(node(entry), indent: 6) }
    }
    return lines.text
  }

  /// A `vms:` section, in the order given.
  public static func machines(_ machines: [InventoryMachine]) -> String {
    guard !machines.isEmpty else { return "vms: {}\n" }
    var lines = WritingLines()
    lines.line("vms:")
    for machine in machines { lines.entry(PolicyText.scalar(machine.name), node(machine), indent: 2) }
    return lines.text
  }

  /// The text of a new `nwfleet.yaml`.
  public static func project(name: String, id: String, hosts: [InventoryHost]) -> String {
    var lines = WritingLines()
    lines.line("project: \(PolicyText.scalar(name))")
    lines.line("id: \(PolicyText.scalar(id, quotesNumbers: true))")
    guard !hosts.isEmpty else {
      lines.line("hosts: {}")
      return lines.text
    }
    lines.line("hosts:")
    for host in hosts {
      var entries: [WritingEntry] = [WritingEntry("uri", .text(host.uri))]
      if !host.labels.isEmpty { entries.append(WritingEntry("labels", labels(host.labels))) }
      lines.entry(PolicyText.scalar(host.name), .mapping(entries), indent: 2)
    }
    return lines.text
  }

  // MARK: Values

  private static func node(_ machine: InventoryMachine) -> WritingNode {
    var entries: [WritingEntry] = []
    if let host = machine.host { entries.append(WritingEntry("host", .text(host))) }
    if !machine.labels.isEmpty { entries.append(WritingEntry("labels", labels(machine.labels))) }
    if !machine.interfaces.isEmpty {
      let interfaces = machine.interfaces.map { interface in
        let port = interface.port.map { [WritingEntry("port", .text($0))] } ?? []
        return WritingEntry(PolicyText.scalar(interface.mac.description), .mapping(port))
      }
      entries.append(WritingEntry("nics", .mapping(interfaces)))
    }
    return .mapping(entries)
  }

  private static func labels(_ labels: [String: String]) -> WritingNode {
    .mapping(labels.sorted { $0.key < $1.key }.map { WritingEntry(PolicyText.scalar($0.key), .text($0.value)) })
  }

  /// Sorted by name, as libvirt sorts them.
  static func parameters(_ reference: FilterReference) -> WritingNode {
    let sorted = reference.parameters.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    return .mapping(sorted.map { WritingEntry(PolicyText.scalar($0.key), .texts($0.value)) })
  }

  private static func node(_ entry: Filter.Entry) -> WritingNode {
    switch entry {
    case .rule(let rule): return node(rule)
    case .reference(let reference):
      var entries: [WritingEntry] = [WritingEntry("filterref", .text(reference.filter))]
      if !reference.parameters.isEmpty { entries.append(WritingEntry("parameters", parameters(reference))) }
      return .mapping(entries)
    }
  }

  private static func node(_ rule: Rule) -> WritingNode {
    var entries: [WritingEntry] = [
      WritingEntry("action", .token(rule.action.rawValue)), WritingEntry("direction", .token(rule.direction.rawValue)),
    ]
    if rule.priority != Rule.defaultPriority { entries.append(WritingEntry("priority", .token(String(rule.priority)))) }
    if !rule.matchesState { entries.append(WritingEntry("statematch", .token("false"))) }
    if let match = rule.match { entries.append(WritingEntry(match.filterProtocol.name, node(match))) }
    return .mapping(entries)
  }

  /// One mapping, or a list of them where some attributes are negated and others not.
  private static func node(_ match: Match) -> WritingNode {
    var elements: [(isNegated: Bool, entries: [WritingEntry])] = []
    for attribute in match.attributes {
      let definition = match.definition(of: attribute)
      if elements.last?.isNegated != attribute.isNegated {
        elements.append((attribute.isNegated, attribute.isNegated ? [WritingEntry("match", .token("no"))] : []))
      }
      let text = definition.kind.text(attribute.value)
      let value: WritingNode = attribute.value == .flag(true) ? .token(text) : .text(text)
      elements[elements.count - 1].entries.append(WritingEntry(definition.name, value))
    }
    let mappings = elements.map { WritingNode.mapping($0.entries) }
    return mappings.count == 1 ? mappings[0] : mappings.isEmpty ? .mapping([]) : .list(mappings)
  }
}
