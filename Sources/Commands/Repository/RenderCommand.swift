// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import FilterModel
import FilterXML
import FoundationEssentials
import Reconcile

struct RenderCommand: Subcommand {
  static let configuration = CommandConfiguration(
    commandName: "render", abstract: "Print the libvirt XML that a policy stands for, UUIDs included.")

  @Argument(help: ArgumentHelp("Only these filters.", valueName: "filter"))
  var names: [String] = []

  @Option(help: ArgumentHelp("Write one file a filter into this folder instead.", valueName: "folder"))
  var out: String?

  @OptionGroup var repository: RepositoryOptions
  @OptionGroup var output: OutputOptions

  func execute(_ output: Output) async throws -> ExitStatus {
    var output = output
    let repository = try repository.load(&output)
    output.warn(repository.warnings)
    let known = repository.desired.filters.map(\.filter.name)
    for name in names where !known.contains(name) {
      throw DiagnosticError(
        Diagnostic(
          "unknown-filter", "the policy has no filter '\(name)'", hint: Suggestion.hint(for: name, in: known)))
    }
    // One write for many filters: a write for each took as long as making its XML.
    var pending = ""
    var records: [RenderedFilter] = []
    for wanted in repository.desired.filters where names.isEmpty || names.contains(wanted.filter.name) {
      var filter = wanted.filter
      filter.uuid = repository.desired.identity.uuid(ofFilter: filter.name)
      let xml = FilterXML.write(filter)
      if let out {
        try save(xml, of: filter, in: out)
      }
      if output.isJSON {
        records.append(RenderedFilter(name: filter.name, uuid: filter.uuid?.description, xml: xml))
      } else if out == nil {
        pending += xml
      }
      if pending.utf8.count > 1 << 18 {
        output.result(pending)
        pending = ""
      }
    }
    if output.isJSON { output.result(["filters": records]) } else { output.result(pending) }
    return .done
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
