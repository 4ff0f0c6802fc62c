// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import FilterModel
import Planning
import Reconcile

struct DriftCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "drift", abstract: "Find what on a host is not as the policy wants it; exit code 2 if there is any.",
    discussion: """
      Looks at filters (as libvirt has them), at interfaces and their bindings, and at whether the kernel looks at \
      layer-3 rules at all. 'apply' repairs what it finds.
      """)

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var hosts: ReadableHostOptions
  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let session = try await PlanSession.read(repository, hosts, &output)
    let plan = session.plan
    if output.isJSON {
      output.result(PlanDocument(plan, traffic: plan.traffic(session.request)))
    } else {
      output.result(DriftText(plan, applied: session.appliedMarker, style: output.style).text)
      output.show(plan.problems)
    }
    guard plan.problems.isEmpty else { return .error }
    if !plan.isEmpty { return .changesPending }
    return plan.isComplete ? .done : .partial
  }
}

extension PlanSession {
  /// What the host says was applied to it last, by this project.
  var appliedMarker: Marker? {
    let name = request.desired.identity.markerName
    return request.observed.filters.first { $0.name == name }?.filter.flatMap(Marker.init)
  }
}

/// Drift for people, by level.
struct DriftText {
  var text: String

  init(_ plan: Plan, applied: Marker?, style: Style) {
    text = style.bold("Drift of \(plan.host), project \(plan.project)\n")
    if let applied {
      text +=
        "  applied: \(applied.commit.map { "commit \($0)" } ?? "no commit"), digest \(applied.digest.prefix(12))\n"
    } else {
      text += "  nothing was applied yet\n"
    }
    text += plan.steps.map { Self.line($0, style) }.joined()
    if plan.isEmpty { text += "No drift: filters and interfaces are as the policy wants them.\n" }
    for gap in plan.notFiltered { text += "  \(style.red("not filtered")): \(gap.interface): \(gap.reason)\n" }
    for gap in plan.notEnforced where gap.state == .off {
      text +=
        "  \(style.red("kernel")): \(gap.interface) is NOT ENFORCED: \(gap.sysctls.joined(separator: ", ")) is off\n"
    }
  }

  private static func line(_ step: Step, _ style: Style) -> String {
    switch step {
    case .filter(let change):
      switch change.kind {
      case .create: "  \(style.red("filter")) \(change.name) is missing\n"
      case .delete: "  \(style.red("filter")) \(change.name) is no longer in the policy\n"
      case .change: "  \(style.red("filter")) \(change.name) differs from the policy:\n" + difference(change, style)
      }
    case .interface(let change):
      "  \(style.red("interface")) of \(InterfaceName(machine: change.machine, mac: change.mac, device: change.device)) has "
        + "\(change.before.reference?.summary ?? "no filter"), should have \(change.after.reference?.summary ?? "none")\n"
    case .port(let change):
      "  \(style.red("binding")) of \(change.machine) (\(change.device)) is "
        + "\(change.before?.reference.summary ?? "missing"), should be \(change.after?.reference.summary ?? "none")\n"
    }
  }

  /// The host's rules that the policy does not have, and the policy's that the host does not have.
  private static func difference(_ change: FilterChange, _ style: Style) -> String {
    guard let present = change.before?.filter, let wanted = change.after?.filter else {
      return "      it says something that nwfleet does not know\n"
    }
    var text = ""
    if (present.chain, present.priority) != (wanted.chain, wanted.priority) {
      text += "      host: chain \(present.chain), priority \(present.priority)\n"
      text += "      policy: chain \(wanted.chain), priority \(wanted.priority)\n"
    }
    for entry in EntryDiff.between(wanted.entries, present.entries) {
      switch entry {
      case .kept: break
      case .added(let entry): text += "      only on the host: \(entry.summary)\n"
      case .removed(let entry): text += "      only in the policy: \(entry.summary)\n"
      }
    }
    return text
  }
}
