// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Testing

@testable import Libvirt

/// One after the other: each has a daemon of its own, and some stop or kill it.
@Suite(.serialized, .enabled(if: PrivateDaemon.isPossible, PrivateDaemon.reason))
struct LiveTests {
  fileprivate static let uuid = "5c4d6f80-0000-4000-8000-000000000001"

  fileprivate static func filter(_ name: String, uuid: String = uuid, rules: String = "") -> String {
    "<filter name='\(name)' chain='root'><uuid>\(uuid)</uuid>\(rules)</filter>"
  }

  private static func binding(_ device: String, filter: String) -> String {
    """
    <filterbinding><owner><name>vm</name><uuid>5c4d6f80-0000-4000-9000-000000000001</uuid></owner>
    <portdev name='\(device)'/><mac address='52:54:00:00:00:01'/><filterref filter='\(filter)'/></filterbinding>
    """
  }

  @Test func defineReadUndefine() async throws {
    let daemon = try await PrivateDaemon()
    defer { daemon.stop() }
    let connection = try await Connection.open(uri: daemon.uri, access: .readWrite)
    #expect(try await connection.libraryVersion() >= Version(major: 5, minor: 0))
    #expect(try await !connection.hostname().isEmpty)
    #expect(try await connection.filters().isEmpty)
    #expect(try await connection.filterXML(named: "acme.web") == nil)

    try await connection.defineFilter(xml: Self.filter("acme.web"), deadline: .seconds(10))
    let xml = try #require(try await connection.filterXML(named: "acme.web"))
    #expect(xml.contains(Self.uuid))
    #expect(try await connection.filters() == [FilterDocument(name: "acme.web", uuid: Self.uuid, xml: xml)])

    await expect(code: .otherFilter) {
      try await connection.undefineFilter(
        named: "acme.web", uuid: "5c4d6f80-0000-4000-8000-000000000002", deadline: .seconds(10))
    }
    try await connection.undefineFilter(named: "acme.web", uuid: Self.uuid.uppercased(), deadline: .seconds(10))
    await expect(code: .noSuchFilter) {
      try await connection.undefineFilter(named: "acme.web", uuid: Self.uuid, deadline: .seconds(10))
    }
    #expect(try await connection.close() == 0)
    await expect(code: .closed) { try await connection.filters() }
    #expect(try await connection.close() == 0)
  }

  @Test func refusals() async throws {
    let daemon = try await PrivateDaemon()
    defer { daemon.stop() }
    let reader = try await Connection.open(uri: daemon.readOnlyURI, access: .readOnly)
    await expect(code: .readOnly) {
      try await reader.defineFilter(xml: Self.filter("a"), deadline: .seconds(10))
    }
    #expect(try await reader.filters().isEmpty)
    #expect(try await reader.close() == 0)

    let connection = try await Connection.open(uri: daemon.uri, access: .readWrite)
    await expect(code: .invalidXML) { try await connection.defineFilter(xml: "<filter", deadline: .seconds(10)) }
    try await connection.defineFilter(xml: Self.filter("a"), deadline: .seconds(10))
    await expect(code: .operationFailed) {
      try await connection.defineFilter(xml: Self.filter("b"), deadline: .seconds(10))
    }
    let tooLong = Self.filter("long", rules: String(repeating: " ", count: 5 << 20))
    await expect(code: .messageTooLarge) { try await connection.defineFilter(xml: tooLong, deadline: .seconds(10)) }
    #expect(connection.isUsable)
    await expect(code: .noSuchBinding) {
      try await connection.deleteBinding(portDevice: "tap0", deadline: .seconds(10))
    }
    await expect(code: .hostState) {
      try await connection.createBinding(xml: Self.binding("tap0", filter: "missing"), deadline: .seconds(20))
    }
    #expect(try await connection.close() == 0)
  }

  @Test func bindings() async throws {
    let daemon = try await PrivateDaemon()
    defer { daemon.stop() }
    let connection = try await Connection.open(uri: daemon.uri, access: .readWrite)
    let rules = "<rule action='drop' direction='in'><mac srcmacaddr='52:54:00:00:00:02'/></rule>"
    try await connection.defineFilter(xml: Self.filter("a", rules: rules), deadline: .seconds(10))
    try await connection.createBinding(xml: Self.binding("tap0", filter: "a"), deadline: .seconds(30))
    let bindings = try await connection.bindings()
    #expect(bindings.map(\.portDevice) == ["tap0"])
    #expect(bindings.allSatisfy { $0.xml.contains("filter='a'") })
    await expect(code: .filterInUse) {
      try await connection.undefineFilter(named: "a", uuid: Self.uuid, deadline: .seconds(30))
    }
    try await connection.deleteBinding(portDevice: "tap0", deadline: .seconds(30))
    try await connection.undefineFilter(named: "a", uuid: Self.uuid, deadline: .seconds(30))
    #expect(try await connection.close() == 0)
  }

