// SPDX-License-Identifier: Apache-2.0

import Foundation
import Git
import Processes
import Testing

/// A repository in a temporary folder, gone with the test.
private final class Fixture {
  let folder = FileManager.default.temporaryDirectory.path + "/nwfleet-git-\(UUID().uuidString)"

  init() async throws {
    try FileManager.default.createDirectory(atPath: folder + "/site/policies", withIntermediateDirectories: true)
    try await git("init", "-q", "-b", "main")
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func git(_ arguments: String...) async throws {
    let settings = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    try await Processes.run("git", ["-C", folder] + settings + arguments).requireSuccess()
  }

  func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/\(path)"))
  }

  func commit() async throws {
    try await git("add", "-A")
    try await git("commit", "-q", "-m", "change")
  }
}

@Suite struct GitRepositoryTests {
  @Test func givesTheBytesOfACommitNotOfTheWorkTree() async throws {
    let fixture = try await Fixture()
    let odd: [UInt8] = [0xff, 0x00, 0x0a, 0xc3]
    try fixture.write("old\n".utf8, to: "site/nwfleet.yaml")
    try fixture.write(odd, to: "site/policies/ü b.yaml")
    try fixture.write([], to: "outside.yaml")
    try await fixture.commit()
    try fixture.write("new\n".utf8, to: "site/nwfleet.yaml")
    let repository = GitRepository(folder: fixture.folder + "/site")
    let commit = try await repository.commit("main")
    let entries = try await repository.entries(of: commit)
    #expect(entries.map(\.path) == ["nwfleet.yaml", "policies/ü b.yaml"])
    let files = try await repository.files(entries, limit: 100)
    #expect(files.map(\.bytes) == [Array("old\n".utf8), odd])
    #expect(await repository.checkedOut() == commit + "+")
  }

  @Test func readsABareRepository() async throws {
    let fixture = try await Fixture()
    try fixture.write("a\n".utf8, to: "nwfleet.yaml")
    try await fixture.commit()
    try await fixture.git("clone", "-q", "--bare", fixture.folder, fixture.folder + "/bare.git")
    let repository = GitRepository(folder: fixture.folder + "/bare.git")
    let entries = try await repository.entries(of: try await repository.commit("HEAD"))
    #expect(entries.map(\.path) == ["nwfleet.yaml"])
  }

  @Test func followsNoLinks() async throws {
    let fixture = try await Fixture()
    try FileManager.default.createSymbolicLink(
      atPath: fixture.folder + "/nwfleet.yaml", withDestinationPath: "/etc/passwd")
    try await fixture.commit()
    let repository = GitRepository(folder: fixture.folder)
    let entries = try await repository.entries(of: try await repository.commit("HEAD"))
    #expect(entries.map(\.kind) == [.symbolicLink])
    let error = await #expect(throws: GitError.self) { try await repository.files(entries, limit: 100) }
    #expect(error?.code == .notAFile)
  }

  @Test func readsNothingBeyondTheLimit() async throws {
    let fixture = try await Fixture()
    try fixture.write(repeatElement(0x61, count: 101), to: "nwfleet.yaml")
    try await fixture.commit()
    let repository = GitRepository(folder: fixture.folder)
    let entries = try await repository.entries(of: try await repository.commit("HEAD"))
    let error = await #expect(throws: GitError.self) { try await repository.files(entries, limit: 100) }
    #expect(error?.code == .tooLarge)
  }

  @Test(arguments: ["nothing", "--all", "-x", "", "HEAD:nwfleet.yaml"])
  func knowsNoSuchRevision(_ revision: String) async throws {
    let fixture = try await Fixture()
    try fixture.write([], to: "nwfleet.yaml")
    try await fixture.commit()
    let error = await #expect(throws: GitError.self) {
      try await GitRepository(folder: fixture.folder).commit(revision)
    }
    #expect(error?.code == .unknownRevision)
  }

  @Test func isNotInARepository() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/nwfleet-none-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let error = await #expect(throws: GitError.self) { try await GitRepository(folder: folder).commit("HEAD") }
    #expect(error?.code == .noRepository)
    #expect(await GitRepository(folder: folder).checkedOut() == nil)
  }
}
