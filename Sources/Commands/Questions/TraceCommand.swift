// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Diagnostics
import FilterModel
import Planning
import PolicyLanguage
import Reconcile
import Verification

struct TraceCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "trace", abstract: "Say what becomes of packets of a VM, and which rules decide.",
    discussion: """
      The question has the words of rules: nwfleet trace web-1 in tcp/443 from 198.51.100.7. It is answered for every packet \
      that it speaks of: where they have different fates, each is shown with an example. 'via routed' asks about packets \
      that the host routes, 'via host' about the host's own, which meet other rules than bridged ones.
      """)

  @Argument(help: ArgumentHelp("The VM.", valueName: "vm"))
  var machine: String

  @Argument(
    help: ArgumentHelp(
      "in or out, what, and optionally 'from PEERS', 'to PEERS', 'via bridged', 'via routed' or 'via host'.",
      valueName: "question"))
  var question: [String] = []

  @Flag(help: "Ask the filters that a host has now, not those of the repository.")
  var live = false

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var hosts: ReadableHostOptions
  @OptionGroup var today: TodayOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if !live, hosts.hosts.host != nil || hosts.hosts.connect != nil || hosts.snapshot != nil {
      throw ValidationError("--host, --connect and --snapshot are for --live")
    }
  }

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let repository = try repository.load(&output)
    let text = question.joined(separator: " ")
    output.addQuestion(text)
    let test = try PolicyQuestion.aboutNICs(text)
    let policy = HostPolicy(repository, today: today.day)
    var (bench, nics) = try await subjects(repository, policy, output)
    var verifier = Verifier(bench.library)
    var answers: [Answer] = []
    for nic in nics { answers += try verifier.answers(bench.planner.plan(test, suite: machine, nics: [nic])) }
    let document = TraceDocument(machine, test, answers, bench.library)
    if output.isJSON { output.result(document) } else { output.result(document.text(output.style)) }
    return .done
  }

  private func subjects(
    _ repository: Repository, _ policy: HostPolicy, _ output: Output
  ) async throws -> (Workbench, [FilteredNIC]) {
    guard live else {
      let bench = try Workbench(policy)
      return (bench, try bench.nics(of: machine, repository.inventory))
    }
    let observed = try await hosts.open(repository.inventory, output).observe()
    let bench = try Workbench(policy, on: observed)
    return (bench, try LiveNICs(observed, bench).nics(of: machine))
  }
}

/// What a host's NICs have now.
struct LiveNICs {
  private let observed: ObservedHost
  private let bench: Workbench

  init(_ observed: ObservedHost, _ bench: Workbench) {
    self.observed = observed
    self.bench = bench
  }

  /// With the filters that they have on the host.
  ///
  /// - Throws: `DiagnosticError` for a VM that is not there.
  func nics(of machine: String) throws(DiagnosticError) -> [FilteredNIC] {
    let interfaces = observed.machines.first { $0.name == machine }?.interfaces ?? []
    let ports = bench.planner.desired.ports.filter { port in
      port.machine == machine && observed.bindings.contains { $0.device == port.device }
    }
    let macs = Set(interfaces.map(\.mac)).union(ports.map(\.mac))
    guard !macs.isEmpty else {
      throw DiagnosticError(
        Diagnostic(
          "machine-not-on-host", "\(observed.name) has no VM '\(machine)' with a NIC",
          hint: Suggestion.hint(for: machine, in: observed.machines.map(\.name))))
    }
    return bench.planner.nics(of: machine).filter { macs.contains($0.nic.mac) }.map { nic in
      var nic = nic
      let interface = interfaces.first { $0.mac == nic.nic.mac }
      let device = interface?.device ?? ports.first { $0.mac == nic.nic.mac }?.device
      nic.reference = binding(device)?.reference ?? interface.flatMap(Self.reference)
      return nic
    }
  }

  /// What libvirt has really bound knows the parameters that it added itself.
  private func binding(_ device: String?) -> ObservedBinding? {
    device.flatMap { device in observed.bindings.first { $0.device == device } }
  }

  private static func reference(_ interface: ObservedInterface) -> FilterReference? {
    if case .present(let reference) = interface.live { return reference }
    if case .present(let reference) = interface.config { return reference }
    return nil
  }
}

/// The answer of trace, as JSON and as text.
struct TraceDocument: Encodable {
  struct Answer: Encodable {
    /// allowed, one-way, dropped or rejected.
    var verdict: String
    /// Whether every packet of the question, on this NIC and way, has it.
    var isOnly: Bool
    var example: ConversationRecord
  }

  var format = 1
  var vm: String
  var question: String
  var answers: [Answer]

  init(_ machine: String, _ test: PolicyTest, _ answers: [Verification.Answer], _ library: FilterLibrary) {
    vm = machine
    // The parser's canonical text begins with what a test would expect.
    question = test.text.split(separator: " ").dropFirst().joined(separator: " ")
    self.answers = answers.map {
      Answer(verdict: $0.outcome.word, isOnly: $0.isOnly, example: ConversationRecord($0.example, library))
    }
  }

  func text(_ style: Style) -> String {
    answers.map { answer in
      let text = (answer.isOnly ? "" : "some: ") + answer.example.headline(style) + "\n"
      return text + answer.example.steps(style)
    }.joined(separator: "\n")
  }
}
