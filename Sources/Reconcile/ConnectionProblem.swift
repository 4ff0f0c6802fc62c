// SPDX-License-Identifier: Apache-2.0

import Glibc
import Libvirt

extension HostError {
  /// Why no connection could be made, and what to do: people mend this by hand with symlinks otherwise.
  static func unreachable(
    _ error: LibvirtError, name: String, uri: String, _ access: LibvirtHost.Access, _ probe: SocketProbe = SocketProbe()
  ) -> HostError {
    var result = HostError(error, host: name)
    guard error.code == .unreachable || error.code == .accessDenied else { return result }
    result.message = "cannot connect to \(uri): \(error.message)"
    guard let parsed = try? LibvirtURI(uri), !parsed.isRemote else {
      result.hint = "check the URI, and that you can log in there without a password prompt"
      return result
    }
    let expected = probe.expectedSockets(for: parsed, access: access == .readOnly ? .readOnly : .readWrite)
    switch error.systemError {
    case EACCES, EPERM:
      result.hint = "libvirt's socket is not for this user: run as root, or as a member of group libvirt"
    case ECONNREFUSED:
      let socket = expected.first(where: probe.exists) ?? expected.joined(separator: ", ")
      result.message += "; nobody listens on \(socket)"
      result.hint = parsed.parameter("socket") == nil ? start : "start the libvirtd that made this socket"
    default:
      result.describeMissing(expected, probe.existingSockets(), driver: parsed.driver)
    }
    return result
  }

  private static let start = "start libvirtd ('systemctl start libvirtd')"

  /// Which socket was looked for, and which ones there are.
  private mutating func describeMissing(_ expected: [String], _ existing: [String], driver: String) {
    message += "; looked for \(expected.joined(separator: ", "))"
    message +=
      existing.isEmpty
      ? "; there is no libvirt socket in its usual folders" : "; there are \(existing.joined(separator: ", "))"
    hint =
      existing.isEmpty
      ? "\(Self.start), or try a policy without one: 'nwfleet sandbox up'"
      : "name one of those with --connect '\(driver)+unix:///system?socket=PATH', or start libvirtd"
  }
}
