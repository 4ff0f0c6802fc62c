// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

/// The few system calls that the sandbox makes itself.
enum SystemCalls {
  /// What an errno means.
  static func text(of number: Int32) -> String { String(cString: strerror(number)) }

  /// Writes a whole file.
  static func write(_ text: String, to path: String) throws(SandboxError) {
    do {
      try text.write(toFile: path, atomically: false, encoding: .utf8)
    } catch {
      throw SandboxError(code: .failed, message: "cannot write \(path): \(error)")
    }
  }

  /// Makes a folder with all above it.
  static func makeDirectory(_ path: String) throws(SandboxError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw SandboxError(code: .failed, message: "cannot make the folder \(path): \(error)")
    }
  }

  /// Removes a folder and all in it, if it is there.
  static func removeDirectory(_ path: String) throws(SandboxError) {
    guard FileManager.default.fileExists(atPath: path) else { return }
    do {
      try FileManager.default.removeItem(atPath: path)
    } catch {
      throw SandboxError(code: .failed, message: "cannot remove \(path): \(error)")
    }
  }
}

/// An advisory lock on a folder (flock(2)), held until the value goes: a killed process lets go of it.
final class FolderLock: Sendable {
  private let descriptor: Int32

  /// Locks a folder, if nobody holds it otherwise and it is still the one at its path; nil if not.
  init?(_ path: String, exclusive: Bool) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    var held = stat()
    var named = stat()
    guard flock(descriptor, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0, fstat(descriptor, &held) == 0,
      stat(path, &named) == 0, held.st_ino == named.st_ino, held.st_dev == named.st_dev
    else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}
