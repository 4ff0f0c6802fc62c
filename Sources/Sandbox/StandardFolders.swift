// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The folders that a libvirtd has built in, over which each host mounts its own.
///
/// Where this machine lacks one it is made, as an empty folder with a mark, and removed by the last sandbox that goes.
/// Each host holds a shared lock on a marked folder: removing one that another host has mounted over would take its
/// mount away (since Linux 3.18, rmdir(2) detaches mounts of other namespaces).
enum StandardFolders {
  static let paths = ["/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt"]
  static let mark = ".nwfleet-sandbox"

  /// Makes what is missing, and keeps it there while the locks are held.
  static func ensure(_ paths: [String] = paths) throws(SandboxError) -> [FolderLock] {
    var locks: [FolderLock] = []
    for path in paths {
      locks.append(try ensure(one: path))
    }
    return locks
  }

  private static func ensure(one path: String) throws(SandboxError) -> FolderLock {
    for _ in 0..<1000 {
      if mkdir(path, 0o755) == 0 {
        close(open("\(path)/\(mark)", O_CREAT | O_WRONLY | O_CLOEXEC, 0o644))
      } else if errno != EEXIST {
        throw .system("cannot make the folder \(path)", errno)
      }
      if let lock = FolderLock(path, exclusive: false) { return lock }
      usleep(1000)
    }
    throw SandboxError(code: .busy, message: "\(path) is locked by another process")
  }

  /// Removes the folders that a sandbox made and no host uses.
  static func release(_ paths: [String] = paths) {
    for path in paths where access("\(path)/\(mark)", F_OK) == 0 {
      guard let lock = FolderLock(path, exclusive: true) else { continue }
      withExtendedLifetime(lock) {
        unlink("\(path)/\(mark)")
        rmdir(path)
      }
    }
  }
}
