// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Diagnostics
import FilterModel
import FilterXML
import FoundationEssentials
import PolicyLanguage
import Reconcile

struct RenderCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "render", abstract: "Print the libvirt XML that a policy stands for, UUIDs included.",
    discussion: """
      Filters of NICs are those of VMs that the repository knows by MAC address; a host can have more. With --vm, what one \
      VM gets is told in the policy's own words instead, and why.
      """)

  @Argument(help: ArgumentHelp("Only these filters.", valueName: "filter"))
  var names: [String] = []

  @Option(help: ArgumentHelp("Write one file a filter into this folder instead.", valueName: "folder"))
  var out: String?

  @Flag(help: "Say above each rule which rule of the policy it comes from, and where that is.")
  var annotate = false

  @Option(help: ArgumentHelp("Explain what this VM gets.", valueName: "name"))
  var vm: String?

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var today: TodayOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if vm != nil, !names.isEmpty || out != nil || annotate {
      throw ValidationError("--vm prints no filters: it cannot be used with --out, --annotate or names of filters")
    }
  }

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let repository = try repository.load(&output)
    output.warn(repository.warnings)
    let policy = HostPolicy(repository, today: today.day)
    if let vm {
      try explain(vm, repository, policy, output)
      return .done
    }
    let compilation = policy.compiled()
    guard let desired = compilation.desired else { throw DiagnosticError(compilation.diagnostics) }
    output.warn(compilation.diagnostics)
    try render(desired, output)
    return .done
  }

  // MARK: One VM

  private func explain(_ name: String, _ repository: Repository, _ policy: HostPolicy, _ output: Output) throws {
    let machines = repository.inventory.machines
    guard let machine = machines.first(where: { $0.name == name }) else {
      throw DiagnosticError(
        Diagnostic(
          "unknown-machine", "the repository knows no VM '\(name)'",
          hint: Suggestion.hint(for: name, in: machines.map(\.name)) ?? "name it under vms: in nwfleet.yaml"))
    }
    let compilation = policy.compiled(for: machine.host)
    guard let desired = compilation.desired else { throw DiagnosticError(compilation.diagnostics) }
    let document = MachineDocument(
      name, policy.explanations(of: name, on: machine.host), desired, repository.policy)
    if output.isJSON { output.result(document) } else { output.result(document.text(output.style)) }
  }

  // MARK: Filters

  private func render(_ desired: DesiredState, _ output: Output) throws {
    let known = desired.filters.map(\.filter.name)
    for name in names where !known.contains(name) {
      throw DiagnosticError(
        Diagnostic(
          "unknown-filter", "the policy has no filter '\(name)'", hint: Suggestion.hint(for: name, in: known)))
    }
    let chosen = desired.filters.filter { names.isEmpty || names.contains($0.filter.name) }
    var records: [RenderedFilter] = []
    // One write for many filters: a write for each took as long as making its XML.
    for first in stride(from: 0, to: chosen.count, by: 4096) {
      let part = chosen[first..<min(chosen.count, first + 4096)]
      let filters = part.map { wanted in
        var filter = wanted.filter
        filter.uuid = desired.identity.uuid(ofFilter: filter.name)
        return filter
      }
      let notes = annotate ? part.map(Self.notes) : []
      let texts = ConcurrentMap().map(count: filters.count, batch: 64) { index in
        FilterXML.write(filters[index], notes: notes.isEmpty ? [] : notes[index])
      }
      for (filter, xml) in zip(filters, texts) {
        if let out { try save(xml, of: filter, in: out) }
        if output.isJSON {
          records.append(RenderedFilter(name: filter.name, uuid: filter.uuid?.description, xml: xml))
        }
      }
      if out == nil, !output.isJSON { output.result(texts.joined()) }
    }
    if output.isJSON { output.result(["filters": records]) }
  }

  /// For each entry, the rules of the policy that it comes from; of a native filter, its own place.
  private static func notes(_ wanted: DesiredFilter) -> [String?] {
    wanted.filter.entries.indices.map { index in
      if index < wanted.entrySources.count, !wanted.entrySources[index].isEmpty {
        return wanted.entrySources[index].text
      }
      guard wanted.entrySources.isEmpty, index < wanted.entryOrigins.count else { return nil }
      let origin = wanted.entryOrigins[index]
      return "\(origin.file):\(origin.start.line)"
    }
  }

  private func save(_ xml: String, of filter: Filter, in out: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
      try xml.write(toFile: "\(out)/\(filter.name).xml", atomically: true, encoding: .utf8)
    } catch {
      throw HostError(.file, "\(out)/\(filter.name).xml cannot be written")
    }
  }
}
