// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Foundation
import PolicyLanguage
import Testing

/// Reading from disk, and limits.
@Suite final class RepositoryTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("nwfleet-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("policies/deep/er"), withIntermediateDirectories: true)
    try write("nwfleet.yaml", "project: acme\nid: 6f1c0d2e\n")
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func write(_ path: String, _ text: String) throws {
    try text.write(to: folder.appendingPathComponent(path), atomically: false, encoding: .utf8)
  }

  private func codes(_ result: LoadResult) -> [String] { result.diagnostics.map(\.code.rawValue) }

  private static let drop = "{rules: [{action: drop, direction: inout}]}"

  @Test func filesOfAllFolders() throws {
    try write("policies/b.yaml", "filters: {b: \(Self.drop)}")
    try write("policies/deep/er/a.yml", "filters: {a: \(Self.drop)}")
    try write("policies/README.md", "not: [yaml")
    try write("policies/.hidden.yaml", "not: [yaml")
    let result = PolicyRepository.load(directory: folder.path)
    #expect(result.diagnostics == [])
    #expect(result.desired?.filters.map(\.filter.name) == ["a", "b"])
    #expect(result.desired?.filters.first?.origin.file == "policies/deep/er/a.yml")
  }

  @Test func foundUpwards() throws {
    let deep = folder.appendingPathComponent("policies/deep/er").path
    let found = try #require(PolicyRepository.find(from: deep))
    #expect(found.hasSuffix(folder.lastPathComponent))
    #expect(PolicyRepository.find(from: "/proc") == nil)
    #expect(PolicyRepository.find(from: folder.path + "/missing") == nil)
  }

  @Test func linksAndPipesAreRefused() throws {
    let secret = folder.appendingPathComponent("secret.txt")
    try "top: secret".write(to: secret, atomically: false, encoding: .utf8)
    try FileManager.default.createSymbolicLink(
      at: folder.appendingPathComponent("policies/link.yaml"), withDestinationURL: secret)
    try FileManager.default.createSymbolicLink(
      at: folder.appendingPathComponent("policies/folder"), withDestinationURL: folder)
    #expect(mkfifo(folder.appendingPathComponent("policies/pipe.yaml").path, 0o600) == 0)
    let result = PolicyRepository.load(directory: folder.path)
    #expect(codes(result).sorted() == ["not-a-file", "symbolic-link", "symbolic-link"])
    #expect(result.desired == nil)
    #expect(!result.diagnostics.contains { $0.message.contains("secret") })
  }

  /// Neither a file that is included nor a folder on its way may be a link, and no other file that is read.
  @Test func linksAreRefusedEverywhere() throws {
    for name in ["facts", "environments"] {
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent(name), withIntermediateDirectories: false)
    }
    try write("secret.yaml", "vms: {secret: {}}\n")
    let links = [
      "facts/link.yaml": "../secret.yaml", "elsewhere": "facts", "addresses.lock.yaml": "secret.yaml",
      "environments/prod.yaml": "../secret.yaml",
    ]
    for (link, target) in links {
      try FileManager.default.createSymbolicLink(
        atPath: folder.appendingPathComponent(link).path, withDestinationPath: target)
    }
    try write("facts/vms.yaml", "vms: {web-1: {}}\n")
    #expect(mkfifo(folder.appendingPathComponent("facts/pipe.yaml").path, 0o600) == 0)
    try write(
      "nwfleet.yaml",
      """
      project: acme
      id: 6f1c0d2e
      include: [facts/vms.yaml, facts/link.yaml, elsewhere/vms.yaml, facts/pipe.yaml, facts/vms.yaml/x.yaml]
      """)
    let result = PolicyRepository.load(directory: folder.path)
    #expect(codes(result).sorted() == ["not-a-file"] + Array(repeating: "symbolic-link", count: 5))
    #expect(result.inventory.machines.map(\.name) == ["web-1"])
    #expect(!result.sources.paths.contains { $0.contains("link") || $0.contains("lock") })
  }

  @Test func environmentsLieFlat() throws {
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("environments/deep"), withIntermediateDirectories: true)
    try write("environments/prod.yaml", "")
    try write("environments/deep/test.yaml", "not: [yaml")
    try write("environments/README.md", "not: [yaml")
    let result = PolicyRepository.load(directory: folder.path, environment: "prod")
    #expect(result.diagnostics == [] && result.environments == ["prod"])
    #expect(codes(PolicyRepository.load(directory: folder.path, environment: "test")) == ["unknown-environment"])
  }

  @Test func largeFiles() throws {
    try write("policies/large.yaml", "# " + String(repeating: "x", count: 1 << 20) + "\n")
    #expect(codes(PolicyRepository.load(directory: folder.path)) == ["file-too-large"])
  }

  @Test func missingFolder() {
    #expect(codes(PolicyRepository.load(directory: folder.path + "/missing")) == ["no-project-file"])
  }

  /// libyaml takes seconds for this if it is let.
  @Test func deepFiles() {
    for text in [
      String(repeating: "[", count: 50_000), String(repeating: "{a: ", count: 50_000),
      String(repeating: "- ", count: 50_000), String(repeating: "? ", count: 50_000),
      (0..<1000).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
    ] {
      let result = PolicyRepository.load(files: [PolicyFile(path: "nwfleet.yaml", text: text)])
      #expect(result.diagnostics.last?.code == "yaml-depth")
      #expect(result.diagnostics.count <= 33)
    }
  }

  /// A name that is missing may be in the file that cannot be read.
  @Test func aFileThatCannotBeReadMakesNoOtherErrors() throws {
    try write("policies/a.yaml", "filters: {web: {rules: [{filterref: base}]}}")
    try write("policies/b.yaml", "filters: {base: [")
    #expect(codes(PolicyRepository.load(directory: folder.path)) == ["yaml-unclosed"])
  }

  @Test func theSameInAnyOrderAndOnAnyNumberOfThreads() {
    var files = [PolicyFile(path: "nwfleet.yaml", text: "project: acme\nid: 6f1c0d2e\n")]
    for index in 0..<500 {
      files.append(
        PolicyFile(path: "policies/\(index).yaml", text: "filters: {f\(index % 400): \(Self.drop), g\(index): {x: 1}}"))
    }
    let first = PolicyRepository.load(files: files)
    let second = PolicyRepository.load(files: files.reversed())
    #expect(first.diagnostics == second.diagnostics)
    #expect(first.diagnostics.filter { $0.code == "defined-twice" }.count == 100)
    #expect(first.diagnostics.filter { $0.code == "unknown-key" }.count == 500)
  }
}