  /// Both ways to list agree; the one by handle is only safe here because no VM starts.
  @Test(arguments: [1, 16]) func bulkRead(readers: Int) async throws {
    let daemon = try await PrivateDaemon()
    defer { daemon.stop() }
    let connection = try await Connection.open(
      uri: daemon.uri, access: .readWrite, options: ConnectionOptions(readers: readers))
    let names = (0..<200).map { "acme.f\(1000 + $0)" }
    for (index, name) in names.enumerated() {
      let uuid = "5c4d6f80-0000-4000-8000-00000000\(1000 + index)"
      try await connection.defineFilter(xml: Self.filter(name, uuid: uuid), deadline: .seconds(10))
    }
    let filters = try await connection.filters()
    #expect(filters.map(\.name).sorted() == names)
    #expect(filters.allSatisfy { $0.xml.contains("name='\($0.name)'") && $0.xml.contains($0.uuid) })
    let byHandle = try await connection.perform("list", subject: nil, lane: .read, deadline: .seconds(10)) {
      lease throws(LibvirtError) in
      try connection.filtersByHandle(lease)
    }
    #expect(Set(byHandle) == Set(filters))
    #expect(try await connection.close() == 0)
  }

  @Test func hangingDaemon() async throws {
    let daemon = try await PrivateDaemon()
    defer { daemon.stop() }
    let options = ConnectionOptions(openDeadline: .milliseconds(500), readDeadline: .milliseconds(500))
    let process = try #require(daemon.daemon)
    let connection = try await Connection.open(uri: daemon.uri, access: .readWrite, options: options)
    kill(process, SIGSTOP)
    defer { kill(process, SIGCONT) }
    // libvirtd answers nothing until it is continued at the end, so that only a deadline leads out of these.
    await expect(code: .timedOut) {
      try await Connection.open(uri: daemon.uri, access: .readOnly, options: options)
    }
    await expect(code: .timedOut) { try await connection.filters() }
    await expect(code: .closed) {
      try await connection.defineFilter(xml: Self.filter("a"), deadline: .seconds(10))
    }
    #expect(!connection.isUsable)
    #expect(try await connection.close() > 0)
  }

  @Test func killedDaemon() async throws {
    let daemon = try await PrivateDaemon()
    defer { daemon.stop() }
    let process = try #require(daemon.daemon)
    let connection = try await Connection.open(uri: daemon.uri, access: .readWrite)
    // Stopped first, so that the read is surely under way when the connection is cut.
    kill(process, SIGSTOP)
    async let filters = connection.filters()
    try await Task.sleep(for: .milliseconds(200))
    kill(process, SIGKILL)
    do {
      _ = try await filters
      Issue.record("a read from a killed daemon succeeded")
    } catch {
      #expect((error as? LibvirtError)?.code == .outcomeUnknown)
    }
    await expect(code: .closed) { try await connection.hostname() }
    #expect(try await connection.close() == 0)
    await expect(code: .unreachable) { try await Connection.open(uri: daemon.uri, access: .readOnly) }
  }

  /// In a process of its own, as the event loop must be there before the first connection.
  @Test func keepAliveCutsAnIdleConnection() async throws {
    await #expect(processExitsWith: .success) {
      try EventLoop.start()
      let daemon = try await PrivateDaemon()
      defer { daemon.stop() }
      let process = try #require(daemon.daemon)
      let options = ConnectionOptions(keepAlive: .init(interval: 1, count: 1))
      let connection = try await Connection.open(uri: daemon.uri, access: .readWrite, options: options)
      for number in 0..<40 {
        let uuid = "5c4d6f80-0000-4000-8000-0000000000\(10 + number)"
        try await connection.defineFilter(xml: LiveTests.filter("f\(number)", uuid: uuid), deadline: .seconds(10))
      }
      for _ in 0..<10 { #expect(try await connection.filters().count == 40) }
      try await Task.sleep(for: .seconds(4))
      #expect(try await connection.filters().count == 40)
      kill(process, SIGSTOP)
      try await Task.sleep(for: .seconds(4))
      await expect(code: .outcomeUnknown) { try await connection.filters() }
      #expect(try await connection.close() == 0)
    }
  }

  @Test func domains() async throws {
    let daemon = try await PrivateDaemon()
    defer { daemon.stop() }
    let connection = try await Connection.open(uri: daemon.uri, access: .readWrite)
    #expect(try await connection.domains().isEmpty)
    await expect(code: .noSuchDomain) {
      try await connection.updateDevice(
        domainUUID: Self.uuid, xml: "<interface/>", live: false, config: true, deadline: .seconds(10))
    }
    #expect(try await connection.close() == 0)
  }
}

/// The client library's own driver needs no daemon.
@Suite struct TestDriverTests {
  @Test func domainOfTheTestDriver() async throws {
    let connection = try await Connection.open(uri: "test:///default", access: .readWrite)
    let domain = try #require(try await connection.domains().first)
    #expect(domain.name == "test" && domain.isActive && domain.isPersistent)
    #expect(domain.liveXML?.contains("<name>test</name>") == true)
    #expect(domain.configXML?.contains("<name>test</name>") == true)
    await expect(code: .unsupported) { try await connection.filters() }
    #expect(try await connection.close() == 0)
  }

  @Test func openingNothing() async throws {
    await expect(code: .unreachable) {
      try await Connection.open(uri: "qemu+unix:///system?socket=/nonexistent/libvirt-sock", access: .readOnly)
    }
  }
}

/// Expects `body` to throw a libvirt error of that kind.
func expect(
  code: LibvirtError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> some Any
) async {
  do {
    _ = try await body()
    Issue.record("nothing was thrown instead of \(code.rawValue)", sourceLocation: sourceLocation)
  } catch let error as LibvirtError {
    #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
  }
}
