// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// `include: [facts/vms.json]`: files of the repository that hold facts about VMs, networks and sets.
extension FileDecoder {
  mutating func decodeInclude(_ entry: Node.Entry) {
    let expected = "a path in the repository, such as facts/vms.json, or a list of them"
    guard let paths = texts(of: entry.value, "include", expected: expected) else { return }
    var places: [String: SourceRange] = [:]
    for path in paths {
      if let reason = IncludedPath.problem(of: path.value) {
        report(
          "bad-include", "'\(path.value.excerpt)' cannot be included: \(reason)", at: path.range, expected: expected)
      } else if let first = places.updateValue(path.range, forKey: path.value) {
        result.diagnostics.append(
          Diagnostic(
            "bad-include", "'\(path.value.excerpt)' is included twice", at: path.range, hint: "remove one of them",
            notes: [Diagnostic.Note("the first one", at: first)]))
      } else {
        result.includes.append(path)
      }
    }
  }
}

/// Paths that `include:` takes: in the repository, without detours, and not read in another way.
enum IncludedPath {
  private static let suffixes = [".yaml", ".yml", ".json"]

  /// Why a path cannot be included; nil if it can.
  static func problem(of path: String) -> String? {
    if path.hasPrefix("/") || path.hasPrefix("~") { return "it leads out of the repository" }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    if parts.contains("..") { return "it leads out of the repository" }
    if parts.contains(where: { $0.isEmpty || $0.hasPrefix(".") }) {
      return "its parts must be names, and hidden files are not read"
    }
    if path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) || path.utf8.count > 1024 { return "it is no path" }
    if parts.count > 32 { return "it is too deep" }
    if !suffixes.contains(where: { path.hasSuffix($0) }) { return "only YAML and JSON files can be" }
    let isReadAnyway =
      path == PolicyRepository.fileName || path == AddressLockFile.name
      || parts[0] == PolicyRepository.policyFolder || parts[0] == PolicyRepository.environmentFolder
    return isReadAnyway ? "it is read anyway" : nil
  }
}
