// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Planning

/// A plan for people.
struct PlanText {
  private let plan: Plan
  private let traffic: TrafficReport
  private let style: Style
  private let isVerbose: Bool

  init(_ plan: Plan, traffic: TrafficReport, style: Style, isVerbose: Bool) {
    self.plan = plan
    self.traffic = traffic
    self.style = style
    self.isVerbose = isVerbose
  }

  var text: String {
    var text = style.bold("Plan for \(plan.host), project \(plan.project)\n")
    if plan.steps.isEmpty {
      text += plan.problems.isEmpty ? "\nNo changes. The host is as the policy wants it.\n" + record : ""
    } else {
      text += "\n" + plan.steps.map(step).joined() + "\n"
      text += TrafficText(traffic, style: style, isVerbose: isVerbose).text + "\n"
      text += summary + cost
    }
    if !plan.problems.isEmpty { text += style.red("This plan cannot be applied") + ": see the errors.\n" }
    return text + weaker + gaps + ExposureText.text(plan.exposures)
  }

  private var weaker: String {
    plan.weakened.map { loss in
      "\(style.red("UNPROTECTED")): \(loss.interface): no longer denied: \(loss.lost.joined(separator: ", "))\n"
    }.joined()
  }

  /// How many things change, in one line.
  var summary: String {
    "Plan: \(plan.count(.create)) to create, \(plan.count(.change)) to change, \(plan.count(.delete)) to delete.\n"
  }

  /// What apply does to a host that is as it should be, but does not say of which revision.
  private var record: String {
    guard let marker = plan.marker?.after?.filter.flatMap(Marker.init) else { return "" }
    return "Apply records there \(marker.commit.map { "commit \($0)" } ?? "this revision, which has no commit").\n"
  }

  private func step(_ step: Step) -> String {
    switch step {
    case .filter(let change):
      FilterChangeText(change, project: plan.project, style: style, isVerbose: isVerbose).text
    case .interface(let change): interface(change)
    case .port(let change): port(change)
    }
  }

  // MARK: Interfaces and ports

  private func interface(_ change: InterfaceChange) -> String {
    let name = InterfaceName(machine: change.machine, mac: change.mac, device: change.device)
    let scope =
      change.isLive && change.isConfig ? "running and stored" : change.isLive ? "running" : "stored configuration"
    var text =
      "  \(style.glyph(change.kind)) interface of \(style.bold(name.description)), \(scope)\(group(change.group))\n"
    text += references(change.before.reference, change.after.reference)
    if change.isLive, change.after.reference != nil {
      text += "      libvirt leaves the interface without a filter for a moment while it does this\n"
    }
    return text
  }

  private func port(_ change: PortChange) -> String {
    let mac = (change.after ?? change.before)?.mac
    let name = mac.map { InterfaceName(machine: change.machine, mac: $0, device: change.device).description }
    var text = "  \(style.glyph(change.kind)) port of \(style.bold(name ?? change.device))\(group(change.group))\n"
    text += references(change.before?.reference, change.after?.reference)
    if change.kind == .change { text += "      the port is without a filter for a moment while this is done\n" }
    return text
  }

  private func group(_ group: String?) -> String { group.map { style.dim("  # group \($0)") } ?? "" }

  private func references(_ before: FilterReference?, _ after: FilterReference?) -> String {
    var text = ""
    if let before { text += "      \(style.red("-")) filter \(shown(before))\n" }
    if let after { text += "      \(style.green("+")) filter \(shown(after))\n" }
    if after == nil { text += "      \(style.red("UNPROTECTED")): no filter is left\n" }
    return text
  }

  /// Without the note of whose it is, which is of no interest to a reader.
  private func shown(_ reference: FilterReference) -> String {
    var reference = reference
    reference.parameters[FilterReference.ownerParameter] = nil
    return reference.summary
  }

  // MARK: Cost and enforcement

  private var cost: String {
    let cost = plan.cost
    guard cost.processes > 0 else { return "" }
    let tenths = Int((cost.seconds * 10).rounded(.up))
    var text =
      "Cost: libvirt rebuilds \(cost.rebuilds) port\(cost.rebuilds == 1 ? "" : "s"), about \(tenths / 10).\(tenths % 10) s."
    if cost.exposures > 0 {
      text += " Every VM of the host is without layer-3 rules for about \(cost.exposureMilliseconds) ms of it."
    }
    return text + "\n"
  }

  private var gaps: String {
    var text = plan.notFiltered.map { "\(style.red("NOT FILTERED")): \($0.interface): \($0.reason)\n" }.joined()
    let off = plan.notEnforced.filter { $0.state == .off }
    for gap in off {
      text +=
        style.red("NOT ENFORCED") + " on \(gap.interface): \(gap.sysctls.joined(separator: " and ")) is off, so that "
      text += "the kernel never looks at layer-3 rules\n"
    }
    let sysctls = Set(off.flatMap(\.sysctls)).sorted()
    if !sysctls.isEmpty {
      text += "  mend it on the host: modprobe br_netfilter; "
      text += sysctls.map { "sysctl -w \($0)=1" }.joined(separator: "; ") + "\n"
    }
    let unknown = plan.notEnforced.count { $0.state == .unknown }
    if unknown > 0 {
      text += "Enforcement unknown for \(unknown) interface\(unknown == 1 ? "" : "s"): the host's sysctls "
      text += "net.bridge.bridge-nf-call-* cannot be read from here.\n"
    }
    return text
  }
}
