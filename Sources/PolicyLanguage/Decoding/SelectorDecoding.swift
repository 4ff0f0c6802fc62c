// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// `vms:` and `hosts:` of a group. Nothing never means all.
extension FileDecoder {
  private static let selectorKeys = ["name", "label", "mac"]
  private static let laterSelectorKeys: Set<String> = ["bridge", "network"]
  private static let hostKeys = ["name", "label"]

  mutating func machineSelector(_ node: Node, _ what: String) -> MachineSelector? {
    let list = "vms of \(what)"
    guard let fields = selectorFields(node, list) else { return nil }
    var selector = MachineSelector(range: range(node))
    var isComplete = !fields.isEmpty
    for field in fields {
      switch field.name {
      case "name":
        let names = patterns(field.value, "name of vms", list)
        isComplete = isComplete && names != nil
        selector.names = names?.map { NamePattern($0.value) } ?? []
      case "label", "labels":
        let labels = field.name == "label" ? labelPatterns(field.value, list) : nil
        if field.name == "labels" { unknownKey(field, in: list, known: Self.selectorKeys) }
        isComplete = isComplete && labels != nil
        selector.labels = labels ?? [:]
      case "mac":
        let macs = addresses(field.value, list)
        isComplete = isComplete && macs != nil
        selector.macs = macs ?? []
      case "host", "hosts":
        isComplete = false
        report(
          "unknown-key", "unknown key '\(field.name)' in \(list)", at: keyRange(field),
          hint: "hosts: stands beside vms:, not in it")
      default:
        isComplete = false
        unknownSelectorKey(field, list, known: Self.selectorKeys, later: Self.laterSelectorKeys)
      }
    }
    return isComplete ? selector : nil
  }

  /// `hosts: kvm1`, `hosts: [kvm1, "ams-*"]` or `hosts: {label: {site: ams}}`.
  ///
  /// The names come with their places as well.
  mutating func hostSelector(_ node: Node, _ what: String) -> (selector: HostSelector, names: [Located<String>])? {
    let list = "hosts of \(what)"
    var places: [Located<String>] = []
    var selector = HostSelector(range: range(node))
    guard case .mapping(let fields, _) = node.content else {
      guard let names = patterns(node, list, list) else { return nil }
      selector.names = names.map { NamePattern($0.value) }
      return (selector, names)
    }
    if fields.isEmpty {
      report("empty-selector", "\(list) is empty", at: range(node), hint: "leave it out for all hosts")
      return nil
    }
    for field in fields {
      switch field.name {
      case "name":
        places = patterns(field.value, "name of hosts", list) ?? []
        selector.names = places.map { NamePattern($0.value) }
      case "label": selector.labels = labelPatterns(field.value, list) ?? [:]
      default: unknownSelectorKey(field, list, known: Self.hostKeys)
      }
    }
    return (selector, places)
  }

  /// `{role: web}` for `{label: {role: web}}`.
  private mutating func unknownSelectorKey(
    _ field: Node.Entry, _ list: String, known: [String], later: Set<String> = []
  ) {
    guard !later.contains(field.name), Suggestion.nearest(to: field.name, in: known) == nil, commaHint(field) == nil
    else { return unknownKey(field, in: list, known: known, later: later) }
    report(
      "unknown-key", "unknown key '\(field.name.excerpt)' in \(list)", at: keyRange(field),
      expected: "one of \(known.joined(separator: ", "))",
      hint: "a label is written {label: {\(field.name.excerpt): …}}")
  }

  private mutating func selectorFields(_ node: Node, _ list: String) -> [Node.Entry]? {
    let hint = "name: \"*\" says all"
    guard !node.isNull else {
      report("empty-selector", "\(list) is empty", at: range(node).widened, hint: hint)
      return nil
    }
    let expected = "a mapping such as {name: \"web-*\"}"
    if case .scalar(let scalar) = node.content {
      wrongKind(node, list, expected: expected, hint: "write {name: \"\(scalar.text.excerpt)\"}")
      return nil
    }
    let isList = if case .sequence = node.content { true } else { false }
    guard let fields = entries(of: node, list, expected: expected, hint: isList ? "write {name: […]}" : nil) else {
      return nil
    }
    if fields.isEmpty { report("empty-selector", "\(list) is empty", at: range(node), hint: hint) }
    return fields
  }

  private mutating func patterns(_ node: Node, _ what: String, _ list: String) -> [Located<String>]? {
    guard let names = texts(of: node, what, expected: "a name, a pattern with * and ?, or a list") else { return nil }
    if names.isEmpty {
      let kind = list.hasPrefix("vms") ? "VM" : "host"
      let hint = kind == "VM" ? "name: \"*\" says all" : "leave it out for all hosts"
      report("empty-selector", "\(list) names no \(kind)", at: range(node), hint: hint)
      return nil
    }
    let wrong = names.filter { !MachineName.isValidPattern($0.value) }
    for name in wrong {
      report(
        "bad-vm-name", "'\(name.value.excerpt)' matches no name of a VM", at: name.range,
        expected: "1 to 255 bytes without / and control characters, without blanks at the ends")
    }
    return wrong.isEmpty ? names : nil
  }

  /// `{role: web, site: [ams, "fra-*"]}`.
  private mutating func labelPatterns(_ node: Node, _ list: String) -> [String: [NamePattern]]? {
    var hint: String?
    if case .scalar(let scalar) = node.content {
      let parts = scalar.text.split(maxSplits: 1) { $0 == "=" || $0 == ":" }
      if parts.count == 2 { hint = "write {\(parts[0]): \(parts[1])}" }
    }
    guard let fields = entries(of: node, "label of \(list)", expected: "a mapping such as {role: web}", hint: hint)
    else { return nil }
    if fields.isEmpty {
      report("empty-selector", "label of \(list) names no label", at: range(node), hint: "leave it out, or name one")
      return nil
    }
    var labels: [String: [NamePattern]] = [:]
    for field in fields {
      let what = "label '\(field.name.excerpt)'"
      guard let values = texts(of: field.value, what, expected: "a value, a pattern, or a list") else { return nil }
      if values.isEmpty {
        report("empty-selector", "\(what) of \(list) has no value", at: range(field.value), hint: "name one, or \"*\"")
        return nil
      }
      labels[field.name] = values.map { NamePattern($0.value) }
    }
    return labels
  }

  private mutating func addresses(_ node: Node, _ list: String) -> [MACAddress]? {
    let expected = "a MAC address such as \"52:54:00:12:34:56\", or a list"
    guard let texts = texts(of: node, "mac of \(list)", expected: expected) else { return nil }
    if texts.isEmpty {
      report("empty-selector", "mac of \(list) names no NIC", at: range(node), hint: "leave it out for all NICs")
      return nil
    }
    let macs = texts.map { nicAddress($0) }
    return macs.contains { $0 == nil } ? nil : macs.compactMap { $0 }
  }
}
