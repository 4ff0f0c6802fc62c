// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Processes
import Sandbox
import SandboxFixture
import Testing

/// A sandbox with a folder for repositories and a runtime folder, all of them a test's own.
struct TestHost: Sendable {
  let sandbox: Sandbox
  /// Holds repositories, saved plans and the like; goes with the test.
  let folder: String

  var environment: [String: String] {
    ["NWFLEET_SANDBOX_ROOT": sandbox.root, "NWFLEET_RUNTIME_DIR": "\(folder)/run", "GIT_CEILING_DIRECTORIES": "/"]
  }

  /// Runs nwfleet to its end.
  func nwfleet(_ arguments: [String], deadline: Duration = .seconds(120)) async throws -> CommandResult {
    try await Processes.run(
      Program.path, arguments, environment: .inheriting(environment), workingDirectory: folder, deadline: deadline)
  }

  func nwfleet(_ arguments: String...) async throws -> CommandResult { try await nwfleet(arguments) }

  /// Runs virsh on a host of the sandbox.
  @discardableResult
  func virsh(_ arguments: String..., input: String? = nil, host: Int = 1) async throws -> String {
    try await Processes.run("virsh", ["-q", "-c", try sandbox.uri(host: host)] + arguments, input: input)
      .requireSuccess().output
  }

  /// What somebody else defines, with virsh.
  func define(_ xml: String, host: Int = 1) async throws {
    try await virsh("nwfilter-define", "/dev/stdin", input: xml, host: host)
  }

  /// All filters of a host: name to libvirt's text.
  func filters(host: Int = 1) async throws -> [String: String] {
    var filters: [String: String] = [:]
    for line in try await virsh("nwfilter-list", host: host).split(separator: "\n") {
      guard let name = line.split(separator: " ").last.map(String.init) else { continue }
      // One that has gone meanwhile is not there.
      let text = try await Processes.run("virsh", ["-q", "-c", try sandbox.uri(host: host), "nwfilter-dumpxml", name])
      if text.succeeded { filters[name] = text.output }
    }
    return filters
  }

  /// How often libvirtd's debug log, where there is one, tells of calls of a function of its API.
  func calls(of function: String) throws -> Int {
    let log = try String(contentsOfFile: sandbox.host(1).log, encoding: .utf8)
    return log.components(separatedBy: ": \(function)").count - 1
  }

  /// Whether a VM reaches an address.
  func pings(_ machine: String, _ address: String) async throws -> Bool {
    try await sandbox.exec(vm: machine, ["ping", "-n", "-c1", "-W1", address]).succeeded
  }

  /// A repository in a folder of its own.
  func repository(
    _ name: String = "repo", project: String = "acme", id: String = "6f1c0d2e",
    hosts: String = "h1: {uri: \"sandbox:///1\"}",
    machines: String = "", files: [String: String] = [:]
  ) throws -> TestRepository {
    let repository = TestRepository(host: self, path: "\(folder)/\(name)")
    try FileManager.default.createDirectory(atPath: "\(repository.path)/policies", withIntermediateDirectories: true)
    try repository.write(
      "nwfleet.yaml",
      "project: \(project)\nid: \"\(id)\"\nhosts:\n  \(hosts)\n" + (machines.isEmpty ? "" : "vms:\n\(machines)\n"))
    for (file, text) in files { try repository.write("policies/\(file)", text) }
    return repository
  }
}

/// A policy repository of a test.
struct TestRepository: Sendable {
  let host: TestHost
  let path: String

  /// The ports of the sandbox's VMs 1 and 2 on host 1, for `vms:`.
  static let ports = """
      vm1: {host: h1, nics: {"52:54:00:01:00:01": {port: vnet1}}}
      vm2: {host: h1, nics: {"52:54:00:01:00:02": {port: vnet2}}}
    """

  /// The same, whatever the host is called.
  static let portsOfAnyHost = ports.replacingOccurrences(of: "host: h1, ", with: "")

  func write(_ file: String, _ text: String) throws {
    try text.write(toFile: "\(path)/\(file)", atomically: true, encoding: .utf8)
  }

  /// Replaces the only policy file.
  func policy(_ text: String) throws { try write("policies/policy.yaml", text) }

  /// Writes an environment.
  func environment(_ name: String, _ text: String) throws {
    try FileManager.default.createDirectory(atPath: "\(path)/environments", withIntermediateDirectories: true)
    try write("environments/\(name).yaml", text)
  }

  func remove(_ file: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(file)") }

  func run(_ arguments: String...) async throws -> CommandResult {
    try await host.nwfleet([arguments[0], "--repo", path] + arguments.dropFirst())
  }

  @discardableResult
  func apply(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws -> CommandResult {
    try await apply(arguments, sourceLocation: sourceLocation)
  }

  @discardableResult
  func apply(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) async throws -> CommandResult {
    try await host.nwfleet(["apply", "--repo", path, "--auto-approve"] + arguments)
      .expect(0, sourceLocation: sourceLocation)
  }

  /// An apply that does not end with 0.
  @discardableResult
  func apply(
    expecting status: Int32, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> CommandResult {
    try await host.nwfleet(["apply", "--repo", path, "--auto-approve"] + arguments)
      .expect(status, sourceLocation: sourceLocation)
  }

  /// Expects that there is nothing to do.
  func expectInSync(_ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws {
    try await host.nwfleet(["plan", "--repo", path, "--detailed-exitcode"] + arguments)
      .expect(0, sourceLocation: sourceLocation)
  }
}

/// Runs a test on a sandbox and a folder of its own.
func withHost<Result>(
  _ options: SandboxOptions = SandboxOptions(), _ body: (_ host: TestHost) async throws -> Result
) async throws -> Result {
  let folder = "\(NSTemporaryDirectory())/nwfleet-test-\(UUID().uuidString.prefix(8).lowercased())"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try await withSandbox(options) { sandbox in
    try await body(TestHost(sandbox: sandbox, folder: folder))
  }
}
