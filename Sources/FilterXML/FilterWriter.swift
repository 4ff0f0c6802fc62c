// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// Writes filters and references in libvirt's own form (nwfilter_conf.c, virNWFilterDefFormat).
struct FilterWriter {
  private var output = XMLOutput()

  var text: String { output.text }

  /// - Parameter notes: for each entry, what is written above it as a comment; may be shorter than the entries.
  mutating func write(_ filter: Filter, notes: [String?] = []) {
    output.append("<filter")
    output.attribute("name", filter.name)
    output.attribute("chain", filter.chain)
    if filter.priority != 0 || Chain.defaultPriority(of: filter.chain) != 0 {
      output.append(" priority='")
      output.append(filter.priority)
      output.append("'")
    }
    output.append(">\n")
    if let uuid = filter.uuid {
      output.append("  <uuid>")
      output.append(uuid.description)
      output.append("</uuid>\n")
    }
    for (index, entry) in filter.entries.enumerated() {
      if index < notes.count, let note = notes[index] { write(comment: note) }
      switch entry {
      case .rule(let rule): write(rule)
      case .reference(let reference): write(reference, indent: "  ")
      }
    }
    output.append("</filter>\n")
  }

  /// A comment must hold no `--` (XML 1.0, section 2.5).
  private mutating func write(comment: String) {
    output.append("  <!-- ")
    var last: Character?
    for character in comment {
      if character == "-", last == "-" { output.append(" ") }
      output.append(character.isNewline ? " " : String(character))
      last = character
    }
    output.append(" -->\n")
  }

  /// The `filterref` element, every line ended.
  mutating func write(_ reference: FilterReference, indent: StaticString) {
    output.append(indent)
    output.append("<filterref")
    output.attribute("filter", reference.filter)
    if reference.parameters.isEmpty {
      output.append("/>\n")
      return
    }
    output.append(">\n")
    for (name, values) in reference.parameters.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      for value in values {
        output.append(indent)
        output.append("  <parameter")
        output.attribute("name", name)
        output.attribute("value", value)
        output.append("/>\n")
      }
    }
    output.append(indent)
    output.append("</filterref>\n")
  }

  private mutating func write(_ rule: Rule) {
    output.append("  <rule action='")
    output.append(rule.action.rawValue)
    output.append("' direction='")
    output.append(rule.direction.rawValue)
    output.append("' priority='")
    output.append(rule.priority)
    output.append(rule.matchesState ? "'" : "' statematch='false'")
    guard let match = rule.match else {
      output.append("/>\n")
      return
    }
    output.append(">\n")
    write(match)
    output.append("  </rule>\n")
  }

  /// One element, and another one at each change of sign: the whole element is negated or none of it.
  private mutating func write(_ match: Match) {
    let protocolNumber = Int(match.filterProtocol.rawValue)
    let attributes = ProtocolIndex.attributes[protocolNumber]
    let name = FilterProtocol.names[protocolNumber]
    var isNegated = match.attributes.first?.isNegated ?? false
    open(name, isNegated)
    for attribute in match.attributes {
      if attribute.isNegated != isNegated {
        output.append("/>\n")
        isNegated = attribute.isNegated
        open(name, isNegated)
      }
      let (opening, kind) = attributes[Int(attribute.index)]
      output.append(raw: opening)
      output.append(attribute.value, as: kind)
      output.append("'")
    }
    output.append("/>\n")
  }

  private mutating func open(_ name: String, _ isNegated: Bool) {
    output.append("    <")
    output.append(name)
    if isNegated { output.append(" match='no'") }
  }
}

/// Attributes in the forms in which reading and writing need them, made once from the model's table.
enum ProtocolIndex {
  /// By protocol and attribute: ` name='`, and the kind of value.
  static let attributes: [[(opening: [UInt8], kind: ValueKind)]] = FilterProtocol.allCases.map { filterProtocol in
    filterProtocol.attributes.map { (Array(" \($0.name)='".utf8), $0.kind) }
  }

  /// By protocol: the index of each attribute's name.
  static let byName: [[String: Int]] = FilterProtocol.allCases.map { filterProtocol in
    Dictionary(uniqueKeysWithValues: filterProtocol.attributes.enumerated().map { ($1.name, $0) })
  }

  /// By protocol and attribute: the index of the attribute whose sign libvirt copies to this one.
  static let signSources: [[Int?]] = FilterProtocol.allCases.map { filterProtocol in
    filterProtocol.attributes.map { definition in
      definition.signSource.flatMap { source in filterProtocol.attributes.firstIndex { $0.name == source } }
    }
  }
}
