// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Glibc

/// Reads the files of a repository from disk, and nothing else: no links, devices or pipes, nothing hidden, bounded sizes.
struct RepositoryReader {
  private(set) var files: [PolicyFile] = []
  private(set) var diagnostics: [Diagnostic] = []
  private let directory: String
  private var bytesLeft = PolicyRepository.mostBytes

  /// Folders inside each other at most.
  private static let mostDepth = 32

  init(directory: String) { self.directory = directory.isEmpty ? "." : directory }

  mutating func read(included: [Located<String>]) {
    readOptionalFolder(PolicyRepository.policyFolder, isDeep: true)
    readOptionalFolder(PolicyRepository.testFolder, isDeep: true)
    readOptionalFolder(PolicyRepository.environmentFolder, isDeep: false)
    switch Self.kind(of: "\(directory)/\(AddressLockFile.name)") {
    case .failure(let code) where code == ENOENT: break
    case .failure(let code): report("cannot-read", AddressLockFile.name, code)
    case .success(S_IFREG): readFile(AddressLockFile.name)
    case .success(let kind): refuse(AddressLockFile.name, kind, expected: "a file")
    }
    for path in included { readIncluded(path) }
  }

  private mutating func readOptionalFolder(_ folder: String, isDeep: Bool) {
    switch Self.kind(of: "\(directory)/\(folder)") {
    case .failure(let code) where code == ENOENT: break
    case .failure(let code): report("cannot-read", folder, code)
    case .success(S_IFDIR): readFolder(folder, depth: 1, isDeep: isDeep)
    case .success(let kind): refuse(folder, kind, expected: "a folder")
    }
  }

  /// No part of the path may be a link: `openat` looks at one after the other.
  private mutating func readIncluded(_ path: Located<String>) {
    let parts = path.value.split(separator: "/").map(String.init)
    var folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if folder >= 0 { close(folder) } }
    for part in parts.dropLast() where folder >= 0 {
      let next = openat(folder, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      let code = errno
      close(folder)
      folder = next
      errno = code
    }
    guard folder >= 0 else { return reportIncluded(path, errno) }
    let descriptor = openat(folder, parts.last ?? "", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { return reportIncluded(path, errno) }
    defer { close(descriptor) }
    readFile(path.value, descriptor)
  }

  mutating func readProjectFile() {
    let name = PolicyRepository.fileName
    switch Self.kind(of: "\(directory)/\(name)") {
    case .failure(let code) where code == ENOENT:
      var hint = "make a repository with 'nwfleet init', or name one with --repo"
      if case .success = Self.kind(of: "\(directory)/nwfleet.yml") { hint = "rename nwfleet.yml to \(name)" }
      diagnostics.append(
        Diagnostic("no-project-file", "there is no \(name) in \(directory.printable(prefix: 4096))", hint: hint))
    case .failure(let code): report("cannot-read", name, code)
    case .success(S_IFREG): readFile(name)
    case .success(let kind): refuse(name, kind, expected: "a file")
    }
  }

  private mutating func readFolder(_ folder: String, depth: Int, isDeep: Bool = true) {
    guard depth <= Self.mostDepth else {
      diagnostics.append(
        Diagnostic(
          "folder-too-deep", "\(folder.excerpt) is too deep",
          expected: "at most \(Self.mostDepth) folders inside each other"))
      return
    }
    guard let stream = opendir("\(directory)/\(folder)") else {
      report("cannot-read", folder, errno)
      return
    }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if !name.hasPrefix(".") { names.append(name) }
    }
    closedir(stream)
    for name in names.sorted() {
      let path = "\(folder)/\(name)"
      let isPolicy = name.hasSuffix(".yaml") || name.hasSuffix(".yml")
      switch Self.kind(of: "\(directory)/\(path)") {
      case .failure(let code): if isPolicy { report("cannot-read", path, code) }
      case .success(S_IFDIR): if isDeep { readFolder(path, depth: depth + 1) }
      case .success(S_IFREG): if isPolicy { readFile(path) }
      case .success(S_IFLNK): refuse(path, S_IFLNK, expected: "a file or a folder")
      case .success(let kind): if isPolicy { refuse(path, kind, expected: "a file") }
      }
    }
  }

