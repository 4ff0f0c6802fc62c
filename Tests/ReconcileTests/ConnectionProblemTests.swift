// SPDX-License-Identifier: Apache-2.0

import Glibc
import Libvirt
import Testing

@testable import Reconcile

/// Who is not let in, who meets nobody, and who looks in the wrong place need different help.
@Suite struct ConnectionProblemTests {
  private func problem(_ code: LibvirtError.Code, _ number: Int32, _ uri: String) -> HostError {
    let error = LibvirtError(code: code, systemError: number, message: "no", call: "virConnectOpen")
    let probe = SocketProbe(systemDirectories: ["/nonexistent"], userDirectory: nil, isRoot: true)
    return HostError.unreachable(error, name: "kvm1", uri: uri, .readWrite, probe)
  }

  @Test func eachReasonHasItsHint() throws {
    let denied = problem(.accessDenied, EACCES, "qemu:///system")
    #expect(denied.code == .denied && denied.hint?.contains("run as root") == true)
    #expect(!denied.message.contains("no libvirt socket"))
    let refused = problem(.unreachable, ECONNREFUSED, "qemu+unix:///system?socket=/tmp/s")
    #expect(refused.message.hasSuffix("nobody listens on /tmp/s"))
    #expect(try #require(refused.hint).contains("start the libvirtd"))
    let missing = problem(.unreachable, ENOENT, "qemu:///system")
    #expect(missing.message.contains("looked for /nonexistent/virtqemud-sock"))
    #expect(try #require(missing.hint).contains("nwfleet sandbox up"))
    #expect(try #require(problem(.unreachable, 0, "qemu+ssh://h/system").hint).contains("log in"))
  }
}
