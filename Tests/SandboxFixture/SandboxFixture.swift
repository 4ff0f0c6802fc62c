// SPDX-License-Identifier: Apache-2.0

import Foundation
public import Sandbox
public import Testing

/// Runs a test on a sandbox of its own: a fresh root, so that tests may run side by side, and nothing left of it after,
/// whether the test throws or not.
///
/// - Parameter options: what to start; nothing is started if nil.
public func withSandbox<Result>(
  _ options: SandboxOptions?, _ body: (_ sandbox: Sandbox) async throws -> Result
) async throws -> Result {
  let name = UUID().uuidString.prefix(8).lowercased()
  let sandbox = Sandbox(root: "\(NSTemporaryDirectory())/nwfleet-\(name)")
  let result: Result
  do {
    if let options { try await sandbox.up(options) }
    result = try await body(sandbox)
  } catch {
    try await sandbox.down()
    throw error
  }
  try await sandbox.down()
  return result
}

/// Runs a test on a sandbox of so many hosts and VMs per host, on a bridge unless told otherwise.
public func withSandbox<Result>(
  hosts: Int = 1, vms: Int = 2, qemu: Int = 0, network: SandboxNetwork = .bridge,
  _ body: (_ sandbox: Sandbox) async throws -> Result
) async throws -> Result {
  try await withSandbox(
    SandboxOptions(hosts: hosts, virtualMachines: vms, qemuDomains: qemu, network: network), body)
}

extension Trait where Self == ConditionTrait {
  /// The test starts real hosts: it is skipped, with the reason, where this machine cannot.
  public static var liveHosts: Self {
    let options = SandboxOptions(qemuDomains: 1, network: .routed)
    let reason = Sandbox.unmetRequirement(for: options)
    return .enabled(if: reason == nil, "\(reason?.description ?? "")")
  }
}

/// Waits until a condition holds, 10 s at most, and says whether it does.
public func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
  for _ in 0..<500 {
    if try await condition() { return true }
    try await Task.sleep(for: .milliseconds(20))
  }
  return false
}
