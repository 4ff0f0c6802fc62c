// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc
internal import Processes

/// Throwaway hosts on this machine: each a real libvirtd with its own mount, network, UTS, IPC and pid namespaces, and VMs
/// that are network namespaces on its bridge `br0`.
///
/// Everything that a host has is in its folder below the root or in its namespaces, so that it goes with them. Hosts
/// outlive the process that started them.
public struct Sandbox: Sendable {
  /// The folder of the hosts.
  public let root: String

  /// A sandbox with its hosts below a folder; NWFLEET_SANDBOX_ROOT, or else /run/nwfleet-sandbox, if none is named.
  public init(root: String? = nil) {
    let named = root ?? getenv("NWFLEET_SANDBOX_ROOT").map { String(cString: $0) } ?? ""
    self.root = Sandbox.canonical(named.isEmpty ? "/run/nwfleet-sandbox" : named)
  }

  /// Starts hosts 1 to N. A host that is up is kept; what it lacks of VMs, QEMU domains and libvirtd is added.
  ///
  /// What an earlier call left half-finished is cleared and started again. Takes some 0.3 s per host.
  ///
  /// - Throws: `SandboxError`: `notRoot`, `missingTool`, `invalidOption`, `invalidRoot`, `conflict` (a host is up on
  ///   another kind of network), `busy`, `timedOut`, `failed`.
  @discardableResult
  public func up(_ options: SandboxOptions = SandboxOptions()) async throws(SandboxError) -> [SandboxHost] {
    try options.validate()
    if let reason = Requirements.unmet(by: options) { throw reason }
    let lock = try await prepareRoot()
    defer { withExtendedLifetime(lock) {} }
    let folders = try StandardFolders.ensure()
    defer { withExtendedLifetime(folders) {} }

    let hosts = (1...options.hosts).map(host)
    var starting: [(host: SandboxHost, outside: Int32)] = []
    for host in hosts where try !isUp(host, options) {
      try await remove(host)
      starting.append((host, try await start(host, options)))
    }
    for (host, outside) in starting {
      try await waitUntilReady(host, outside: outside)
    }
    for host in hosts where !starting.contains(where: { $0.host == host }) {
      try await startDaemon(host: host.number)
    }
    for host in hosts {
      try await addMachines(host, options)
      try await addDomains(host, options)
    }
    return hosts
  }

  /// Stops hosts and removes all that they left: processes, namespaces, mounts, files, and the root with the last host.
  ///
  /// - Parameter host: the one to stop; all if nil. One that is not there is no error.
  /// - Throws: `SandboxError`: `notRoot`, `invalidRoot`, `busy`, `timedOut`, `failed`.
  public func down(host number: Int? = nil) async throws(SandboxError) {
    guard FileManager.default.fileExists(atPath: root) else { return }
    guard geteuid() == 0 else {
      throw SandboxError(code: .notRoot, message: "stopping a sandbox needs root", hint: "run it with sudo")
    }
    guard isOurs else {
      throw SandboxError(code: .invalidRoot, message: "\(root) is not the folder of a sandbox")
    }
    let lock = try await lockRoot()
    defer { withExtendedLifetime(lock) {} }
    for host in hosts where number == nil || host.number == number {
      try await remove(host)
    }
    for name in entries where name.hasPrefix(Sandbox.removedPrefix) {
      try await clear("\(root)/\(name)", host(Int(name.dropFirst(Sandbox.removedPrefix.count)) ?? 0))
    }
    if hosts.isEmpty {
      unlink("\(root)/\(Sandbox.mark)")
      rmdir(root)
      StandardFolders.release()
    }
  }

  /// What each host is doing, by number; empty if there is none.
  public func status() -> [SandboxHostStatus] {
    hosts.map(status)
  }

  /// The libvirt URI of a host, for a driver such as `qemu` or `nwfilter`.
  ///
  /// - Throws: `SandboxError` with code `notRunning` if the host is not up.
  public func uri(host number: Int = 1, driver: String = "qemu") throws(SandboxError) -> String {
    _ = try runningProcess(number)
    return host(number).uri(driver: driver)
  }

  /// The host of a number, whether it is up or not.
  public func host(_ number: Int) -> SandboxHost {
    SandboxHost(number: number, directory: "\(root)/h\(number)")
  }
}

extension Sandbox {
  static let mark = ".nwfleet-sandbox"
  static let removedPrefix = ".removed-h"

  /// The hosts that have a folder, by number.
  var hosts: [SandboxHost] {
    guard isOurs else { return [] }
    return entries.compactMap { $0.first == "h" ? Int($0.dropFirst()) : nil }.sorted().map(host)
  }

  private var entries: [String] { (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] }

  private var isOurs: Bool { FileManager.default.fileExists(atPath: "\(root)/\(Sandbox.mark)") }

