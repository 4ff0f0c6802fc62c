// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import Presets

/// The presets that ship with nwfleet, as far as a repository needs them: most need none, and then none is parsed.
struct ShippedPresetReader {
  private(set) var presets: [RuleSet] = []
  private(set) var diagnostics: [Diagnostic] = []
  private(set) var sources: [String: SourceText] = [:]

  static func read(for files: [DecodedFile]) -> ShippedPresetReader {
    var reader = ShippedPresetReader()
    reader.read(files)
    return reader
  }

  private mutating func read(_ files: [DecodedFile]) {
    let own = files.flatMap(\.presets)
    for preset in own where ShippedPresets.files[preset.name.value] != nil {
      diagnostics.append(
        Diagnostic(
          "shipped-preset", "nwfleet itself has a preset '\(preset.name.value)'", at: preset.name.range,
          hint: "give yours another name"))
    }
    let known = Set(own.map(\.name.value))
    var wanted = (files.flatMap(\.groups).compactMap(\.rules) + own).flatMap(\.uses).map(\.value)
    wanted.removeAll { known.contains($0) }
    // All of them where a name is of neither kind: one of them may be meant.
    if wanted.contains(where: { ShippedPresets.files[$0] == nil }) { wanted += ShippedPresets.files.keys }
    var seen: Set<String> = []
    while let name = wanted.popLast() {
      guard seen.insert(name).inserted, let bytes = ShippedPresets.files[name] else { continue }
      wanted += decode(name, bytes).flatMap(\.uses).map(\.value)
    }
    presets.sort { $0.name.value < $1.name.value }
  }

  private mutating func decode(_ name: String, _ bytes: [UInt8]) -> [RuleSet] {
    let path = "<nwfleet>/policies/presets/\(name).yaml"
    let source = SourceText(bytes)
    let file = FileDecoder.decode(source, path: path, role: .shipped)
    sources[path] = source
    diagnostics += file.diagnostics
    presets += file.presets
    return file.presets
  }
}

extension DecodedGroup {
  fileprivate var rules: RuleSet? {
    if case .rules(let group) = content { group.rules } else { nil }
  }
}
