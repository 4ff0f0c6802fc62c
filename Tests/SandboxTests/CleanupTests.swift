// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Sandbox

@Suite struct StandardFoldersTests {
  private let root = NSTemporaryDirectory() + "/nwfleet-" + UUID().uuidString.prefix(8)

  @Test func onlyWhatWasMadeAndIsUnusedIsRemoved() throws {
    let files = FileManager.default
    let (own, made) = (root + "/own", root + "/made")
    try files.createDirectory(atPath: own, withIntermediateDirectories: true)
    defer { try? files.removeItem(atPath: root) }

    try withExtendedLifetime(StandardFolders.ensure([own, made])) {
      #expect(files.fileExists(atPath: made))
      // Another sandbox that still starts or runs holds it.
      StandardFolders.release([own, made])
      #expect(files.fileExists(atPath: made))
    }
    StandardFolders.release([own, made])
    #expect(!files.fileExists(atPath: made))
    #expect(files.fileExists(atPath: own))
  }
}

@Suite struct ProcessIdentityTests {
  @Test func aCommandMayHoldBracketsAndSpaces() throws {
    let fields = (5...21).map(String.init).joined(separator: " ")
    let recorded = try #require(ProcessIdentity.recorded("7 (a) b (c)) S 3 \(fields) 4711 0"))
    #expect(recorded.process.pid == 7)
    #expect(recorded.process.startTime == 4711)
    #expect(recorded.parent == 3)
    #expect(ProcessIdentity.recorded("") == nil)
    #expect(ProcessIdentity.recorded("7 (x) S 3") == nil)
  }

  @Test func anotherProcessOfTheSamePidIsNotTheOne() throws {
    let own = try #require(ProcessIdentity(pid: getpid()))
    #expect(own.isRunning)
    let fields = (5...21).map(String.init).joined(separator: " ")
    let other = try #require(ProcessIdentity.recorded("\(getpid()) (x) S 3 \(fields) 1 0"))
    #expect(!other.process.isRunning)
  }
}
