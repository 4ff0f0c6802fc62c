// SPDX-License-Identifier: Apache-2.0

extension Filter.Entry {
  /// One line for people, in nwfilter's own words: `drop out priority 200 ip not dstipaddr $GATEWAYIP`.
  public var summary: String {
    switch self {
    case .rule(let rule): rule.summary
    case .reference(let reference): "filterref \(reference.summary)"
    }
  }

  /// The same without a comment, where a reader knows already what it says.
  public var summaryWithoutComment: String {
    switch self {
    case .rule(let rule): rule.summary(hasComment: false)
    case .reference: summary
    }
  }
}

extension Rule {
  var summary: String { summary(hasComment: true) }

  func summary(hasComment: Bool) -> String {
    var words = [action.rawValue, direction.rawValue]
    if priority != Self.defaultPriority { words += ["priority", String(priority)] }
    if !matchesState { words += ["statematch", "false"] }
    guard let match else { return (words + ["every frame"]).joined(separator: " ") }
    words.append(match.filterProtocol.name)
    for attribute in match.attributes {
      let definition = match.definition(of: attribute)
      if !hasComment, definition.name == "comment" { continue }
      let value = definition.kind.text(attribute.value)
      words.append(
        "\(attribute.isNegated ? "not " : "")\(definition.name) \(value.contains(" ") ? "'\(value)'" : value)")
    }
    return words.joined(separator: " ")
  }
}

extension FilterReference {
  /// The filter's name and its parameters, sorted: `limit-internet GATEWAYIP=192.0.2.1`.
  public var summary: String {
    ([filter]
      + parameters.sorted { $0.key < $1.key }.map { name, values in "\(name)=\(values.joined(separator: ","))" })
      .joined(separator: " ")
  }
}
