// SPDX-License-Identifier: Apache-2.0

public import Compiler
public import Diagnostics
public import FilterModel
import Synchronization

/// One file of a policy repository.
public struct PolicyFile: Sendable, Hashable {
  /// Relative to the repository, e.g. `policies/web.yaml`.
  public var path: String
  public var bytes: [UInt8]

  public init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
  }

  public init(path: String, text: String) { self.init(path: path, bytes: Array(text.utf8)) }
}

/// The text of the files that were read, for the lines that diagnostics show.
public final class PolicySources: Sendable {
  private let files: [String: SourceText]
  /// Files that are part of nwfleet, not of the repository.
  private let shipped: [String: SourceText]
  /// Made when a file is first asked for: most are never shown.
  private let lineStarts = Mutex<[String: [Int]]>([:])

  init(_ files: [String: SourceText], shipped: [String: SourceText] = [:]) {
    self.files = files
    self.shipped = shipped
  }

  /// Of the files that were read, in order, relative to the repository.
  public var paths: [String] { files.keys.sorted() }

  /// The text of a line, from 1, without its end; nil for files that were not read.
  public func line(_ number: Int, of file: String) -> String? {
    guard let text = files[file] ?? shipped[file] else { return nil }
    return lineStarts.withLock { known in
      let starts = known[file] ?? text.lineStarts()
      known[file] = starts
      guard starts.indices.contains(number), number > 0 else { return nil }
      return text.line(starts[number - 1]..<starts[number])
    }
  }
}

/// All that a repository says, or all that is wrong with it.
public struct LoadResult: Sendable {
  /// nil where anything is wrong; warnings do not count. With the presets of nwfleet that it uses, and with what the
  /// chosen environment says in place of its own.
  public var policy: Policy?
  /// What could be read of it, even where something else is wrong.
  public var inventory: Inventory
  /// Everything that is wrong in all files, in the order of their places.
  public var diagnostics: [Diagnostic]
  /// Names of the environments that there are.
  public var environments: [String]
  public var sources: PolicySources

  public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}

/// Policy repositories: a folder with `nwfleet.yaml`, `policies/**/*.yaml`, and what these name.
public enum PolicyRepository {
  /// The file that makes a folder a policy repository.
  public static let fileName = "nwfleet.yaml"
  /// The folder of the other files.
  public static let policyFolder = "policies"
  /// The folder of files with nothing but tests.
  public static let testFolder = "tests"
  /// The folder of `NAME.yaml` for each environment.
  public static let environmentFolder = "environments"
  /// Bytes of all files at most: 64 MiB.
  public static let mostBytes = 64 << 20

  /// Reads a repository. Links are not followed, commands are not run, and nothing outside the folder is opened.
  ///
  /// - Parameter environment: whose values take the place of the policy's own; nil for none.
  public static func load(directory: String, environment: String? = nil) -> LoadResult {
    var reader = RepositoryReader(directory: directory)
    reader.readProjectFile()
    var loader = RepositoryLoader(reader.files)
    reader.read(included: loader.included)
    loader.files = reader.files
    return loader.load(environment: environment, readingProblems: reader.diagnostics)
  }

  /// Reads files that are already in memory, in any order.
  public static func load(files: [PolicyFile], environment: String? = nil) -> LoadResult {
    let loader = RepositoryLoader(files)
    let paths = Set(files.map(\.path))
    let missing = loader.included.filter { !paths.contains($0.value) }
    return loader.load(
      environment: environment,
      readingProblems: missing.map {
        Diagnostic("cannot-read", "cannot read \($0.value.printable(prefix: 4096)): it is not there", at: $0.range)
      })
  }

  /// Which files of a folder belong to its repository, in their order, by paths relative to the folder.
  ///
  /// - Parameter project: `nwfleet.yaml`, which names files in other places; nil if there is none.
  public static func selection(of paths: [String], project: PolicyFile?) -> [String] {
    let included = Set(project.map { RepositoryLoader([$0]).included.map(\.value) } ?? [])
    return paths.filter { path in
      if path == fileName || path == AddressLockFile.name || included.contains(path) { return true }
      let parts = path.split(separator: "/")
      guard parts.count > 1, path.hasSuffix(".yaml") || path.hasSuffix(".yml"),
        !parts.contains(where: { $0.hasPrefix(".") })
      else { return false }
      return parts[0] == policyFolder || parts[0] == environmentFolder && parts.count == 2
    }
  }

  /// The nearest folder that holds `nwfleet.yaml`, from a folder upwards; nil where there is none.
  public static func find(from directory: String) -> String? { RepositoryReader.find(from: directory) }
}