  private mutating func readFile(_ path: String) {
    // Between the look at the kind and this, somebody may have put a pipe or a link here: neither is followed or waited for.
    let descriptor = open("\(directory)/\(path)", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      report("cannot-read", path, errno)
      return
    }
    defer { close(descriptor) }
    readFile(path, descriptor)
  }

  private mutating func readFile(_ path: String, _ descriptor: Int32) {
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      refuse(path, status.st_mode & S_IFMT, expected: "a file")
      return
    }
    // One byte more than a file may have, so that the decoder sees that it is too large.
    let limit = min(SourceText.mostBytes(path) + 4, bytesLeft + 1)
    guard let bytes = Self.read(descriptor, expecting: Int(status.st_size), limit: limit) else {
      report("cannot-read", path, errno)
      return
    }
    if bytes.count > bytesLeft {
      if bytesLeft > 0 {
        diagnostics.append(
          Diagnostic(
            "repository-too-large",
            "the policy files are too large: \(path.printable(prefix: 4096)) and what follows was not read",
            expected: "at most \(PolicyRepository.mostBytes >> 20) MiB in all"))
      }
      bytesLeft = 0
      return
    }
    bytesLeft -= bytes.count
    files.append(PolicyFile(path: path, bytes: bytes))
  }

  private static func read(_ descriptor: Int32, expecting size: Int, limit: Int) -> [UInt8]? {
    var bytes: [UInt8] = []
    var room = min(limit, max(0, size) + 1)
    while bytes.count < limit {
      var count = 0
      let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, length in
        repeat { count = Glibc.read(descriptor, buffer.baseAddress, room) } while count < 0 && errno == EINTR
        length = max(0, count)
      }
      if count < 0 { return nil }
      if count == 0 { break }
      if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
      room = min(limit - bytes.count, 1 << 16)
    }
    return bytes
  }

  // MARK: Looking

  private enum Kind {
    case success(mode_t)
    case failure(Int32)
  }

  private static func kind(of path: String) -> Kind {
    var status = stat()
    return lstat(path, &status) == 0 ? .success(status.st_mode & S_IFMT) : .failure(errno)
  }

  static func find(from directory: String) -> String? {
    guard let resolved = realpath(directory.isEmpty ? "." : directory, nil) else { return nil }
    defer { free(resolved) }
    var folder = String(cString: resolved)
    while true {
      if access(folder + "/" + PolicyRepository.fileName, F_OK) == 0 { return folder.isEmpty ? "/" : folder }
      guard let slash = folder.lastIndex(of: "/") else { return nil }
      folder = String(folder[..<slash])
    }
  }

  // MARK: Reporting

  private mutating func report(_ code: Diagnostic.Code, _ path: String, _ number: Int32) {
    diagnostics.append(
      Diagnostic(code, "cannot read \(path.printable(prefix: 4096)): \(String(cString: strerror(number)))"))
  }

  /// A folder that is a link is no folder to `openat`, a file that is one a loop.
  private mutating func reportIncluded(_ path: Located<String>, _ number: Int32) {
    let shown = path.value.printable(prefix: 4096)
    if number == ELOOP || number == ENOTDIR {
      diagnostics.append(
        Diagnostic(
          "symbolic-link", "a part of \(shown) is a symbolic link, which is not followed, or no folder", at: path.range,
          expected: "a file in folders of the repository", hint: "put the file itself into the repository"))
    } else {
      diagnostics.append(
        Diagnostic(
          "cannot-read", "cannot read \(shown): \(String(cString: strerror(number)))", at: path.range,
          hint: number == ENOENT ? "the path is taken from the folder of \(PolicyRepository.fileName)" : nil))
    }
  }

  private mutating func refuse(_ path: String, _ kind: mode_t, expected: String) {
    if kind == S_IFLNK {
      diagnostics.append(
        Diagnostic(
          "symbolic-link", "\(path.printable(prefix: 4096)) is a symbolic link, which is not followed",
          expected: expected,
          hint: "put the file itself into the repository"))
    } else {
      diagnostics.append(
        Diagnostic("not-a-file", "\(path.printable(prefix: 4096)) is no file or folder", expected: expected))
    }
  }
}
