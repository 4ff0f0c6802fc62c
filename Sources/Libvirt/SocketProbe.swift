// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Which unix sockets libvirt would use on this machine, and which there are.
public struct SocketProbe: Hashable, Sendable {
  /// Where daemons of the system have their sockets, the usual one first.
  public var systemDirectories: [String]
  /// Where the user's own daemons have theirs; nil where it is not known.
  public var userDirectory: String?
  /// Whether `/session` means the daemon of the system, as it does for root.
  public var isRoot: Bool

  /// A probe of given places.
  public init(systemDirectories: [String], userDirectory: String?, isRoot: Bool) {
    self.systemDirectories = systemDirectories
    self.userDirectory = userDirectory
    self.isRoot = isRoot
  }

  /// A probe of this machine, for the user of this process.
  public init() {
    let runtime = environment("XDG_RUNTIME_DIR").map { $0 + "/libvirt" }
    self.init(
      systemDirectories: ["/run/libvirt", "/var/run/libvirt"],
      userDirectory: runtime ?? environment("HOME").map { $0 + "/.cache/libvirt" }, isRoot: geteuid() == 0)
  }

  /// The sockets that libvirt would try for a URI, the first that exists winning; none for another machine and for
  /// drivers that live in the client library.
  ///
  /// As `remoteGetUNIXSocket` in libvirt's `remote_sockets.c`: the driver's own daemon, then the one for all.
  public func expectedSockets(for uri: LibvirtURI, access: Connection.Access) -> [String] {
    guard !uri.isRemote, uri.transport != nil || !Self.clientSideDrivers.contains(uri.driver) else { return [] }
    if let given = uri.parameter("socket") {
      let readOnly = readOnlySocket(beside: given)
      return access == .readOnly && isSocket(readOnly) ? [readOnly] : [given]
    }
    let isSession = uri.path == "/session" && !isRoot
    guard let directory = isSession ? userDirectory : systemDirectories.first else { return [] }
    let suffix = access == .readOnly && !isSession ? "-sock-ro" : "-sock"
    let direct = "\(directory)/virt\(uri.driver)d\(suffix)"
    let legacy = "\(directory)/libvirt\(suffix)"
    switch uri.parameter("mode") {
    case "direct": return [direct]
    case "legacy": return [legacy]
    default: return [direct, legacy]
    }
  }

  /// The URI with which to connect for a kind of access: a daemon whose socket is named has another one for those who may
  /// only read, which libvirt does not look for by itself.
  public func uri(_ text: String, access: Connection.Access) -> String {
    guard access == .readOnly, let uri = try? LibvirtURI(text), let given = uri.parameter("socket"),
      expectedSockets(for: uri, access: access) == [readOnlySocket(beside: given)],
      let start = text.firstRange(of: "socket=")?.upperBound
    else { return text }
    let end = text[start...].firstIndex { "&;#".contains($0) } ?? text.endIndex
    return text[..<end] + "-ro" + text[end...]
  }

  private func readOnlySocket(beside path: String) -> String { path + "-ro" }

  /// Whether a socket is there, as far as this user can see.
  public func exists(_ path: String) -> Bool { isSocket(path) }

  /// The sockets of libvirt daemons that take connections and exist here, sorted.
  public func existingSockets() -> [String] {
    var seen: Set<String> = []
    var found: [String] = []
    for directory in systemDirectories + (userDirectory.map { [$0] } ?? []) {
      guard let real = realPath(directory), seen.insert(real).inserted else { continue }
      found += entries(of: directory).filter(isDaemonSocketName).map { "\(directory)/\($0)" }.filter(isSocket)
    }
    return found.sorted()
  }

  /// The process at the other end of the socket that libvirt would use for a URI; nil where nothing listens, or it is in
  /// a process namespace that cannot be seen from here.
  ///
  /// The kernel tells who called `listen` (SO_PEERCRED, unix(7)): with socket activation that is systemd.
  public func peerProcess(ofSocketFor uri: LibvirtURI, access: Connection.Access = .readOnly) -> Int32? {
    expectedSockets(for: uri, access: access).first(where: isSocket).flatMap(listeningProcess)
  }

  /// Drivers that the client library carries out itself (`libvirt.org/drivers.html`), unless a transport is named.
  private static let clientSideDrivers: Set<String> = [
    "test", "esx", "gsx", "vpx", "hyperv", "openvz", "vmwareplayer", "vmwarews", "vmwarefusion",
  ]
}

private func environment(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
}

private func realPath(_ path: String) -> String? {
  realpath(path, nil).map(takeString)
}

private func isSocket(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
}

/// `libvirt-sock`, `virtqemud-sock` and their like, not the sockets for administration, locks and logs.
private func isDaemonSocketName(_ name: String) -> Bool {
  let daemon = name.hasSuffix("-sock") ? name.dropLast(5) : name.hasSuffix("-sock-ro") ? name.dropLast(8) : ""
  if daemon == "libvirt" { return true }
  return daemon.hasPrefix("virt") && daemon.hasSuffix("d") && daemon != "virtlogd" && daemon != "virtlockd"
}

private func entries(of directory: String) -> [String] {
  guard let stream = opendir(directory) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    names.append(
      withUnsafePointer(to: &entry.pointee.d_name) { name in
        name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      })
  }
  return names
}

/// Who listens on a unix socket, without ever waiting for them.
private func listeningProcess(_ path: String) -> pid_t? {
  let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  let capacity = MemoryLayout.size(ofValue: address.sun_path)
  guard path.utf8.count < capacity else { return nil }
  withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
  let connected = withUnsafePointer(to: &address) { address in
    address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
  guard connected == 0 else { return nil }
  // struct ucred of unix(7): process, user, group. glibc shows it to C with GNU extensions only.
  var credentials: (process: pid_t, user: uid_t, group: gid_t) = (0, 0, 0)
  var length = socklen_t(MemoryLayout.size(ofValue: credentials))
  guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0, credentials.process > 0 else {
    return nil
  }
  return credentials.process
}
