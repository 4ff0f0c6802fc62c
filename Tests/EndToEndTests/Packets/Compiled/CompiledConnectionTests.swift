// SPDX-License-Identifier: Apache-2.0

import Foundation
import PacketProbe
import Sandbox
import Testing

extension EndToEnd {
  /// Connections under compiled policies, while those change.
  @Suite struct CompiledConnectionTests {
    private static let served = CompiledCase(
      "served",
      group: """
        in:
          - {rule: allow https, limit: {connections: 3}}
          - allow tcp/8443
          - allow udp/5000
        out:
          - drop smtp
        """, flows: [])

    /// With a machine on the bridge, one behind the host that NATs, and the host itself.
    private static let ends: [(name: String, end: Endpoint)] = [
      ("a neighbour", .neighbour), ("the world", .world), ("the host", .host),
    ]
    private static let kept = ends.flatMap { name, end in
      [
        Flow("tcp/8443 from \(name)", .in, .tcp(8443), end, expect: .passes),
        Flow("tcp/80 to \(name)", .out, .tcp(80), end, expect: .passes),
        Flow("udp/53 to \(name)", .out, .udp(53), end, expect: .passes),
      ]
    }
    private static let revoked = ends.flatMap { name, end in
      [
        Flow("udp/5000 from \(name)", .in, .udp(5000), end, expect: .passes),
        Flow("udp/5001 to \(name)", .out, .udp(5001), end, expect: .passes),
      ]
    }

    @Test func `Connections outlive other rules, and end with their own`() async throws {
      let item = Self.served.policyCase(.nat)
      try await PacketMatrix.with(.nat, [item], common: ["common.yaml": CompiledCase.common(.nat)]) { matrix in
        var kept = try await Self.open(Self.kept, of: item, matrix)
        var revoked = try await Self.open(Self.revoked, of: item, matrix)

        let more = item.policy.replacing("- allow tcp/8443", with: "- allow tcp/8443\n      - allow tcp/9443")
        try await matrix.apply(more, of: item)
        await Self.expect(&kept, goOn: true, "another rule was added")
        await Self.expect(&revoked, goOn: true, "another rule was added")

        let less = item.policy.replacing("      - allow udp/5000\n", with: "")
          .replacing("- drop smtp", with: "- drop udp/5001")
        try await matrix.apply(less, of: item)
        await Self.expect(&kept, goOn: true, "other rules were taken back")
        await Self.expect(&revoked, goOn: false, "their rule was taken back")
      }
    }

    @Test func `A limit of connections takes none from those below it`() async throws {
      let item = Self.served.policyCase(.bridge)
      try await PacketMatrix.with(.bridge, [item], common: ["common.yaml": CompiledCase.common(.bridge)]) { matrix in
        for (family, elsewhere) in [(Family.ipv4, "203.0.113.9" as Address), (.ipv6, "2001:db8:99::9")] {
          let flow = Flow("https", .in, .tcp(443), expect: .passes)
          var connections: [PacketLab.Connection] = []
          for number in 1...3 {
            var connection = matrix.open(flow, of: item, family)
            #expect(await connection.run() == .passes, "connection \(number), \(family.rawValue)")
            connections.append(connection)
          }
          var late = matrix.open(flow, of: item, family)
          #expect(await late.run(expecting: .blocked) == .blocked, "the one above the limit, \(family.rawValue)")
          for index in connections.indices {
            #expect(await connections[index].goesOn(), "connection \(index + 1) afterwards, \(family.rawValue)")
          }
          var other = matrix.open(
            Flow("https", .in, .tcp(443), .remote(elsewhere), expect: .passes), of: item, family)
          #expect(await other.run() == .passes, "from another address, \(family.rawValue)")
          var unlimited = matrix.open(Flow("tcp/8443", .in, .tcp(8443), expect: .passes), of: item, family)
          #expect(await unlimited.run() == .passes, "without a limit, \(family.rawValue)")
        }
      }
    }

    private struct Running {
      let name: String
      var connection: PacketLab.Connection
    }

    private static func open(
      _ flows: [Flow], of item: PolicyCase, _ matrix: PacketMatrix
    ) async throws -> [Running] {
      var running: [Running] = []
      for flow in flows {
        for family in flow.families {
          let name = "\(flow.name), \(family.rawValue)"
          var connection = matrix.open(flow, of: item, family)
          try #require(await connection.run() == .passes, "\(name) does not begin")
          running.append(Running(name: name, connection: connection))
        }
      }
      return running
    }

    private static func expect(_ running: inout [Running], goOn: Bool, _ why: String) async {
      for index in running.indices {
        let goesOn = await running[index].connection.goesOn(expecting: goOn)
        #expect(goesOn == goOn, "\(running[index].name): \(goesOn ? "goes on" : "has stopped"), and \(why)")
      }
    }
  }
}
