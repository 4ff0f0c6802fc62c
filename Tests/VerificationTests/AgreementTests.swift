// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath
import Testing
import Verification

/// Answers as sets say the same as single packets do.
@Suite struct AgreementTests {
  private static let policy = """
    sets:
      office: [192.0.2.0/24, "2001:db8:1::/48"]
    groups:
      web:
        vms: {name: "web-*"}
        guard: strict
        in:
          - drop any from 192.0.2.128/25
          - allow https, ssh from @office, group:db
          - {rule: allow http, limit: {connections: 5}}
        out:
          - reject smtp
          - allow dns, https
        default: {out: drop}
      db:
        vms: {name: "db-*"}
        in:
          - allow postgres from group:web
    """

  private func question(_ text: String) -> PolicyTest {
    let range = SourceRange(
      file: "q", start: SourcePosition(line: 1, column: 1), end: SourcePosition(line: 1, column: 2))
    let any = [Located(value: Peer.any, range: range)]
    return PolicyTest(
      .allow, .group(text == "in" ? .in : .out, from: text == "in" ? any : nil, to: text == "in" ? nil : any),
      [Located(value: .any, range: range)], text: text, origin: range)
  }

  @Test(arguments: ["in", "out"])
  func answersAndPackets(direction: String) throws {
    var policy = try TestPolicy(Self.policy)
    var verifier = Verifier(policy.library)
    for machine in ["web-1", "web-2", "db-1"] {
      let planned = policy.planner.plan(question(direction), suite: "", nics: policy.planner.nics(of: machine))
      for answer in try verifier.answers(planned) {
        // The example of each fate meets it, by the evaluation of single packets.
        #expect(answer.outcome == answer.example.outcome, "\(machine) \(answer.example.packet)")
      }
      let sources = try #require(try verifier.sources(planned).first)
      for region in sources.partial {
        var packet = try #require(region.example)
        let own = try #require(planned.cases.first.map { direction == "in" ? $0.targets[0] : $0.sources[0] })
        let address = try #require(own.addresses(packet.family).hull?.lowerBound)
        if direction == "in" { packet.destination = address } else { continue }
        packet.sourcePort = PortUse(protocolNumber: packet.protocolNumber) == .ports ? 40_000 : 0
        if PortUse(protocolNumber: packet.protocolNumber) == .none { packet.destinationPort = 0 }
        var frame = Frame(
          packet, sourceMAC: MACAddress(bits: 0x0200_5e00_5301),
          destinationMAC: try #require(own.nic).nic.mac)
        if packet.protocolNumber == 6 { frame.tcpFlags = .syn }
        let conversation = try verifier.conversation(frame, planned.cases[0])
        #expect(conversation.outcome == .allowed, "\(packet)")
      }
    }
  }

  @Test func whoCanAndReach() throws {
    var policy = try TestPolicy(Self.policy)
    var verifier = Verifier(policy.library)
    let range = question("in").origin
    func located<Value>(_ value: Value) -> Located<Value> { Located(value: value, range: range) }
    let ssh = [located(Traffic.service("ssh"))]
    let whoCan = policy.planner.plan(
      PolicyTest(.allow, .group(.in, from: nil, to: nil), ssh, text: "in ssh", origin: range), suite: "",
      nics: policy.planner.nics(of: "web-1"))
    let sources = try #require(try verifier.sources(whoCan).first)
    #expect(
      RegionWords.lines(sources.whole) == [
        "any from 192.0.2.0/25, 192.168.122.21, 2001:db8:1::/48, 2001:db8:122::21"
      ])
    #expect(sources.partial.isEmpty && sources.oneWay.isEmpty && !sources.hasMore)
    let reach = policy.planner.plan(
      PolicyTest(
        .allow, .path(from: [located(.group("web"))], to: [located(.group("db"))]), [located(.any)],
        text: "group:web -> group:db any", origin: range), suite: "", nics: [])
    // The web servers may only send https and dns.
    let nothing = try verifier.traffic(reach)
    #expect(!nothing.contains { !$0.isNothing })
    let back = policy.planner.plan(
      PolicyTest(
        .allow, .path(from: [located(.group("db"))], to: [located(.group("web"))]), [located(.any)],
        text: "group:db -> group:web any", origin: range), suite: "", nics: [])
    let traffic = try #require(try verifier.traffic(back).first)
    #expect(RegionWords.lines(traffic.whole) == ["tcp/22,80,443"])
    #expect(traffic.partial.isEmpty)
    let senders = try verifier.senders(back)
    #expect(senders.map(\.nic.machine) == ["db-1"])
  }
}
