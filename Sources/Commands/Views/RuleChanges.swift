// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Planning

/// What a change does to the rules of a filter, by the rules of the policy that they come from.
struct RuleChanges {
  /// Rules of a filter that come from the same rules of the policy.
  struct Item {
    /// Empty for what no rule of a policy says: native filters, and what one filter includes of others.
    var sources: [RuleSource]
    var removed: [Filter.Entry] = []
    var added: [Filter.Entry] = []
  }

  /// In the order of the filter, so that those of one group stand together.
  private(set) var items: [Item] = []
  private(set) var keptCount = 0

  init(_ change: FilterChange) {
    let ranges = Dictionary(
      change.sources.joined().map { ($0.id, $0.range) }, uniquingKeysWith: { first, _ in first })
    var places: [[String]: Int] = [:]
    var next = 0
    func item(_ sources: [RuleSource]) -> Int {
      let key = sources.map(\.id)
      if let place = places[key] { return place }
      items.append(Item(sources: sources))
      places[key] = items.count - 1
      return items.count - 1
    }
    for entry in EntryDiff.between(change.before?.filter?.entries ?? [], change.after?.filter?.entries ?? []) {
      switch entry {
      case .kept:
        keptCount += 1
        next += 1
      case .added(let entry):
        items[item(next < change.sources.count ? change.sources[next] : [])].added.append(entry)
        next += 1
      case .removed(let entry):
        // Who says a rule is on the host in its comment; where it stands, only the repository knows.
        let sources = Self.identifiers(entry).map { RuleSource(id: $0, range: ranges[$0] ?? nil) }
        items[item(sources)].removed.append(entry)
      }
    }
  }

  /// `GROUP/RULE` of a rule that nwfleet has made.
  static func identifiers(_ entry: Filter.Entry) -> [String] {
    guard case .rule(let rule) = entry, case .text(let comment)? = rule.match?["comment"]?.value else { return [] }
    return comment.split(separator: " ").map(String.init).filter { $0.contains("/") }
  }
}

extension RuleSource {
  /// `web/legacy, policies/web.yaml:14`
  var text: String { range.map { "\(id), \($0.file):\($0.start.line)" } ?? id }
}

extension [RuleSource] {
  /// The first few of them.
  var text: String {
    let more = count - 3
    return prefix(3).map(\.text).joined(separator: "; ") + (more > 0 ? " and \(more) more" : "")
  }
}
