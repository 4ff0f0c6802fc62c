// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// The entries of a filter that is being made, each with the rules of the policy that it comes from.
struct EntryList: Sendable {
  private(set) var entries: [Filter.Entry] = []
  private(set) var sources: [[RuleSource]] = []

  /// So many bytes of a comment say what the rule comes from; libvirt cuts at 256, and iptables shows as many.
  static let longestComment = 200

  mutating func add(_ reference: FilterReference) {
    entries.append(.reference(reference))
    sources.append([])
  }

  mutating func add(
    _ action: Action, _ direction: Direction, _ priority: Int, _ match: Match, matchesState: Bool = true,
    sources: [RuleSource]
  ) {
    var match = match
    match.set(comment: Self.comment(sources))
    entries.append(
      .rule(Rule(action, direction, priority: priority, matchesState: matchesState, match: match)))
    self.sources.append(sources)
  }

  /// The ids with blanks between, as many as fit, then how many are left out.
  static func comment(_ sources: [RuleSource]) -> String {
    if sources.count == 1, sources[0].id.utf8.count <= longestComment { return sources[0].id }
    var text = ""
    for (index, source) in sources.enumerated() {
      let next = text.isEmpty ? source.id : "\(text) \(source.id)"
      let rest = sources.count - index - 1
      // Room for the count, should the next id not fit.
      guard next.utf8.count + (rest > 0 ? 6 : 0) <= longestComment else { return "\(text) +\(rest + 1)" }
      text = next
    }
    return text
  }

  func filter(_ name: String, chain: String = Chain.root, priority: Int? = nil, origin: SourceRange) -> DesiredFilter {
    DesiredFilter(
      Filter(name: name, chain: chain, priority: priority, entries: entries), origin: origin,
      entryOrigins: sources.map { $0.first?.range ?? origin }, entrySources: sources)
  }

  /// A filter whose name follows from what it does: `PREFIX.` and 12 hexadecimal digits.
  func leaf(_ prefix: String, chain: String = Chain.root, priority: Int? = nil, origin: SourceRange) -> DesiredFilter {
    filter("\(prefix).\(digest(chain, priority))", chain: chain, priority: priority, origin: origin)
  }

  func digest(_ chain: String, _ priority: Int?) -> String {
    let place = "\(chain) \(priority ?? Chain.defaultPriority(of: chain))"
    let text = ([place] + entries.map(\.summary)).joined(separator: "\n")
    return String(SHA1.hexDigest(text).prefix(12))
  }
}
