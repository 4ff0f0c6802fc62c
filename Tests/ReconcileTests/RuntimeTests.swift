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
    var seen: [ArmedUndo.Due] = []
    let end = try await undo.run { due in
      seen.append(due)
      // It stays until it has worked, and nothing else may be applied.
      #expect(throws: HostError.self) { try ArmedUndo.requireNone(for: "h", uri: "u:///") }
      #expect(throws: HostError.self) { _ = try HostLock(uri: "u:///") }
      return seen.count < 2 ? .again : .done
    }
    #expect(end == .done)
    #expect(seen.map(\.steps) == [[step()], [step()]] && seen[0].host == "h")
    #expect(throws: HostError.self) { try undo.confirm() }
  }

  /// What could not be taken back keeps its file: a second run goes on, and a person may decide to keep what there is.
  @Test func undoThatIsLeft() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let undo = try ArmedUndo(undoing: [step()], host: "h", uri: "u:///", after: 0.01)
    #expect(try await undo.run { _ in .left } == .left)
    #expect(try await undo.run { due in due.steps == [step()] ? .left : .done } == .left)
    try #require(try ArmedUndo.find(uri: "u:///")).confirm()
    try ArmedUndo.requireNone(for: "h", uri: "u:///")
  }

  @Test func undoWaitsForTheLock() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let undo = try ArmedUndo(undoing: [], host: "h", uri: "u:///", after: 0.01)
    let lock = try HostLock(uri: "u:///")
    async let end = undo.run { _ in .done }
    try await Task.sleep(for: .milliseconds(300))
    #expect(try ArmedUndo.find(uri: "u:///")?.isClaimed == false)
    lock.release()
    #expect(try await end == .done)
  }

  @Test func stepsOfLaterRoundsAreTakenBackFirst() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func step(_ device: String) -> Step {
      .port(PortChange(machine: "vm", device: device, before: nil, after: nil, group: nil))
    }
    let undo = try ArmedUndo(undoing: [step("a"), step("b")], host: "h", uri: "u:///", after: 60)
    try undo.add([step("c"), step("d")])
    try undo.extend(to: 0)
    var steps: [Step] = []
    let end = try await undo.run { due in
      steps = due.steps
      return .done
    }
    #expect(end == .done && steps == [step("d"), step("c"), step("b"), step("a")])
  }

  @Test func confirmationTakesTheUndoAway() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let undo = try ArmedUndo(undoing: [step()], host: "h", uri: "u:///", after: 60)
    #expect(throws: HostError.self) { _ = try ArmedUndo(undoing: [], host: "h", uri: "u:///", after: 60) }
    try undo.extend(to: 120)
    try #require(try ArmedUndo.find(uri: "u:///")).confirm()
    #expect(try await undo.run { _ in .left } == .confirmed)
    #expect(try ArmedUndo.find(uri: "u:///") == nil)
  }

  @Test func withoutAProcessThereIsNoUndo() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let undo = try ArmedUndo(undoing: [step()], host: "h", uri: "u:///", after: 60)
    await #expect(throws: HostError.self) { try await undo.waitUntilReady(within: .milliseconds(30)) }
    #expect(try ArmedUndo.find(uri: "u:///") == nil)
  }

  /// Other spellings of a URI lead to the same lock.
  @Test(arguments: [
    ("qemu:///system?socket=/x/libvirt-sock", "qemu+unix:///system?socket=/x/libvirt-sock-ro", true),
    ("qemu:///system?socket=/x/libvirt-sock", "qemu:///system?socket=/y/libvirt-sock", false),
    ("qemu:///system", "QEMU:///system", true),
    ("qemu+ssh://root@kvm1/system", "qemu+tls://KVM1/system", true),
    ("qemu+ssh://kvm1/system", "qemu+ssh://kvm2/system", false),
    ("qemu+ssh://kvm1/system", "qemu+ssh://kvm1:2222/system", false),
  ])
  func spellings(one: String, other: String, isSame: Bool) throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let held = try HostLock(uri: one)
    if isSame {
      #expect(throws: HostError.self) { _ = try HostLock(uri: other) }
    } else {
      _ = try HostLock(uri: other)
    }
    withExtendedLifetime(held) {}
  }
}
