// SPDX-License-Identifier: Apache-2.0

import Foundation
import Planning
import Reconcile
import Testing

/// Locks and armed undos lie in a folder that the environment names, so these run one after the other.
@Suite(.serialized) struct RuntimeTests {
  private let folder: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    setenv("NWFLEET_RUNTIME_DIR", folder, 1)
  }

  @Test func oneLockAHost() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let held = try HostLock(uri: "qemu:///system")
    #expect {
      _ = try HostLock(uri: "qemu:///system")
    } throws: { ($0 as? HostError)?.code == .locked }
    _ = try HostLock(uri: "qemu+ssh://other/system")
    withExtendedLifetime(held) {}
  }

  @Test func lockEndsWithItsHolder() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    do { _ = try HostLock(uri: "a:///x") }
    _ = try HostLock(uri: "a:///x")
  }

  private func step() -> Step {
    .port(PortChange(machine: "vm", device: "tap0", before: nil, after: nil, group: nil))
  }

  @Test func undoHappensWithoutConfirmation() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let undo = try ArmedUndo(undoing: [step()], host: "h", uri: "u:///", after: 0.05)
    let due = try await undo.wait()
    #expect(due?.steps == [step()] && due?.host == "h")
    #expect(throws: HostError.self) { try undo.confirm() }
  }

  @Test func confirmationTakesTheUndoAway() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let undo = try ArmedUndo(undoing: [step()], host: "h", uri: "u:///", after: 60)
    #expect(throws: HostError.self) { _ = try ArmedUndo(undoing: [], host: "h", uri: "u:///", after: 60) }
    try undo.extend(to: 120)
    try #require(try ArmedUndo.find(uri: "u:///")).confirm()
    #expect(try await undo.wait() == nil)
    #expect(try ArmedUndo.find(uri: "u:///") == nil)
  }

}
