// SPDX-License-Identifier: Apache-2.0

import Foundation
import PolicyLanguage

/// The folder of recorded files, beside this one.
enum GoldenFiles {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
  static let root = folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// Names of the folders or files in a folder of `Golden`, sorted.
  static func names(in name: String) -> [String] {
    let path = folder.appendingPathComponent(name).path
    return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  /// All YAML files below a folder.
  static func policyFiles(below folder: URL) -> [URL] {
    let walk = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    let files = (walk?.allObjects ?? []).compactMap { $0 as? URL }
    return files.filter { ["yaml", "yml"].contains($0.pathExtension) }.sorted { $0.path < $1.path }
  }
}
