// SPDX-License-Identifier: Apache-2.0

import Glibc
import Reconcile

/// Files of a policy repository.
enum TextFile {
  /// Writes a file as a whole or not at all; one that is there keeps its mode and, where that is allowed, its owner.
  ///
  /// - Throws: `HostError` with code `file`.
  static func replace(_ path: String, with text: String) throws(HostError) {
    var template = Array("\(path).XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw unwritable(path) }
    let written = fill(descriptor, text, like: path)
    guard close(descriptor) == 0, written, rename(template, path) == 0 else {
      unlink(template)
      throw unwritable(path)
    }
  }

  private static func fill(_ descriptor: Int32, _ text: String, like path: String) -> Bool {
    var present = stat()
    let mask = umask(0)
    umask(mask)
    var mode = 0o666 & ~mask
    if stat(path, &present) == 0 {
      mode = present.st_mode & 0o7777
      // Who may not give files away keeps the one that is his own.
      _ = fchown(descriptor, present.st_uid, present.st_gid)
    }
    guard fchmod(descriptor, mode) == 0 else { return false }
    var text = text
    let isComplete = text.withUTF8 { bytes in
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = write(descriptor, UnsafeBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }
    return isComplete && fsync(descriptor) == 0
  }

  private static func unwritable(_ path: String) -> HostError {
    HostError(.file, "\(path) cannot be written: \(String(cString: strerror(errno)))")
  }
}
