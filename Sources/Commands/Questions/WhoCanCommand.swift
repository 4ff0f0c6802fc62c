// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Diagnostics
import FilterModel
import PolicyLanguage
import Verification

struct WhoCanCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "who-can", abstract: "Say from where packets get to a VM.",
    discussion: """
      All addresses from which the VM's filters let in what is asked, such as nwfleet who-can web-1 ssh, and the VMs of the \
      repository that can send it by their own filters. 'via routed' and 'via host' ask about other ways than a bridge.
      """)

  @Argument(help: ArgumentHelp("The VM, or group:NAME.", valueName: "vm"))
  var machine: String

  @Argument(help: ArgumentHelp("What, in the words of rules, and optionally 'via ROUTE'.", valueName: "what"))
  var what: [String] = []

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var today: TodayOptions
  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let repository = try repository.load(&output)
    let text = "in \(what.joined(separator: " "))"
    output.addQuestion(text)
    let test = try PolicyQuestion.aboutNICs(text)
    var bench = try Workbench(HostPolicy(repository, today: today.day))
    let targets = try bench.subjects(machine, repository.inventory)
    var verifier = Verifier(bench.library)
    let planned = bench.planner.plan(test, suite: machine, nics: targets)
    let answers = try verifier.sources(planned)
    var document = ReachabilityDocument(
      question: "\(words(of: test)) to \(machine)", answers, whole: words(of: test))
    if test.route == nil || test.route?.value == .bridged {
      document.machines = try senders(test, bench: &bench, &verifier, repository.inventory)
    }
    if output.isJSON { output.result(document) } else { output.result(document.text(output.style)) }
    return .done
  }

  /// As it was asked, without direction and way.
  private func words(of test: PolicyTest) -> String { test.traffic.map(\.value.spelling).joined(separator: ", ") }

  /// VMs whose own filters let it out as well.
  private func senders(
    _ test: PolicyTest, bench: inout Workbench, _ verifier: inout Verifier, _ inventory: Inventory
  ) throws -> [String] {
    let others = Set(bench.planner.nics.map(\.nic.machine)).filter { $0 != machine }.sorted()
    guard !others.isEmpty else { return [] }
    let target: Peer = machine.hasPrefix("group:") ? .group(String(machine.dropFirst(6))) : .machine(machine)
    let path = PolicyTest(
      .allow,
      .path(
        from: others.map { Located(value: .machine($0), range: test.origin) },
        to: [Located(value: target, range: test.origin)]), test.traffic, text: test.text, origin: test.origin)
    let planned = bench.planner.plan(path, suite: machine, nics: [])
    // Nobody shares a family of addresses with it.
    if planned.problems.contains(where: { $0.code == "test-without-packets" }) { return [] }
    return Set(try verifier.senders(planned).map(\.nic.machine)).sorted()
  }
}
