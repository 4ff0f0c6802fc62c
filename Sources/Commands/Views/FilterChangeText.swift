// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Planning

/// The change of one filter in a plan for people.
struct FilterChangeText {
  private let change: FilterChange
  private let kind: GeneratedKind?
  private let style: Style
  private let isVerbose: Bool

  init(_ change: FilterChange, project: String, style: Style, isVerbose: Bool) {
    self.change = change
    kind = Identity(project: project).kind(ofFilter: change.name)
    self.style = style
    self.isVerbose = isVerbose
  }

  var text: String {
    let origin = change.origin.map { style.dim("  # \($0.file):\($0.start.line)") } ?? ""
    let title = "  \(style.glyph(change.kind)) \(noun) \(style.bold(change.name))"
    if let kind, kind != .profile, !isVerbose { return "\(title)\(summary(kind))\n" }
    return "\(title)\(origin)\n" + details
  }

  private var noun: String {
    switch kind {
    case .nic: "filter of a NIC"
    case .profile: "profile"
    case .guard, .mac, .peers: "part"
    case .host, nil: "filter"
    }
  }

  /// What a small filter says, in its title's line.
  private func summary(_ kind: GeneratedKind) -> String {
    let (old, new) = (change.before?.filter, change.after?.filter)
    switch kind {
    case .nic:
      let names = [old, new].compactMap { $0?.references.first?.filter }
      guard change.after != nil, let last = names.last else { return "" }
      return names.count == 2 && names[0] != last ? ": \(names[0]) → \(last)" : ": \(last)"
    case .guard, .mac, .peers:
      var seen: Set<String> = []
      let rules = change.sources.joined().map(\.id).filter { seen.insert($0).inserted }
      let count = (new ?? old)?.rules.count ?? 0
      return ": \(count.counted("rule"))" + (rules.isEmpty ? "" : " (\(rules.joined(separator: ", ")))")
    case .profile, .host: return ""
    }
  }

  private var details: String {
    switch (change.before, change.after) {
    case (nil, let after?):
      guard let filter = after.filter else { return "" }
      return "      uuid \(change.uuid)\n" + header(filter) + rules
    case (let before?, nil): return before.filter != nil && isVerbose ? rules : ""
    case (let before?, let after?):
      guard let new = after.filter else { return "" }
      guard let old = before.filter else {
        return "      the host's version says something that nwfleet does not know; it is replaced\n" + rules
      }
      var text = ""
      if (old.chain, old.priority) != (new.chain, new.priority) {
        text += "      \(style.red("-")) \(chain(old))\n      \(style.green("+")) \(chain(new))\n"
      }
      return text + (change.sources.isEmpty ? difference(old.entries, new.entries) : rules)
    case (nil, nil): return ""
    }
  }

  private func chain(_ filter: Filter) -> String { "chain \(filter.chain), priority \(filter.priority)" }

  private func header(_ filter: Filter) -> String {
    filter.chain == Chain.root && filter.priority == 0 ? "" : "      \(chain(filter))\n"
  }

  /// By rule of the policy; of a filter that is all new or all gone only the first few.
  private var rules: String {
    let changes = RuleChanges(change)
    let isWhole = change.before == nil || change.after == nil
    var left = isVerbose || !isWhole ? Int.max : 12
    var hidden = 0
    var text = ""
    for item in changes.items {
      let isNamed = !item.sources.isEmpty
      func words(_ entry: Filter.Entry) -> String { isNamed ? entry.summaryWithoutComment : entry.summary }
      let lines =
        item.removed.map { "\(style.red("-")) \(words($0))" } + item.added.map { "\(style.green("+")) \(words($0))" }
      let shown = lines.prefix(left)
      hidden += lines.count - shown.count
      if left != .max { left -= shown.count }
      guard !shown.isEmpty else { continue }
      if !item.sources.isEmpty { text += "      \(item.sources.text)\n" }
      let indent = item.sources.isEmpty ? "      " : "        "
      text += shown.map { "\(indent)\($0)\n" }.joined()
    }
    if hidden > 0 { text += "      … \(hidden) more (-v shows them)\n" }
    if changes.keptCount > 0 { text += style.dim("        \(changes.keptCount) unchanged\n") }
    return text
  }

  /// Changed entries, with how many unchanged ones lie between.
  private func difference(_ old: [Filter.Entry], _ new: [Filter.Entry]) -> String {
    var text = ""
    var kept = 0
    func flush() {
      if kept > 0 { text += style.dim("        \(kept) unchanged\n") }
      kept = 0
    }
    for entry in EntryDiff.between(old, new) {
      switch entry {
      case .kept: kept += 1
      case .removed(let entry):
        flush()
        text += "      \(style.red("-")) \(entry.summary)\n"
      case .added(let entry):
        flush()
        text += "      \(style.green("+")) \(entry.summary)\n"
      }
    }
    flush()
    return text
  }
}

extension Style {
  /// Terraform's signs.
  func glyph(_ kind: ChangeKind) -> String {
    switch kind {
    case .create: green("+")
    case .change: yellow("~")
    case .delete: red("-")
    }
  }
}