  /// The first process of a host that is up.
  func runningProcess(_ number: Int) throws(SandboxError) -> ProcessIdentity {
    guard let running = HostFiles(host: host(number)).process, HostFiles(host: host(number)).isReady else {
      let up = hosts.filter { HostFiles(host: $0).isReady }.map(\.name).joined(separator: ", ")
      throw SandboxError(
        code: .notRunning, message: "sandbox host h\(number) is not up in \(root)",
        hint: up.isEmpty ? "start it with: nwfleet sandbox up" : "up: \(up)")
    }
    return running.process
  }

  private func status(_ host: SandboxHost) -> SandboxHostStatus {
    let files = HostFiles(host: host)
    let running = files.isReady ? files.process?.process : nil
    let processes = running.map { ProcessTable.processes(inNamespaceOf: $0.pid) } ?? []
    let domains = processes.filter { $0.command.hasPrefix("qemu-system") }.compactMap { domain(host, $0.process) }
    return SandboxHostStatus(
      host: host, isUp: running != nil, network: files.options?.network ?? .bridge, pid: running?.pid,
      libvirtdPID: running.flatMap { daemon(in: $0)?.pid },
      virtualMachines: running.map { virtualMachines(of: host, $0) } ?? [],
      qemuDomains: domains.sorted { $0.number < $1.number })
  }

  /// The domain of a QEMU process: libvirt passes `-name guest=q1,…`.
  private func domain(_ host: SandboxHost, _ process: ProcessIdentity) -> SandboxQEMUDomain? {
    let arguments = ProcessTable.arguments(of: process.pid)
    guard let index = arguments.firstIndex(of: "-name"), index + 1 < arguments.count else { return nil }
    let name = arguments[index + 1].split(separator: ",").first ?? ""
    guard name.hasPrefix("guest=q") else { return nil }
    return Int(name.dropFirst("guest=q".count)).map(host.qemuDomain)
  }

  /// The VMs of a running host: its named network namespaces.
  func virtualMachines(of host: SandboxHost, _ process: ProcessIdentity) -> [SandboxVirtualMachine] {
    namespaces(process).compactMap { $0.hasPrefix("vm") ? Int($0.dropFirst(2)) : nil }.sorted().map(host.virtualMachine)
  }

  /// The network namespaces of a running host, by name, found through its first process's view of the files.
  func namespaces(_ process: ProcessIdentity) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.pid)/root/run/netns")) ?? []).sorted()
  }

  /// Whether a host is up and fits the options; one that is up on another network is an error.
  private func isUp(_ host: SandboxHost, _ options: SandboxOptions) throws(SandboxError) -> Bool {
    let files = HostFiles(host: host)
    guard files.isReady, files.process != nil, let earlier = files.options else { return false }
    guard earlier.network == options.network else {
      throw SandboxError(
        code: .conflict, message: "\(host.name) is up on a \(earlier.network.rawValue) network",
        hint: "take it down first: nwfleet sandbox down")
    }
    return true
  }

  /// The lock on the root, which is made if it is not there.
  private func prepareRoot() async throws(SandboxError) -> FolderLock {
    guard host(255).socket.utf8.count < 108 else {
      throw SandboxError(
        code: .invalidRoot, message: "\(root) is too long: a socket's path holds 107 bytes",
        hint: "choose a shorter one with NWFLEET_SANDBOX_ROOT")
    }
    for _ in 0..<10 {
      try SystemCalls.makeDirectory(root)
      guard isOurs || entries.isEmpty else {
        throw SandboxError(
          code: .invalidRoot, message: "\(root) has files that are not of a sandbox",
          hint: "choose an empty folder with NWFLEET_SANDBOX_ROOT")
      }
      let lock = try await lockRoot()
      // Another process's `down` may have removed the folder while this one waited for the lock.
      guard FileManager.default.fileExists(atPath: root) else { continue }
      try SystemCalls.write("", to: "\(root)/\(Sandbox.mark)")
      return lock
    }
    throw SandboxError(code: .busy, message: "\(root) is removed again and again by another process")
  }

  private func lockRoot() async throws(SandboxError) -> FolderLock {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(60)
    repeat {
      if let lock = FolderLock(root, exclusive: true) { return lock }
      guard FileManager.default.fileExists(atPath: root) else { break }
      try? await Task.sleep(for: .milliseconds(20))
    } while clock.now < end && !Task.isCancelled
    throw SandboxError(code: .busy, message: "another process is starting or stopping hosts in \(root)")
  }

  /// The path with no symbolic links in the part that is there: it is compared with mount points.
  private static func canonical(_ path: String) -> String {
    let absolute = path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    var missing: [Substring] = []
    var parts = absolute.split(separator: "/")
    while true {
      if let resolved = realpath("/" + parts.joined(separator: "/"), nil) {
        defer { free(resolved) }
        let found = String(cString: resolved)
        return ([found == "/" ? "" : found] + missing.map(String.init)).joined(separator: "/")
      }
      guard let last = parts.popLast() else { return absolute }
      missing.insert(last, at: 0)
    }
  }
}
