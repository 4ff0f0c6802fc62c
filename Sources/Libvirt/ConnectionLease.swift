// SPDX-License-Identifier: Apache-2.0

internal import CLibvirt

/// One counted use of a connection: while it lasts libvirt cannot free the connection under a call.
///
/// Unchecked because of the pointer: it never changes, libvirt's connections may be used from several threads at a time,
/// and `end` is called once, by whoever began the lease, after all threads that use it are done.
final class ConnectionLease: @unchecked Sendable {
  let pointer: OpaquePointer

  /// Takes over a reference that libvirt counted for us.
  init(taking pointer: OpaquePointer) {
    self.pointer = pointer
  }

  /// A further lease on the same connection.
  func another() -> ConnectionLease? {
    virConnectRef(pointer) == 0 ? ConnectionLease(taking: pointer) : nil
  }

  /// Gives the reference back and returns how many are left; the last one closes the connection, which can block.
  @discardableResult
  func end() -> Int32 {
    virConnectClose(pointer)
  }

  /// The error of the libvirt call just before, on this thread.
  ///
  /// The subject is found out after the error is read, because asking a handle for its name resets the error.
  func lastError(_ call: String, _ subject: @autoclosure () -> String? = nil) -> LibvirtError {
    var error = LibvirtError.last(call: call, subject: nil, connection: pointer)
    error.subject = subject()
    return error
  }
}
