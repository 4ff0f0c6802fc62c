// SPDX-License-Identifier: Apache-2.0

import FilterModel
import FoundationEssentials
import Glibc
import Libvirt

/// Where nwfleet keeps what must outlive a command but not the machine's uptime: locks and armed undos.
public enum RuntimeFolder {
  /// /run/nwfleet for root, else below XDG_RUNTIME_DIR, else a folder of the user's in /tmp; made where it is missing, and
  /// refused where somebody else owns it.
  public static func path() throws(HostError) -> String {
    let path = name
    try? FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
      throw HostError(.file, "\(path) is not a folder of this user", hint: "name another one in NWFLEET_RUNTIME_DIR")
    }
    return path
  }

  private static var name: String {
    if let chosen = getenv("NWFLEET_RUNTIME_DIR").map({ String(cString: $0) }), !chosen.isEmpty { return chosen }
    if geteuid() == 0 { return "/run/nwfleet" }
    if let runtime = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), !runtime.isEmpty {
      return "\(runtime)/nwfleet"
    }
    return "/tmp/nwfleet-\(geteuid())"
  }

  /// The files of a host, whether or not they are there; to be asked for while the host is.
  public static func files(of uri: String) -> [String] {
    ["lock", "undo"].map { "\(name)/\($0)-\(SHA1.hexDigest(daemon(of: uri)).prefix(16))" }
  }

  /// Removes files of hosts that are gone for good, and the folder with the last of them.
  public static func remove(_ files: [String]) {
    for file in files { unlink(file) }
    // Refused where something is left in it.
    if !files.isEmpty { rmdir(name) }
  }

  /// The file of a kind that belongs to a host, however its URI is spelled.
  static func file(_ kind: String, uri: String) throws(HostError) -> String {
    "\(try path())/\(kind)-\(SHA1.hexDigest(daemon(of: uri)).prefix(16))"
  }

  /// What tells one libvirtd from another: the real path of its socket here, else the other machine's name.
  ///
  /// Two spellings of another machine's name count as two hosts.
  static func daemon(of uri: String, probe: SocketProbe = SocketProbe()) -> String {
    guard let parsed = try? LibvirtURI(uri) else { return uri }
    if parsed.isRemote {
      let port = parsed.port.map { ":\($0)" } ?? ""
      let socket = parsed.parameter("socket").map { " \(readWrite($0))" } ?? ""
      return "\(parsed.host?.lowercased() ?? uri)\(port)\(socket)"
    }
    let sockets = probe.expectedSockets(for: parsed, access: .readWrite).map(readWrite)
    guard let socket = sockets.first(where: FileManager.default.fileExists) ?? sockets.first else { return uri }
    guard let real = realpath(socket, nil) else { return socket }
    defer { free(real) }
    return readWrite(String(cString: real))
  }

  /// The read-only socket leads to the same daemon as the other one.
  private static func readWrite(_ socket: String) -> String {
    socket.hasSuffix("-sock-ro") ? String(socket.dropLast(3)) : socket
  }
}

/// One nwfleet at a time for a host, among those of this user on this machine.
///
/// Held until it is given up or the process ends, however it ends.
public struct HostLock: ~Copyable {
  private let descriptor: Int32

  /// - Throws: `HostError` with code `locked`, naming the process that holds it.
  public init(uri: String) throws(HostError) {
    try self.init(path: RuntimeFolder.file("lock", uri: uri), of: uri)
  }

  init(path: String, of host: String) throws(HostError) {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw HostError(.file, "\(path) cannot be opened") }
    // A program that another thread is just starting has the descriptor too, between fork and exec.
    var isHeld = flock(descriptor, LOCK_EX | LOCK_NB) == 0
    for _ in 0..<20 where !isHeld {
      usleep(10_000)
      isHeld = flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }
    guard isHeld else {
      let holder = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      close(descriptor)
      throw HostError(
        .locked, "another nwfleet is at work on \(host)\(holder.isEmpty ? "" : " (process \(holder))")",
        hint: "wait until it is done")
    }
    let own = String(getpid())
    _ = ftruncate(descriptor, 0)
    _ = own.withCString { pwrite(descriptor, $0, own.utf8.count, 0) }
  }

  /// Gives it up.
  public consuming func release() {}

  deinit { close(descriptor) }
}
