// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Planning

/// What becomes different for packets, for people.
struct TrafficText {
  private let report: TrafficReport
  private let style: Style
  private let isVerbose: Bool

  /// - Parameter isVerbose: whether spoofed traffic is told apart where the VM's own changes in the same way.
  init(_ report: TrafficReport, style: Style, isVerbose: Bool) {
    self.report = report
    self.isVerbose = isVerbose
    self.style = style
  }

  var text: String {
    var text = report.items.map(item).joined()
    for unknown in report.unknown {
      let subject = unknown.interface?.description ?? "group \(unknown.groups.joined(separator: ", "))"
      text += "\(style.red("Traffic unknown")) for \(subject): \(unknown.reason)\n"
    }
    if report.isNone { text += "No traffic change.\n" }
    if !report.newGroups.isEmpty { text += "New: group \(report.newGroups.joined(separator: ", ")).\n" }
    if !report.newMachines.isEmpty { text += "New, so not compared: VM \(Self.shortened(report.newMachines)).\n" }
    if !report.removedMachines.isEmpty { text += "Gone: VM \(Self.shortened(report.removedMachines)).\n" }
    if !report.removedGroups.isEmpty { text += "Gone: group \(report.removedGroups.joined(separator: ", ")).\n" }
    return text
  }

  private func item(_ item: TrafficReport.Item) -> String {
    let subject = style.bold(Self.subject(item)) + ":\n"
    if item.isLastFilter { return subject + "  \(glyph(.allowed)) newly allowed: everything, no filter is left\n" }
    if item.isFirstFilter, !isVerbose {
      return subject + "  \(glyph(.denied)) newly denied: what the policy denies, by the first filter; -v names it\n"
    }
    let lines = item.change.lines.filter { !$0.isDetail || isVerbose }
    return subject + lines.map { "  \(glyph($0.kind)) \($0.text)\n" }.joined()
  }

  private func glyph(_ kind: TrafficLine.Kind) -> String {
    switch kind {
    case .allowed: style.green("+")
    case .denied: style.red("-")
    case .other: "~"
    }
  }

  /// `web (web-1, web-2)`: the groups, and the VMs that the same holds for.
  static func subject(_ item: TrafficReport.Item) -> String {
    let machines = item.interfaces.map(\.machine)
    let names = machines.count == Set(machines).count ? machines : item.interfaces.map(\.description)
    let shown = shortened(names)
    let groups = item.groups.joined(separator: ", ")
    if names.isEmpty { return "\(groups) (no VM here)" }
    return groups.isEmpty ? shown : "\(groups) (\(shown))"
  }

  private static func shortened(_ names: [String]) -> String {
    let more = names.count - 5
    return names.prefix(5).joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
  }
}
