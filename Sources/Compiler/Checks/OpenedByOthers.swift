// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// A group that says nothing of `default:` or `guard:`, and gets a weak word from another group of a VM.
struct OpenedByOthers: PolicyCheck {
  let description = CheckDescription(
    "opened-by-others",
    title: "A group says nothing of `default: {in: …}` or `guard:`, and another group of a VM says something weak.",
    repair: "Say it in the group that is named, such as `default: {in: drop}`: the strictest word holds.",
    explanation: """
      A group that says nothing leaves it to others. Where the only word that anybody says is `default: {in: allow}`, or a guard \
      that lets a VM pretend to be others (as of `guard-off`), its list of what may come in is none any more. Both groups \
      are named, each pair once. It is quiet where the group that opens has a `comment:` or `ticket:`.
      """,
    wrong: """
      vms:
        lab-1: {labels: {role: shop}}
      groups:
        lab:
          vms: {name: "lab-*"}
          use: open
        shop:
          vms: {label: {role: shop}}
          in:
            - allow https
      """,
    right: """
      vms:
        lab-1: {labels: {role: shop}}
      groups:
        lab:
          vms: {name: "lab-*"}
          use: open
        shop:
          vms: {label: {role: shop}}
          in:
            - allow https
          default: {in: drop}
      """)

  private struct Pair: Hashable {
    let silent: Int
    let open: Int
    let isGuard: Bool
  }

  func findings(in context: CheckContext) -> [Diagnostic] {
    var seen: Set<Pair> = []
    var findings: [Diagnostic] = []
    func report(_ standing: CheckContext.Standing, isGuard: Bool, word: (ExpandedGroup) -> SourceRange?) {
      let open = standing.groups.filter { word(context.groups[$0]) != nil && !context.groups[$0].isExplained }
      guard let opener = open.first else { return }
      for silent in standing.groups where word(context.groups[silent]) == nil {
        guard seen.insert(Pair(silent: silent, open: opener, isGuard: isGuard)).inserted else { continue }
        findings.append(
          self.finding(
            context.groups[silent], context.groups[opener], isGuard, standing.members.first?.machine,
            at: word(context.groups[opener])))
      }
    }
    for standing in context.standings where standing.groups.count > 1 {
      if standing.decisions.inboundDefault == .allow {
        report(standing, isGuard: false) { $0.inboundDefault?.range }
      }
      if !standing.decisions.guardPolicy.openDoors.isEmpty {
        report(standing, isGuard: true) { $0.guardPolicy?.range }
      }
    }
    return findings
  }

  private func finding(
    _ silent: ExpandedGroup, _ opener: ExpandedGroup, _ isGuard: Bool, _ machine: String?, at range: SourceRange?
  ) -> Diagnostic {
    let subject = machine.map { " VM '\($0)'" } ?? " a VM of both"
    let what =
      isGuard
      ? "says no guard, so that of group '\(opener.name)' lets\(subject) pretend to be others"
      : "says no default: {in: …}, so that of group '\(opener.name)' lets everybody in to\(subject)"
    return finding(
      "group '\(silent.name)' \(what)", at: silent.group.origin,
      hint: isGuard
        ? "say guard: standard in group '\(silent.name)', or in comment: of the other one why it is meant"
        : "say default: {in: drop} in group '\(silent.name)', or in comment: of the other one why it is meant",
      notes: [Diagnostic.Note("what group '\(opener.name)' says", at: range)])
  }
}
