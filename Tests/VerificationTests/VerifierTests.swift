// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath
import Testing
import Verification

/// What tests of policies come to.
@Suite struct VerifierTests {
  private func words(_ policies: String) throws -> [String] {
    var policy = try TestPolicy(policies)
    return policy.words()
  }

  private static let web = """
    sets:
      office: [192.0.2.0/24, "2001:db8:1::/48"]
    groups:
      web:
        vms: {name: "web-*"}
        in:
          - allow http, https
          - {rule: allow ssh from @office, name: ssh}
          - reject auth
        out:
          - drop smtp
          - allow any

    """

  @Test func holdsForEveryPacketOfASet() throws {
    let found = try words(
      Self.web + """
            tests:
              - allow in http, https
              - allow in https from any
              - allow in ssh from @office
              - drop in ssh from 198.51.100.0/24
              - drop in ssh
              - allow in tcp/80-443
              - reject in auth
              - drop in auth
              - drop out smtp
              - allow out any to 198.51.100.7
              - drop in udp
              - drop in icmp
              - one-way in https
        """)
    #expect(
      found == [
        "ok allow in http, https", "ok allow in https from any", "ok allow in ssh from @office",
        "ok drop in ssh from 198.51.100.0/24",
        "no drop in ssh: tcp 192.0.2.0:32768 to 192.168.122.11:22 allowed",
        "no allow in tcp/80-443: tcp 198.51.100.7:32768 to 192.168.122.11:81 dropped", "ok reject in auth",
        "no drop in auth: tcp 198.51.100.7:32768 to 192.168.122.11:113 rejected", "ok drop out smtp",
        "no allow out any to 198.51.100.7: tcp 192.168.122.11:32768 to 198.51.100.7:25 dropped", "ok drop in udp",
        "ok drop in icmp", "no one-way in https: tcp 198.51.100.7:32768 to 192.168.122.11:443 allowed",
      ])
  }

  @Test func bothEndsCount() throws {
    let found = try words(
      Self.web
        + """
          db:
            vms: {name: "db-*"}
            guard: strict
            in:
              - allow postgres from group:web
            out:
              - allow https to web-0
            default: {out: drop}
        tests:
          ends:
            - web-1 -> db-1 postgres
            - group:web -> db-1 postgres
            - web-1, web-2 -> group:db postgres
            - drop web-1 -> db-1 ssh
            - drop db-1 -> web-1 any
            - db-1 -> web-1 https
            - bare-1 -> web-1 https
            - any -> web-1 https
            - drop 198.51.100.7 -> db-1 any
            - drop group:web -> group:web ssh
        never:
          - db-1 -> group:web any
          - group:web -> db-1 any
        """.replacing("web-0", with: "203.0.113.1"))
    #expect(
      found == [
        "ok allow web-1 -> db-1 postgres", "ok allow group:web -> db-1 postgres",
        "ok allow web-1, web-2 -> group:db postgres", "ok drop web-1 -> db-1 ssh", "ok drop db-1 -> web-1 any",
        "no allow db-1 -> web-1 https: tcp 192.168.122.21:32768 to 192.168.122.11:443 dropped",
        "ok allow bare-1 -> web-1 https", "ok allow any -> web-1 https", "ok drop 198.51.100.7 -> db-1 any",
        "ok drop group:web -> group:web ssh", "ok db-1 -> group:web any",
        "no group:web -> db-1 any: tcp 192.168.122.11:32768 to 192.168.122.21:5432 allowed",
      ])
  }

  @Test func theWayMatters() throws {
    var policy = try TestPolicy(
      """
      groups:
        web:
          vms: {name: web-1}
          in:
            - allow https
          tests:
            - drop in udp/53
            - one-way in udp/53 via routed
            - one-way in udp/53 from host
            - drop in udp/53 from 192.168.122.1
            - allow in https via host
            - allow in https via routed
      """)
    let results = policy.results()
    let passed = results.map(\.hasPassed)
    #expect(passed == [true, true, true, true, true, true])
    // What is dropped when bridged gets there when routed, and that is said.
    #expect(results[0].routed?.outcome == .oneWay)
    #expect(results[0].routed?.packet.description == "udp 198.51.100.7:32768 to 192.168.122.11:53")
    #expect(results[4].routed == nil)
  }

  @Test func groupsWithoutMachinesAndNativeOnes() throws {
    let found = try words(
      """
      groups:
        future:
          vms: {name: "future-*"}
          in:
            - allow https from network
          tests:
            - allow in https from network
            - drop in https from 198.51.100.7
            - allow out any
        clean:
          vms: {name: "clean-*"}
          filter: clean-traffic
          tests:
            - allow out any to 0.0.0.0/0
            - drop in icmp
        strange:
          vms: {name: "strange-*"}
          filter: only-here
          tests:
            - allow in https
      filters:
        only-here:
          rules:
            - {action: drop, direction: in, tcp: {dstportstart: $PORT}}
      """)
    #expect(
      found == [
        "ok allow out any to 0.0.0.0/0", "no drop in icmp: icmp 198.51.100.7 to 198.18.0.1 type 8 code 0 allowed",
        "ok allow in https from network", "ok drop in https from 198.51.100.7", "ok allow out any",
        "?? allow in https: cannot-evaluate",
      ])
  }

  @Test func whatCannotBeDecidedIsExplained() throws {
    let found = try words(
      """
      sets: {nobody: []}
      groups:
        web:
          vms: {name: web-2}
          in: [allow https]
          tests:
            - allow in https from 2001:db8::7
            - allow in https from @nobody
      tests:
        a: 192.0.2.1 -> 192.0.2.2 ssh
        b: web-2 -> web-2 ssh
      """)
    #expect(
      found == [
        "?? allow in https from 2001:db8::7: test-without-packets",
        "?? allow in https from @nobody: test-without-packets", "?? allow 192.0.2.1 -> 192.0.2.2 ssh: test-without-vm",
        "?? allow web-2 -> web-2 ssh: test-without-packets",
      ])
  }

  @Test func theRuleThatDecidedIsNamed() throws {
    var policy = try TestPolicy(Self.web + "    tests:\n      - drop in ssh\n")
    let result = try #require(policy.results().first)
    guard case .failed(let conversation) = result.status else {
      Issue.record("\(result.status)")
      return
    }
    let decision = try #require(conversation.decision)
    #expect(decision.end == .target && !decision.isReply)
    guard case .matched(_, let origin) = decision.step.event else {
      Issue.record("\(decision.step)")
      return
    }
    let source = try #require(policy.library.sources(of: origin).first)
    #expect(source.id == "web/ssh")
    #expect(source.range?.file == "policies/all.yaml" && source.range?.start.line == 8)
  }
}
