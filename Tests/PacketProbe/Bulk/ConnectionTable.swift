// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The connections that the kernel of a network namespace knows.
struct ConnectionTable: Sendable {
  private let descriptor: Int32

  /// Opens it in the calling thread's network namespace.
  init() throws {
    // NETLINK_NETFILTER
    descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 12)
    guard descriptor >= 0 else { throw ProbeError("no netlink socket") }
  }

  /// Makes the kernel forget all of them.
  func clear() throws {
    // struct nlmsghdr of netlink(7): length, type, flags (NLM_F_REQUEST and NLM_F_ACK), sequence, port; then struct
    // nfgenmsg: family, version, resource. IPCTNL_MSG_CT_DELETE (2) of NFNL_SUBSYS_CTNETLINK (1) with no tuple is all.
    let message: [UInt8] =
      UInt32(20).littleEndianBytes + UInt16(0x0102).littleEndianBytes + UInt16(5).littleEndianBytes
      + UInt32(1).littleEndianBytes + [0, 0, 0, 0] + [0, 0, 0, 0]
    guard send(descriptor, message, message.count, 0) == message.count else {
      throw ProbeError("cannot ask for connections to be forgotten")
    }
    var answer = [UInt8](repeating: 0, count: 4096)
    // An answer is NLMSG_ERROR (2) with the number 0 where all went well.
    guard recv(descriptor, &answer, answer.count, 0) >= 20, answer[4] == 2, answer[16..<20].allSatisfy({ $0 == 0 })
    else { throw ProbeError("connections are not forgotten") }
  }

  func close() { Glibc.close(descriptor) }
}
