// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Libvirt
import Testing

/// A libvirtd in namespaces of its own, with nothing of the machine's but its programs.
final class PrivateDaemon {
  struct NotReady: Error {
    let log: String
  }

  static let isPossible = geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/sbin/libvirtd")
  static let reason: Comment = "needs root and /usr/sbin/libvirtd"

  let directory: URL
  private let process = Process()

  var socket: String { directory.appending(path: "run/libvirt-sock").path }
  var uri: String { "qemu+unix:///system?socket=\(socket)" }
  var readOnlyURI: String { "qemu+unix:///system?socket=\(socket)-ro" }

  /// Starts one and waits until its sockets are there.
  init() async throws {
    directory = URL(filePath: "/tmp/nwfleet-libvirt-\(UUID().uuidString.prefix(8))")
    for name in ["etc/nwfilter", "etc/qemu/networks", "lib", "cache/qemu", "log/qemu", "run"] {
      try FileManager.default.createDirectory(
        at: directory.appending(path: name), withIntermediateDirectories: true)
    }
    try Self.daemonSettings.write(
      to: directory.appending(path: "etc/libvirtd.conf"), atomically: true, encoding: .utf8)
    try Self.driverSettings.write(to: directory.appending(path: "etc/qemu.conf"), atomically: true, encoding: .utf8)
    process.executableURL = URL(filePath: "/usr/bin/unshare")
    process.arguments = [
      "-m", "-n", "-u", "-i", "-p", "--fork", "--mount-proc", "--propagation", "private", "--kill-child", "bash", "-c",
      Self.script, "bash", directory.path,
    ]
    let log = directory.appending(path: "start.log")
    try Data().write(to: log)
    process.standardError = try FileHandle(forWritingTo: log)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    for _ in 0..<200 where process.isRunning && !isListening {
      try await Task.sleep(for: .milliseconds(100))
    }
    guard isListening else {
      let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
      stop()
      throw NotReady(log: text)
    }
  }

  /// libvirtd's process as seen from here.
  var daemon: pid_t? {
    (try? LibvirtURI(uri)).flatMap { SocketProbe().peerProcess(ofSocketFor: $0) }
  }

  private var isListening: Bool {
    FileManager.default.fileExists(atPath: socket + "-ro") && daemon != nil
  }

  /// Ends all that runs in the namespaces and removes the files.
  func stop() {
    if process.isRunning {
      // unshare takes no SIGTERM while it waits; --kill-child takes the rest along.
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    try? FileManager.default.removeItem(at: directory)
  }

  deinit {
    stop()
  }

  private static let script = """
    set -eu
    mount -t sysfs sysfs /sys
    mkdir -p /var/log/libvirt /var/cache/libvirt /var/lib/libvirt /etc/libvirt
    mount --bind "$1/etc" /etc/libvirt
    mount --bind "$1/lib" /var/lib/libvirt
    mount --bind "$1/cache" /var/cache/libvirt
    mount --bind "$1/log" /var/log/libvirt
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir -p /run/libvirt /run/lock
    mount --bind "$1/run" /run/libvirt
    # Packages that only bring the programs do not make the user that the QEMU driver asks for.
    getent passwd libvirt-qemu > /run/user || echo libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin >> /run/user
    getent group libvirt-qemu > /run/group || echo libvirt-qemu:x:64055: >> /run/group
    cat /etc/passwd /run/user > /run/passwd
    cat /etc/group /run/group > /run/groups
    mount --bind /run/passwd /etc/passwd
    mount --bind /run/groups /etc/group
    ip link set lo up
    ip link add tap0 type veth peer name tap1
    ip link set tap0 up
    /usr/sbin/libvirtd -d -p /run/libvirtd.pid
    while :; do sleep 3600 & wait; done
    """

  private static let daemonSettings = """
    unix_sock_dir = "/run/libvirt"
    auth_unix_ro = "none"
    auth_unix_rw = "none"
    unix_sock_rw_perms = "0700"
    log_outputs = "3:file:/var/log/libvirt/libvirtd.log"

    """

  private static let driverSettings = """
    user = "root"
    group = "root"
    security_driver = "none"
    namespaces = []
    cgroup_controllers = []
    stdio_handler = "file"

    """
}
