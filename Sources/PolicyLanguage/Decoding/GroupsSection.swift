// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// `groups: {NAME: {vms: {name: PATTERNS}, filter: NAME, parameters: {NAME: VALUES}}}`.
extension FileDecoder {
  private static let groupKeys = ["vms", "filter", "parameters"]
  private static let laterGroupKeys: Set<String> = [
    "attach", "default", "expires", "guard", "hosts", "in", "order", "out", "replace", "stateless", "tests", "tier",
  ]
  private static let laterSelectorKeys: Set<String> = ["bridge", "host", "hosts", "label", "labels", "mac", "network"]

  mutating func decodeGroups(_ node: Node) {
    let expected = "a mapping of group names, such as web: {vms: …, filter: …}"
    guard let groups = entries(of: node, "groups", expected: expected) else { return }
    for group in groups { decodeGroup(group) }
  }

  private mutating func decodeGroup(_ entry: Node.Entry) {
    let what = "group '\(entry.name.excerpt)'"
    if !Identity.isValidName(entry.name) {
      report(
        "bad-group-name", "'\(entry.name.excerpt)' is no name for a group", at: keyRange(entry).widened,
        expected: Identity.nameExpectation)
    }
    var decoded = DecodedGroup(name: Located(value: entry.name, range: keyRange(entry)))
    defer { result.groups.append(decoded) }
    let expected = "a mapping such as {vms: {name: \"web-*\"}, filter: clean-traffic}"
    guard let fields = entries(of: entry.value, what, expected: expected) else { return }
    var machines: [NamePattern]?
    var hasLaterKeys = false
    var parameters = DecodedParameters()
    for field in fields {
      switch field.name {
      case "vms": machines = decodeSelector(field.value, what)
      case "filter":
        if let name = text(of: field.value, "filter of \(what)", expected: "the name of a filter") {
          decoded.filter = Located(value: name, range: range(field.value))
        }
      case "parameters": parameters = decodeParameters(field.value, of: what)
      default:
        hasLaterKeys = hasLaterKeys || Self.laterGroupKeys.contains(field.name)
        unknownKey(field, in: what, known: Self.groupKeys, later: Self.laterGroupKeys)
      }
    }
    let keys = Set(fields.map(\.name))
    if !keys.contains("vms") {
      report(
        "missing-key", "\(what) does not say which VMs it is for", at: keyRange(entry),
        hint: "add vms: {name: \"…\"}; name: \"*\" says all")
    }
    if !keys.contains("filter"), !hasLaterKeys {
      report("missing-key", "\(what) names no filter", at: keyRange(entry), hint: "add filter: NAME")
    }
    guard let filter = decoded.filter else { return }
    let reference = FilterReference(filter.value, parameters: parameters.values)
    report(reference.findings(), filter: filter.range, parameters: parameters)
    if let machines {
      decoded.attachment = DesiredAttachment(
        group: entry.name, machines: machines, reference: reference, origin: keyRange(entry))
    }
  }

  /// Which VMs; nothing never means all of them.
  private mutating func decodeSelector(_ node: Node, _ what: String) -> [NamePattern]? {
    let hint = "name: \"*\" says all"
    guard !node.isNull else {
      report("empty-selector", "vms of \(what) is empty", at: range(node).widened, hint: hint)
      return nil
    }
    let expected = "a mapping such as {name: \"web-*\"}"
    if case .scalar(let scalar) = node.content {
      wrongKind(node, "vms of \(what)", expected: expected, hint: "write {name: \"\(scalar.text.excerpt)\"}")
      return nil
    }
    guard let fields = entries(of: node, "vms of \(what)", expected: expected) else { return nil }
    if fields.isEmpty {
      report("empty-selector", "vms of \(what) is empty", at: range(node), hint: hint)
    }
    var patterns: [NamePattern]?
    for field in fields {
      guard field.name == "name" else {
        unknownKey(field, in: "vms of \(what)", known: ["name"], later: Self.laterSelectorKeys)
        continue
      }
      guard let names = texts(of: field.value, "name of vms", expected: "a name, a pattern with * and ?, or a list")
      else { continue }
      if names.isEmpty {
        report("empty-selector", "vms of \(what) names no VM", at: range(field.value), hint: hint)
      }
      for name in names where !MachineName.isValidPattern(name.value) {
        report(
          "bad-vm-name", "'\(name.value.excerpt)' matches no name of a VM", at: name.range,
          expected: "1 to 255 bytes without / and control characters, without blanks at the ends")
      }
      patterns = names.map { NamePattern($0.value) }
    }
    return patterns
  }
}

/// Parameters of a filter with the places of their names.
struct DecodedParameters {
  var values: [String: [String]] = [:]
  var places: [String: SourceRange] = [:]
}

extension FileDecoder {
  /// `{NAME: VALUE, NAME: [VALUE, VALUE]}`.
  mutating func decodeParameters(_ node: Node, of what: String) -> DecodedParameters {
    var parameters = DecodedParameters()
    let expected = "a mapping such as {IP: 192.0.2.1}"
    guard let entries = entries(of: node, "parameters of \(what)", expected: expected) else { return parameters }
    for entry in entries {
      let name = "parameter '\(entry.name.excerpt)'"
      guard let values = texts(of: entry.value, name, expected: "a value or a list of values") else { continue }
      parameters.values[entry.name] = values.map(\.value)
      parameters.places[entry.name] = keyRange(entry).widened
    }
    return parameters
  }

  mutating func report(_ findings: [Finding], filter: SourceRange, parameters: DecodedParameters) {
    for finding in findings {
      report(finding, at: finding.part.flatMap { parameters.places[$0] } ?? filter)
    }
  }
}
