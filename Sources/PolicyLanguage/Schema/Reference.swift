// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// The reference of native filters, made from the model's table.
public enum Reference {
  /// The text of `docs/reference/filters.md`.
  public static func markdown() -> String {
    ([introduction, chains, actions] + layers + [values]).joined(separator: "\n")
  }

  private static let introduction = """
    # Filters: protocols, attributes, chains

    <!-- Made from the table in Sources/FilterModel: NWFLEET_RECORD=1 swift test --filter SchemaTests -->

    What the `filters:` section can say, which is everything that libvirt's nwfilter can. An attribute is negated by
    `match: no` beside it; several elements of one protocol, some of them negated, are a list.

    """

  private static var chains: String {
    var rows = Chain.prefixes.map { prefix in
      let name = prefix.name == Chain.root ? "`root`" : "`\(prefix.name)`, `\(prefix.name)-…`"
      return "| \(name) | \(prefix.summary) | \(prefix.defaultPriority) |"
    }
    rows.insert("| Chain | Sees | Default priority |\n|---|---|---|", at: 0)
    return """
      ## Chains

      A chain is \(Chain.expectation). Only layer-2 rules go to it; lower priorities are looked at first, from \
      \(Chain.priorities.lowerBound) to \(Chain.priorities.upperBound).

      \(rows.joined(separator: "\n"))

      """
  }

  private static var actions: String {
    """
    ## Rules

    | Key | Values | Default |
    |---|---|---|
    | `action` | \(code(Action.allCases.map(\.rawValue))) | required |
    | `direction` | \(code(Direction.allCases.map(\.rawValue))), seen from the VM | required |
    | `priority` | \(Chain.priorities.lowerBound) to \(Chain.priorities.upperBound), lower first | \(Rule.defaultPriority) |
    | `statematch` | `false`: without libvirt's own connection state match | `true` |
    | a protocol | a mapping of its attributes, `{}` for all of it | every frame |

    """
  }

  private static var layers: [String] {
    [
      layer(.ethernet, "Layer 2: ebtables, stateless, every frame of the port"),
      layer(.ipv4, "Layer 3, IPv4: iptables, with connection state, inbound only for bridged traffic"),
      layer(.ipv6, "Layer 3, IPv6: ip6tables, as for IPv4"),
    ]
  }

  /// Protocols of a layer; those with the same attributes share a table.
  private static func layer(_ layer: FilterProtocol.Layer, _ title: String) -> String {
    var groups: [[FilterProtocol]] = []
    for filterProtocol in FilterProtocol.allCases where filterProtocol.layer == layer {
      if let place = groups.firstIndex(where: { $0[0].attributes == filterProtocol.attributes }) {
        groups[place].append(filterProtocol)
      } else {
        groups.append([filterProtocol])
      }
    }
    return "## \(title)\n\n" + groups.map(table).joined(separator: "\n")
  }

  private static func table(_ protocols: [FilterProtocol]) -> String {
    let rows = protocols[0].attributes.map { definition in
      "| `\(definition.name)` | \(definition.summary) | \(cell(definition)) |"
    }
    return """
      ### \(code(protocols.map(\.name)))

      | Attribute | Meaning | Value |
      |---|---|---|
      \(rows.joined(separator: "\n"))

      """
  }

  private static func cell(_ definition: AttributeDefinition) -> String {
    if let refusal = definition.refusal {
      return definition.refusalSparesVariables ? "a variable only: \(refusal)" : "refused: \(refusal)"
    }
    var parts = [definition.kind.expectation]
    if definition.kind.takesVariables { parts.append("or a variable") }
    var text = parts.joined(separator: ", ")
    if let base = definition.base { text += "; needs `\(base)`" }
    if let source = definition.signSource, source != definition.base { text += "; negated as `\(source)` is" }
    if !definition.isNegatable { text += "; never negated" }
    return text
  }

  private static let values = """
    ## Variables

    `$NAME` stands for each value of a parameter in turn, `$NAME[@1]` does so by an iterator (0 to 1000; uses of one iterator
    advance together, others make all combinations), `$NAME[0]` is the first value alone. Names are letters, digits and `_`,
    values letters, digits, `_`, `.` and `:`. Parameters of an interface go before those of a `filterref`.

    """

  private static func code(_ words: [String]) -> String { words.map { "`\($0)`" }.joined(separator: ", ") }
}
