// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// From the bytes of files to a policy.
struct RepositoryLoader {
  var files: [PolicyFile]
  /// `nwfleet.yaml`, which says what else there is to read.
  private let project: DecodedFile?

  init(_ files: [PolicyFile]) {
    self.files = files
    project = files.first { $0.path == PolicyRepository.fileName }
      .map { FileDecoder.decode(SourceText($0.bytes), path: $0.path, role: .project) }
  }

  /// Paths of files that `nwfleet.yaml` includes.
  var included: [Located<String>] { project?.includes ?? [] }

  func load(environment: String?, readingProblems: [Diagnostic]) -> LoadResult {
    let files = files.sorted { $0.path < $1.path }
    let sources = files.map { SourceText($0.bytes) }
    let paths = Set(included.map(\.value))
    let decoded = ConcurrentMap().map(count: files.count, batch: 4) { index in
      let path = files[index].path
      if path == PolicyRepository.fileName, let project { return project }
      return FileDecoder.decode(sources[index], path: path, role: FileRole(path: path, included: paths))
    }
    var builder = RepositoryBuilder(readingProblems: readingProblems)
    var (policy, inventory) = builder.build(decoded)
    var diagnostics = builder.diagnostics
    let shipped = ShippedPresetReader.read(for: decoded)
    policy?.presets += shipped.presets
    diagnostics += shipped.diagnostics
    if policy == nil, var draft = builder.draft {
      // What is wrong in one place hides nothing of what is wrong in another.
      draft.policy.presets += shipped.presets
      diagnostics += draft.policy.problemsOfNames(furtherGroups: draft.groups)
    }
    let environments = EnvironmentChoice(decoded)
    diagnostics += environments.diagnostics
    diagnostics += environments.apply(environment, to: &policy)
    if diagnostics.contains(where: { $0.severity == .error }) { policy = nil }
    return LoadResult(
      policy: policy, inventory: inventory, diagnostics: DiagnosticRenderer.sorted(diagnostics),
      environments: environments.names,
      sources: PolicySources(
        Dictionary(zip(files.map(\.path), sources)) { first, _ in first }, shipped: shipped.sources))
  }
}
