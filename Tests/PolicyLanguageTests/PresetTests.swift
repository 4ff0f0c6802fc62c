// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import Foundation
import PolicyLanguage
import Presets
import Testing

/// The presets in the program are those of `policies/presets`.
@Suite struct PresetTests {
  private static let folder = GoldenFiles.root.appendingPathComponent("policies/presets")

  @Test func areTheFiles() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
      .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
    #expect(Set(ShippedPresets.files.keys) == Set(names), "name each file in Presets.swift and in Package.swift")
    for (name, bytes) in ShippedPresets.files {
      let file = try Data(contentsOf: Self.folder.appendingPathComponent("\(name).yaml"))
      #expect(Array(file) == bytes, "\(name)")
    }
  }

  @Test(arguments: ShippedPresets.files.keys.sorted())
  func areRight(name: String) throws {
    let bytes = try #require(ShippedPresets.files[name])
    let result = PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: "project: acme\nid: 6f1c0d2e\n"),
      PolicyFile(
        path: "policies/all.yaml", text: "groups: {all: {vms: {name: \"*\"}, use: \(name)}}\n"),
    ])
    #expect(result.diagnostics == [])
    let preset = try #require(result.policy?.presets.first { $0.name.value == name })
    #expect(preset.summary?.isEmpty == false)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(Formatter.format(text, file: name).text == text)
  }
}
