// SPDX-License-Identifier: Apache-2.0

import Foundation
import Processes
import Sandbox
import Testing

extension EndToEnd {
  /// What documents show, presets and examples among it, is accepted by libvirt and read back as it was sent.
  @Suite struct DocumentedPolicyTests {
    @Test func everyExampleInDocuments() async throws {
      try await withHost(SandboxOptions(virtualMachines: 0)) { host in
        let examples = try await Self.examples(in: "\(host.folder)/examples")
        #expect(examples.count >= 24)
        // All of them are the same project's: each takes the place of the one before.
        for example in examples where example.code == "-" {
          try await Self.expectRoundTrip(TestRepository(host: host, path: example.folder), example.place)
        }
        // What libvirt reads from its files again may be other than what it held (reference H2).
        let last = try #require(examples.last { $0.code == "-" })
        try await host.sandbox.stopDaemon()
        try await host.sandbox.startDaemon()
        try await TestRepository(host: host, path: last.folder).expectInSync("--host", "kvm1")
      }
    }

    /// One host of a repository with several, in each of its environments.
    @Test(arguments: ["", "stage", "lockdown"])
    func company(environment: String) async throws {
      try await withHost(SandboxOptions(virtualMachines: 0)) { host in
        let repository = TestRepository(host: host, path: "\(host.folder)/repo")
        try FileManager.default.copyItem(atPath: "\(Program.checkout)/examples/company", toPath: repository.path)
        let options = environment.isEmpty ? [] : ["--env", environment]
        try await Self.expectRoundTrip(repository, "company", host: "ams1", options)
      }
    }

    @Test func everyPresetIsInUse() throws {
      let readme = try String(contentsOfFile: "\(Program.checkout)/policies/README.md", encoding: .utf8)
      let presets = try FileManager.default.contentsOfDirectory(atPath: "\(Program.checkout)/policies/presets")
        .filter { $0.hasSuffix(".yaml") }.map { $0.dropLast(".yaml".count) }
      #expect(presets.count == 12)
      for preset in presets {
        #expect(readme.contains("\n    use: \(preset)\n") || readme.contains("\(preset)]\n"), "\(preset)")
      }
    }

    private struct Example {
      var folder: String
      /// DOCUMENT:LINE
      var place: String
      /// The diagnostic that it must be refused with, or `-`.
      var code: String
    }

    private static func examples(in folder: String) async throws -> [Example] {
      let documents = ["docs/language.md", "docs/coming-from.md", "policies/README.md"]
      let list = try await Processes.run(
        "\(Program.checkout)/scripts/doc-repositories.sh", [folder] + documents, workingDirectory: Program.checkout
      ).requireSuccess().output
      return list.split(separator: "\n").map { line in
        let fields = line.split(separator: "\t").map(String.init)
        return Example(folder: fields[0], place: fields[1], code: fields[2])
      }
    }

    /// Hosts of documents are somewhere else.
    private static func moveToSandbox(_ repository: TestRepository) throws {
      let text = try String(contentsOfFile: "\(repository.path)/nwfleet.yaml", encoding: .utf8)
      try repository.write(
        "nwfleet.yaml", text.replacing(/uri: "[^"]*"/, with: "uri: \"sandbox:///1\""))
    }

    private static func expectRoundTrip(
      _ repository: TestRepository, _ place: String, host name: String = "kvm1", _ options: [String] = []
    ) async throws {
      let host = repository.host
      let rendered = "\(host.folder)/rendered"
      let repo = ["--repo", repository.path] + options
      let there = ["--host", name]
      try Self.moveToSandbox(repository)
      try await host.nwfleet(["render", "--quiet", "--out", rendered] + repo).expect(0)
      try await host.nwfleet(["apply", "--quiet", "--auto-approve", "--max-destroy", "1000"] + repo + there).expect(0)
      try await host.nwfleet(["plan", "--quiet", "--detailed-exitcode"] + repo + there).expect(0)
      let kept = try await host.allFilters()
      let files = try FileManager.default.contentsOfDirectory(atPath: rendered).sorted()
      #expect(!files.isEmpty, "\(place)")
      // NICs have filters on the host that has them; here it has none.
      for file in files where !file.contains(".nic.") {
        let expected = try String(contentsOfFile: "\(rendered)/\(file)", encoding: .utf8)
        #expect(kept[String(file.dropLast(".xml".count))] == expected, "\(place): \(file)")
      }
      try FileManager.default.removeItem(atPath: rendered)
    }
  }
}
