// SPDX-License-Identifier: Apache-2.0

import Processes

/// Reads commits by `ls-tree` and `cat-file`: never a work tree, so that no link is followed and no filter or hook runs.
///
/// Asks git for nothing that could run a program of the repository's (fsmonitor is off, objects that are missing are not
/// fetched) or write to it: root's new index would be closed to the repository's owner.
public struct GitRepository: Sendable {
  /// The folder, anywhere in a work tree or a bare repository.
  public let folder: String

  public init(folder: String) { self.folder = folder.isEmpty ? "." : folder }

  /// The full name of the commit that a revision stands for: a branch, a tag, a commit, `HEAD~2`.
  ///
  /// - Throws: `GitError` with code `unknownRevision` or `noRepository`.
  public func commit(_ revision: String) async throws -> String {
    // One that begins with a hyphen would be an option to git.
    let arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", "\(revision)^{commit}"]
    let result = try await run(arguments)
    if result.succeeded, let name = Self.firstLine(result.output) { return name }
    guard try await run(["rev-parse", "--git-dir"]).succeeded else {
      throw GitError(
        .noRepository, "\(folder) is in no git repository that git reads here",
        hint: "run 'git -C \(folder) status' to see what git says")
    }
    throw GitError(
      .unknownRevision, "git knows no commit '\(revision)' here",
      hint: "'git log --oneline' shows the commits that there are")
  }

  /// The commit that is checked out, `+` behind it if files below the folder differ from it; nil outside of git.
  public func checkedOut() async -> String? {
    guard let head = try? await commit("HEAD") else { return nil }
    let changes = try? await run(["status", "--porcelain", "--untracked-files=normal", "--", "."])
    return changes?.succeeded == true && changes?.output.isEmpty == true ? head : head + "+"
  }

  /// What a commit has below the folder, in git's order.
  public func entries(of commit: String) async throws -> [TreeEntry] {
    let prefix = try await requireOutput(["rev-parse", "--show-prefix"])
    let path = String(prefix.prefix { $0 != "\n" })
    // The tree of the folder itself, so that paths are relative to it in a bare repository as well.
    let tree = path.isEmpty ? "\(commit)^{tree}" : "\(commit):\(path)"
    let listing = try await requireOutput(["ls-tree", "-r", "-l", "-z", "--full-tree", "--end-of-options", tree])
    return try listing.split(separator: "\0").map(Self.entry)
  }

  /// The bytes of files, in their order.
  ///
  /// - Throws: `GitError` with code `notAFile` for a link or a submodule, `tooLarge` beyond `limit` bytes in all.
  public func files(_ entries: [TreeEntry], limit: Int) async throws -> [TreeFile] {
    if let other = entries.first(where: { $0.kind != .file }) {
      throw GitError(
        .notAFile,
        "\(other.path) is a \(other.kind == .submodule ? "submodule" : "symbolic link"), which is not followed",
        hint: "put the file itself into the repository")
    }
    // Sizes are known before a byte is read.
    let size = entries.reduce(0) { $0 + $1.size }
    guard size <= limit else { throw GitError(.tooLarge, "the files have \(size) bytes, \(limit) is the limit") }
    if entries.isEmpty { return [] }
    let result = try await run(
      ["cat-file", "--batch"], input: entries.map { $0.object + "\n" }.joined(), outputLimit: size + 256 * entries.count
    )
    guard result.succeeded else { throw failure(result) }
    return try Self.contents(of: entries, in: result.outputBytes)
  }

  // MARK: git

  private func run(_ arguments: [String], input: String? = nil, outputLimit: Int = 64 << 20) async throws
    -> CommandResult
  {
    try await Processes.run(
      "git", ["--no-optional-locks", "--no-replace-objects", "-c", "core.fsmonitor=false", "-C", folder] + arguments,
      input: input, environment: .inheriting(["GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"]),
      outputLimit: outputLimit, deadline: .seconds(30))
  }

  private func requireOutput(_ arguments: [String]) async throws -> String {
    let result = try await run(arguments)
    guard result.succeeded else { throw failure(result) }
    return result.output
  }

  private func failure(_ result: CommandResult) -> GitError {
    GitError(
      .failed, "git could not read \(folder): \(Self.firstLine(result.errorOutput) ?? "status \(result.status)")")
  }

  private static func firstLine(_ text: String) -> String? { text.split(separator: "\n").first.map(String.init) }

  // MARK: What git writes

  /// `MODE TYPE OBJECT SIZE<tab>PATH` (git-ls-tree, OUTPUT FORMAT).
  private static func entry(_ line: Substring) throws -> TreeEntry {
    let halves = line.split(separator: "\t", maxSplits: 1)
    let words = halves.first?.split(separator: " ") ?? []
    guard halves.count == 2, words.count == 4 else {
      throw GitError(.failed, "git listed '\(line)', which cannot be read")
    }
    let kind: TreeEntry.Kind
    switch words[0] {
    case "100644", "100755", "100664": kind = .file
    case "120000": kind = .symbolicLink
    default: kind = .submodule
    }
    return TreeEntry(path: String(halves[1]), kind: kind, object: String(words[2]), size: Int(words[3]) ?? 0)
  }

  /// `OBJECT TYPE SIZE`, a line end, the content, a line end, for each (git-cat-file, BATCH OUTPUT).
  private static func contents(of entries: [TreeEntry], in bytes: [UInt8]) throws -> [TreeFile] {
    var files: [TreeFile] = []
    var rest = bytes[...]
    for entry in entries {
      let expected = Array("\(entry.object) blob \(entry.size)\n".utf8)
      guard rest.starts(with: expected), rest.count > expected.count + entry.size else {
        throw GitError(.failed, "git does not give the content of \(entry.path)")
      }
      rest = rest.dropFirst(expected.count)
      files.append(TreeFile(path: entry.path, bytes: Array(rest.prefix(entry.size))))
      rest = rest.dropFirst(entry.size + 1)
    }
    return files
  }
}
