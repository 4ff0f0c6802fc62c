// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

@testable import Libvirt

@Suite struct SocketProbeTests {
  private let user = SocketProbe(systemDirectories: ["/run/libvirt"], userDirectory: "/home/u/libvirt", isRoot: false)

  @Test(arguments: [
    ("qemu:///system", Connection.Access.readWrite, ["/run/libvirt/virtqemud-sock", "/run/libvirt/libvirt-sock"]),
    ("nwfilter:///system", .readOnly, ["/run/libvirt/virtnwfilterd-sock-ro", "/run/libvirt/libvirt-sock-ro"]),
    ("qemu:///session", .readOnly, ["/home/u/libvirt/virtqemud-sock", "/home/u/libvirt/libvirt-sock"]),
    ("qemu:///system?mode=direct", .readWrite, ["/run/libvirt/virtqemud-sock"]),
    ("qemu:///system?mode=legacy", .readWrite, ["/run/libvirt/libvirt-sock"]),
    ("lxc+unix:///?socket=/tmp/a%20b", .readOnly, ["/tmp/a b"]),
    ("qemu+ssh://h/system", .readWrite, []),
    ("test:///default", .readWrite, []),
  ])
  func expectedSockets(_ uri: String, _ access: Connection.Access, _ paths: [String]) throws {
    #expect(user.expectedSockets(for: try LibvirtURI(uri), access: access) == paths)
  }

  @Test func sessionOfRootIsTheSystem() throws {
    var root = user
    root.isRoot = true
    #expect(
      root.expectedSockets(for: try LibvirtURI("qemu:///session?mode=legacy"), access: .readOnly)
        == ["/run/libvirt/libvirt-sock-ro"])
  }

  @Test func existingSocketsAndPeer() throws {
    let directory = "/tmp/nwfleet-probe-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let names = ["libvirt-sock", "libvirt-sock-ro", "virtqemud-sock", "libvirt-admin-sock", "virtlogd-sock"]
    let listeners = try names.map { try #require(listen(at: "\(directory)/\($0)")) }
    defer { listeners.forEach { _ = close($0) } }
    try Data().write(to: URL(filePath: directory + "/virtlxcd-sock"))

    let probe = SocketProbe(
      systemDirectories: [directory, directory + "/.", "/nonexistent"], userDirectory: nil, isRoot: true)
    #expect(
      probe.existingSockets() == ["libvirt-sock", "libvirt-sock-ro", "virtqemud-sock"].map { "\(directory)/\($0)" })
    #expect(probe.peerProcess(ofSocketFor: try LibvirtURI("qemu:///system")) == getpid())
    #expect(probe.peerProcess(ofSocketFor: try LibvirtURI("lxc:///?mode=direct")) == nil)
    #expect(probe.peerProcess(ofSocketFor: try LibvirtURI("qemu+tcp://h/system")) == nil)

    let named = "qemu+unix:///system?socket=\(directory)/libvirt-sock&mode=legacy"
    #expect(
      probe.uri(named, access: .readOnly) == "qemu+unix:///system?socket=\(directory)/libvirt-sock-ro&mode=legacy")
    #expect(probe.uri(named, access: .readWrite) == named)
    let without = "qemu+unix:///system?socket=\(directory)/virtqemud-sock"
    #expect(probe.uri(without, access: .readOnly) == without)
  }

  private func listen(at path: String) -> Int32? {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return bound == 0 && Glibc.listen(descriptor, 4) == 0 ? descriptor : nil
  }
}
