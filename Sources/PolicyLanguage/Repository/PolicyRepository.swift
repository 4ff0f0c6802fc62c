// SPDX-License-Identifier: Apache-2.0

public import Compiler
public import Diagnostics
import Dispatch
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
  /// Made when a file is first asked for: most are never shown.
  private let lineStarts = Mutex<[String: [Int]]>([:])

  init(_ files: [String: SourceText]) { self.files = files }

  /// Of the files that were read, in order, relative to the repository.
  public var paths: [String] { files.keys.sorted() }

  /// The text of a line, from 1, without its end; nil for files that were not read.
  public func line(_ number: Int, of file: String) -> String? {
    guard let text = files[file] else { return nil }
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
  /// nil where anything is wrong; warnings do not count.
  public var policy: Policy?
  /// What could be read of it, even where something else is wrong.
  public var inventory: Inventory
  /// Everything that is wrong in all files, in the order of their places.
  public var diagnostics: [Diagnostic]
  public var sources: PolicySources

  public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }

  /// The native part of the policy.
  public var desired: DesiredState? {
    guard let policy else { return nil }
    let attachments = policy.nativeGroups.map { group in
      DesiredAttachment(
        group: group.name.value, machines: group.selector.names, reference: group.reference, origin: group.name.range)
    }
    let ports = policy.inventory.machines.flatMap { machine in
      machine.interfaces.compactMap { nic in
        nic.port.map { DesiredPort(machine: machine.name, device: $0, mac: nic.mac, host: machine.host) }
      }
    }
    return DesiredState(
      identity: policy.identity, repositoryID: policy.repositoryID, filters: policy.filters, attachments: attachments,
      ports: ports)
  }
}

/// Policy repositories: a folder with `nwfleet.yaml` and `policies/**/*.yaml`.
public enum PolicyRepository {
  /// The file that makes a folder a policy repository.
  public static let fileName = "nwfleet.yaml"
  /// The folder of the other files.
  public static let policyFolder = "policies"
  /// Bytes of all files at most: 64 MiB.
  public static let mostBytes = 64 << 20

  /// Reads a repository. Links are not followed, commands are not run, and nothing outside the folder is opened.
  public static func load(directory: String) -> LoadResult {
    var reader = RepositoryReader(directory: directory)
    reader.read()
    return load(files: reader.files, readingProblems: reader.diagnostics)
  }

  /// Reads files that are already in memory, in any order.
  public static func load(files: [PolicyFile]) -> LoadResult {
    load(files: files, readingProblems: [])
  }

  /// The nearest folder that holds `nwfleet.yaml`, from a folder upwards; nil where there is none.
  public static func find(from directory: String) -> String? { RepositoryReader.find(from: directory) }

  private static func load(files: [PolicyFile], readingProblems: [Diagnostic]) -> LoadResult {
    let files = files.sorted { $0.path < $1.path }
    let sources = files.map { SourceText($0.bytes) }
    let decoded = mapInParallel(count: files.count) { FileDecoder.decode(sources[$0], path: files[$0].path) }
    var builder = RepositoryBuilder(readingProblems: readingProblems)
    let (policy, inventory) = builder.build(decoded)
    return LoadResult(
      policy: policy, inventory: inventory, diagnostics: DiagnosticRenderer.sorted(builder.diagnostics),
      sources: PolicySources(Dictionary(zip(files.map(\.path), sources)) { first, _ in first }))
  }

  /// The results in the order of their indices, whichever thread made them.
  private static func mapInParallel<Result: Sendable>(count: Int, _ transform: @Sendable (Int) -> Result) -> [Result] {
    let chunkSize = 64
    guard count > chunkSize else { return (0..<count).map(transform) }
    let chunks = (count + chunkSize - 1) / chunkSize
    let results = Mutex([[Result]?](repeating: nil, count: chunks))
    DispatchQueue.concurrentPerform(iterations: chunks) { chunk in
      let start = chunk * chunkSize
      let part = (start..<min(count, start + chunkSize)).map(transform)
      results.withLock { $0[chunk] = part }
    }
    return results.withLock { $0.flatMap { $0 ?? [] } }
  }
}
