// SPDX-License-Identifier: Apache-2.0

import Foundation
import Processes
import Testing

/// What needs no host.
@Suite struct CommandLineTests {
  private func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = "\(NSTemporaryDirectory())/nwfleet-cli-\(UUID().uuidString.prefix(8).lowercased())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
  }

  private func nwfleet(_ arguments: String...) async throws -> CommandResult {
    try await Processes.run(Program.path, arguments)
  }

  @Test func initTakesOnlyURIsOfARepository() async throws {
    try await withFolder { folder in
      for uri in ["not a uri", "qemu:///system?socket=/tmp/s", "qemu+ext://h/system"] {
        try await nwfleet("init", folder, "--project", "acme", "--uri", uri).expect(1)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [])
      let made = try await nwfleet("init", folder, "--project", "acme", "--json").expect(0)
      #expect(made.output.contains("\"wrote\""))
      try await nwfleet("validate", "--repo", folder).expect(0).says("Valid: project acme, 0 groups.")
    }
  }

  @Test func renderFmtAndImportSpeakJSON() async throws {
    try await withFolder { folder in
      try await nwfleet("init", folder, "--project", "acme").expect(0)
      let policy = "filters:\n    a: {rules: [{action: drop,   direction: in}]}\n"
      try policy.write(toFile: "\(folder)/policies/a.yaml", atomically: true, encoding: .utf8)
      for (command, key) in [("render", "filters"), ("fmt", "changed")] {
        let output = try await nwfleet(command, "--repo", folder, "--json").expect(0).output
        let object = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        #expect((object?[key] as? [Any])?.count == 1, "\(command)")
      }
    }
  }

  @Test func quietKeepsWarnings() async throws {
    try await withFolder { folder in
      try await nwfleet("init", folder, "--project", "acme").expect(0)
      try "filters: {a: {rules: []}}\n".write(
        toFile: "\(folder)/policies/a.yaml", atomically: true, encoding: .utf8)
      #expect(try await nwfleet("render", "-q", "--repo", folder).expect(0).errorOutput.contains("empty-filter"))
    }
  }

  @Test func countsAndTimesAreChecked() async throws {
    try await nwfleet("apply", "--max-destroy", "-1").expect(64)
    try await nwfleet("apply", "--confirm-within", "5").expect(64).says("write 5s")
  }
}
