// SPDX-License-Identifier: Apache-2.0

import FilterModel
import FoundationEssentials
import Glibc

/// Where nwfleet keeps what must outlive a command but not the machine's uptime: locks and armed undos.
public enum RuntimeFolder {
  /// /run/nwfleet for root, else below XDG_RUNTIME_DIR, else a folder of the user's in /tmp; made where it is missing, and
  /// refused where somebody else owns it.
  public static func path() throws(HostError) -> String {
    let path: String
    if let chosen = getenv("NWFLEET_RUNTIME_DIR").map({ String(cString: $0) }), !chosen.isEmpty {
      path = chosen
    } else if geteuid() == 0 {
      path = "/run/nwfleet"
    } else if let runtime = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), !runtime.isEmpty {
      path = "\(runtime)/nwfleet"
    } else {
      path = "/tmp/nwfleet-\(geteuid())"
    }
    try? FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
      throw HostError(.file, "\(path) is not a folder of this user", hint: "name another one in NWFLEET_RUNTIME_DIR")
    }
    return path
  }

  /// The file of a kind that belongs to a host, by its URI.
  static func file(_ kind: String, uri: String) throws(HostError) -> String {
    "\(try path())/\(kind)-\(SHA1.hexDigest(uri).prefix(16))"
  }
}

/// One nwfleet at a time for a host, among those on this machine.
///
/// Held until the process ends, however it ends.
public struct HostLock: ~Copyable {
  private let descriptor: Int32

  /// - Throws: `HostError` with code `locked`, naming the process that holds it.
  public init(uri: String) throws(HostError) {
    descriptor = try Self.acquire(uri)
  }

  private static func acquire(_ uri: String) throws(HostError) -> Int32 {
    let path = try RuntimeFolder.file("lock", uri: uri)
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw HostError(.file, "\(path) cannot be opened") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let holder = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      close(descriptor)
      throw HostError(
        .locked, "another nwfleet is at work on \(uri)\(holder.isEmpty ? "" : " (process \(holder))")",
        hint: "wait until it is done")
    }
    let own = String(getpid())
    _ = ftruncate(descriptor, 0)
    _ = own.withCString { pwrite(descriptor, $0, own.utf8.count, 0) }
    return descriptor
  }

  deinit { close(descriptor) }
}
