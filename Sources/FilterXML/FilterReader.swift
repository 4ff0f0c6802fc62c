// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// Reads one filter and says of everything in it what libvirt would not keep.
struct FilterReader {
  private(set) var diagnostics: [Diagnostic] = []
  private let text: String
  private let file: String
  private var locator: Locator?

  init(text: String, file: String) {
    self.text = text
    self.file = file
  }

  mutating func filter() -> Filter? { readTree { reader, root in reader.read(root) } }

  /// Parses the text and hands on its root; a text that is no XML is reported.
  mutating func readTree<Result>(_ read: (inout FilterReader, XMLElement) -> Result?) -> Result? {
    do {
      let tree = try XMLTree(parsing: text)
      return read(&self, tree.root)
    } catch {
      diagnostics.append(
        Diagnostic(
          Diagnostic.Code(rawValue: error.code), error.message,
          at: places().range(line: error.line ?? 1), hint: error.hint))
      return nil
    }
  }

  // MARK: Reporting

  private mutating func places() -> Locator {
    if let locator { return locator }
    let made = Locator(file: file, text: text)
    locator = made
    return made
  }

  mutating func report(
    _ code: Diagnostic.Code, _ message: String, severity: Diagnostic.Severity = .error, at element: XMLElement,
    _ attribute: String? = nil, expected: String? = nil, hint: String? = nil
  ) {
    let range = places().range(of: element, attribute: attribute)
    diagnostics.append(
      Diagnostic(code, message, severity: severity, at: range, expected: expected, hint: hint))
  }

  mutating func report(_ finding: Finding, at element: XMLElement, _ attribute: String? = nil) {
    report(
      finding.code, finding.message, severity: finding.severity, at: element, attribute, hint: finding.hint)
  }

  /// Attributes and text that libvirt does not look at.
  mutating func reportUnknown(in element: XMLElement, known: [String]) {
    element.forEachAttribute { name, _ in
      if known.contains(name) { return }
      report(
        "unknown-attribute", "'\(name)' is no attribute of \(element.name)", at: element, name,
        expected: known.isEmpty ? "no attribute" : known.joined(separator: ", "),
        hint: Suggestion.hint(for: name, in: known) ?? "libvirt leaves it out without a word")
    }
    if element.hasText {
      report(
        "unexpected-text", "\(element.name) has text that means nothing", at: element,
        hint: "remove it; libvirt leaves it out without a word")
    }
  }

  // MARK: The filter

  private mutating func read(_ root: XMLElement) -> Filter? {
    guard root.name == "filter" else {
      report("not-a-filter", "the document is a '\(root.name)'", at: root, expected: "a filter element")
      return nil
    }
    guard let name = root["name"], !name.isEmpty else {
      report("missing-name", "the filter has no name", at: root, hint: "add name='…'")
      return nil
    }
    reportUnknown(in: root, known: KnownAttributes.filter)
    let chain = root["chain"].flatMap { $0.isEmpty ? nil : $0 }
    var filter = Filter(name: name, chain: chain ?? Chain.root, priority: priority(of: root, hasChain: chain != nil))
    var hasUUID = false
    for child in root.children {
      switch child.name {
      case "rule": if let rule = rule(child) { filter.entries.append(.rule(rule)) }
      case "filterref": if let reference = reference(child) { filter.entries.append(.reference(reference)) }
      case "uuid":
        if hasUUID {
          report("repeated-element", "a second uuid", at: child, hint: "libvirt takes the first")
        } else {
          hasUUID = true
          filter.uuid = uuid(child)
        }
      default:
        report(
          "unknown-element", "'\(child.name)' is no part of a filter", at: child,
          expected: "rule, filterref or uuid",
          hint: Suggestion.hint(for: child.name, in: ["rule", "filterref", "uuid"])
            ?? "libvirt leaves it out without a word")
      }
    }
    for finding in filter.findings() where finding.code != "reference-loop" {
      report(finding, at: root, finding.part)
    }
    return filter
  }

  /// libvirt keeps a priority only beside a chain, and without one takes the chain's default.
  private mutating func priority(of root: XMLElement, hasChain: Bool) -> Int? {
    guard let text = root["priority"] else { return nil }
    guard hasChain else {
      report(
        "priority-without-chain", "the priority has no effect without a chain", at: root, "priority",
        hint: "add chain='…', or remove it")
      return nil
    }
    guard let priority = Int(text) else {
      report(
        "bad-value", "'\(text)' is no priority", at: root, "priority", expected: "a number from -1000 to 1000")
      return nil
    }
    return priority
  }

  /// An empty element counts as none, as in libvirt, which then makes one up.
  private mutating func uuid(_ element: XMLElement) -> ObjectUUID? {
    let text = element.text
    if text.isEmpty { return nil }
    guard let uuid = ObjectUUID(text) else {
      report(
        "bad-uuid", "'\(text)' is no UUID", at: element,
        expected: "32 hexadecimal digits such as 5c6d49af-b071-6127-b4ec-6f8ed4b55335")
      return nil
    }
    return uuid
  }

  // MARK: References

  /// A `filterref` of a filter, a binding or an interface. Parameters of one name make a list, in the order of the
  /// document; libvirt drops the ones with other characters than it allows.
  mutating func reference(_ element: XMLElement) -> FilterReference? {
    reportUnknown(in: element, known: KnownAttributes.reference)
    guard let filter = element["filter"], !filter.isEmpty else {
      report("missing-filter", "the filterref names no filter", at: element, hint: "add filter='…'")
      return nil
    }
    var reference = FilterReference(filter)
    for child in element.children {
      guard child.name == "parameter" else {
        report(
          "unknown-element", "'\(child.name)' is no part of a filterref", at: child, expected: "parameter",
          hint: Suggestion.hint(for: child.name, in: ["parameter"]) ?? "libvirt leaves it out without a word")
        continue
      }
      reportUnknown(in: child, known: KnownAttributes.parameter)
      guard let name = child["name"], let value = child["value"] else {
        report("bad-parameter", "the parameter has no name or no value", at: child, hint: "libvirt leaves it out")
        continue
      }
      let findings = FilterReference("any", parameters: [name: [value]]).findings()
      for finding in findings {
        report(finding, at: child, finding.code == "bad-parameter-name" ? "name" : "value")
      }
      if findings.isEmpty { reference.parameters[name, default: []].append(value) }
    }
    for finding in FilterReference(filter).findings() { report(finding, at: element, "filter") }
    return reference
  }
}

extension FilterReference {
  /// A `filterref` as a host has it, with names and values that nwfleet would refuse; nil for one without a filter, which
  /// means nothing to libvirt.
  init?(unchecked element: XMLElement) {
    guard let filter = element["filter"] else { return nil }
    self.init(filter)
    for child in element.children where child.name == "parameter" {
      guard let name = child["name"], let value = child["value"] else { continue }
      parameters[name, default: []].append(value)
    }
  }
}

/// The attributes that libvirt looks at, apart from those of protocols.
enum KnownAttributes {
  static let filter = ["name", "chain", "priority"]
  static let rule = ["action", "direction", "priority", "statematch"]
  static let reference = ["filter"]
  static let parameter = ["name", "value"]
}
