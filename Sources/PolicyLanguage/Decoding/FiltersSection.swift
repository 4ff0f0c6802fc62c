// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// `filters: {NAME: {chain: NAME, priority: NUMBER, adopt: BOOL, rules: [RULE, …]}}`.
extension FileDecoder {
  private static let filterKeys = ["chain", "priority", "adopt", "rules"]

  mutating func decodeFilters(_ node: Node) {
    let expected = "a mapping of filter names, such as web: {rules: […]}"
    guard let filters = entries(of: node, "filters", expected: expected) else { return }
    result.filters.reserveCapacity(result.filters.count + filters.count)
    for filter in filters { decodeFilter(filter) }
  }

  private mutating func decodeFilter(_ entry: Node.Entry) {
    let what = "filter '\(entry.name.excerpt)'"
    let origin = keyRange(entry).widened
    var decoded = DecodedFilter(filter: DesiredFilter(Filter(name: entry.name), origin: origin, entryOrigins: []))
    var places = ["name": origin]
    defer {
      checkFilter(decoded, places, what)
      result.filters.append(decoded)
    }
    guard let fields = entries(of: entry.value, what, expected: "a mapping such as {chain: ipv4, rules: […]}") else {
      // What its rules would be is not known: no word about their absence.
      places["rules"] = origin
      return
    }
    var chain = Chain.root
    var priority: Int?
    for field in fields {
      places[field.name] = keyRange(field)
      switch field.name {
      case "chain":
        chain = text(of: field.value, "chain of \(what)", expected: Chain.expectation) ?? chain
      case "priority":
        priority = self.priority(field.value, of: what)
      case "adopt":
        decoded.filter.adopts = truth(of: field.value, "adopt") ?? false
        decoded.adoptRange = decoded.filter.adopts ? keyRange(field) : nil
      case "rules":
        decodeRules(field.value, what, into: &decoded)
      default:
        unknownKey(field, in: what, known: Self.filterKeys)
      }
    }
    let entries = decoded.filter.filter.entries
    decoded.filter.filter = Filter(name: entry.name, chain: chain, priority: priority, entries: entries)
    if places["rules"] == nil { warnOfEmptiness(of: what, at: origin) }
  }

  private mutating func decodeRules(_ node: Node, _ what: String, into decoded: inout DecodedFilter) {
    guard case .sequence(let items, _) = node.content else {
      wrongKind(
        node, "rules of \(what)", expected: "a list of rules",
        hint: node.kindName == "a mapping" ? "begin each rule with '- '" : nil)
      return
    }
    if items.isEmpty { warnOfEmptiness(of: what, at: range(node)) }
    for item in items {
      guard let entry = decodeEntry(item, of: what, references: &decoded.references) else { continue }
      decoded.filter.filter.entries.append(entry)
      decoded.filter.entryOrigins.append(range(item))
    }
  }

  private mutating func warnOfEmptiness(of what: String, at range: SourceRange) {
    report(
      "empty-filter", "\(what) has no rules: it lets everything pass", severity: .warning, at: range,
      hint: "add rules, or remove the filter")
  }

  private mutating func checkFilter(_ decoded: DecodedFilter, _ places: [String: SourceRange], _ what: String) {
    // References to itself are cycles of length one, reported with the others once all files are read.
    for finding in decoded.filter.filter.findings() where finding.code != "reference-loop" {
      report(finding, at: finding.part.flatMap { places[$0] } ?? decoded.filter.origin)
    }
    if let range = decoded.adoptRange, FilterName.stock.contains(decoded.filter.filter.name) {
      report(
        "adopts-stock-filter", "\(what) is one of libvirt's own filters, which are never adopted", at: range,
        hint: "define a filter with a name of its own")
    }
  }

  /// A whole number; its range is the model's to check.
  mutating func priority(_ node: Node, of what: String) -> Int? {
    let expected = "a number from -1000 to 1000"
    guard let text = text(of: node, "priority of \(what)", expected: expected) else { return nil }
    let digits = text.first == "-" ? text.dropFirst() : Substring(text)
    let isNumber = digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    guard isNumber, digits.utf8.count <= 9, let number = Int(text) else {
      report("bad-value", "'\(text.excerpt)' is no value for priority", at: range(node), expected: expected)
      return nil
    }
    return number
  }
}
