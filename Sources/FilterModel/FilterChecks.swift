// SPDX-License-Identifier: Apache-2.0

import Diagnostics

extension Filter {
  /// Rules that one filter may have; libvirt keeps more, but an update of it takes minutes.
  public static let mostRules = 5000

  /// What is wrong with a filter apart from its rules: name, chain, priority, size, references.
  ///
  /// `Finding.part` is `name`, `chain`, `priority`, `rules`, or nil.
  public func findings() -> [Finding] {
    var findings: [Finding] = []
    if !FilterName.isValid(name) {
      findings.append(
        Finding("name", "bad-filter-name", "'\(name)' is no name for a filter", hint: "use \(FilterName.expectation)"))
    }
    if Chain.prefix(of: chain) == nil {
      findings.append(
        Finding("chain", "bad-chain", "'\(chain)' is no chain that libvirt knows", hint: "use \(Chain.expectation)"))
    } else if !Chain.priorities.contains(priority) {
      findings.append(Finding("priority", "bad-priority", "priority \(priority) is outside -1000 to 1000"))
    } else if priority == 0, chain != Chain.root, Chain.defaultPriority(of: chain) != 0 {
      findings.append(
        Finding(
          "priority", "priority-lost",
          "priority 0 of chain \(chain) turns into \(Chain.defaultPriority(of: chain)) when libvirt restarts",
          hint: "use 1 or -1"))
    }
    if entries.count > Self.mostRules {
      findings.append(
        Finding("rules", "too-many-rules", "\(entries.count) rules; at most \(Self.mostRules) are taken"))
    }
    for reference in references where reference.filter == name {
      findings.append(Finding("rules", "reference-loop", "filter \(name) refers to itself"))
    }
    return findings
  }
}

extension FilterReference {
  /// What libvirt would silently leave out of a reference: names and values with other characters than it allows.
  ///
  /// `Finding.part` is the parameter's name, or `filterref`.
  public func findings() -> [Finding] {
    var findings: [Finding] = []
    if !FilterName.isValid(filter) {
      findings.append(
        Finding(
          "filterref", "bad-filter-name", "'\(filter)' is no name for a filter", hint: "use \(FilterName.expectation)"))
    }
    for (name, values) in parameters.sorted(by: { $0.key < $1.key }) {
      if !VariableReference.isValidName(name) {
        findings.append(
          Finding(
            name, "bad-parameter-name", "'\(name)' is no name for a parameter",
            hint: "use letters, digits and _; libvirt leaves others out without a word"))
      }
      if values.isEmpty {
        findings.append(Finding(name, "empty-parameter", "parameter \(name) has no value"))
      }
      for value in values where !VariableReference.isValidValue(value) {
        findings.append(
          Finding(
            name, "bad-parameter-value", "'\(value)' is no value for parameter \(name)",
            hint: "use letters, digits, _ . and :; libvirt leaves others out without a word"))
      }
    }
    return findings
  }
}
