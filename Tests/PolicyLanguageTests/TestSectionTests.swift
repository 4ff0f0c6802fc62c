// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import PolicyLanguage
import Testing

/// `tests:` and `never:` that are right.
@Suite struct TestSectionTests {
  private func load(_ policies: String, tests: String = "") throws -> Policy {
    let result = PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: "project: acme\nid: 6f1c0d2e\n"),
      PolicyFile(path: "policies/web.yaml", text: policies), PolicyFile(path: "tests/deep/web.yaml", text: tests),
    ])
    #expect(result.diagnostics == [])
    return try #require(result.policy)
  }

  @Test func groups() throws {
    let policy = try load(
      """
      groups:
        web:
          vms: {name: web}
          tests:
            - allow  in http,https from  198.51.100.7
            - "one-way in udp/53 from host via routed"
            - {test: "reject out tcp/25, 465 to any", name: mail, comment: not from here}
        native:
          vms: {name: native}
          filter: clean-traffic
          tests: ["drop in any"]
      """)
    let tests = try #require(policy.groups.first).tests
    #expect(
      tests.map(\.text) == [
        "allow in http, https from 198.51.100.7", "one-way in udp/53 from host via routed",
        "reject out tcp/25,465 to any",
      ])
    #expect(tests.map(\.expectation) == [.allow, .oneWay, .reject])
    #expect(tests.map(\.route?.value) == [nil, .routed, nil])
    #expect(
      tests.map(\.displayName) == [
        "allow-in-http-https-from-198-51-100-7", "one-way-in-udp-53-from-host-via-routed", "mail",
      ])
    #expect(tests[2].comment == "not from here")
    #expect(tests[2].traffic.map(\.value) == [.ports(.tcp, [25...25, 465...465])])
    #expect(policy.nativeGroups.first?.tests.map(\.expectation) == [.drop])
  }

  @Test func sections() throws {
    let policy = try load(
      """
      tests:
        one: web-1 -> db-1 tcp/5432
        several:
          - drop vm:"my vm", group:web, 10.0.0.0/8 -> host, any.thing ssh via host
          - {test: "10.0.0.1 -> 2001:db8::1 any", name: v6}
          - allow -> drop any
      """, tests: "never:\n  - group:guest -> group:db any\n")
    #expect(policy.tests.map(\.name.value) == ["one", "several"])
    let one = try #require(policy.tests[0].tests.first)
    #expect(one.expectation == .allow && one.text == "allow web-1 -> db-1 tcp/5432")
    let several = policy.tests[1].tests
    guard case .path(let from, let to) = several[0].subject else {
      Issue.record("no path")
      return
    }
    #expect(
      from.map(\.value) == [.machine("my vm"), .group("web"), several[0].peers[2].value]
        && to.map(\.value) == [.network(.host), .machine("any.thing")])
    #expect(several[0].expectation == .drop && several[0].route?.value == .host)
    #expect(several[1].displayName == "v6")
    // VMs can be called as they like.
    #expect(several[2].peers.map(\.value) == [.machine("allow"), .machine("drop")])
    #expect(policy.never.map(\.expectation) == [.never])
    #expect(policy.never.map(\.text) == ["group:guest -> group:db any"])
  }

  @Test func questions() throws {
    let test = try PolicyQuestion.aboutNICs("in tcp/443 from 198.51.100.7 via routed")
    #expect(test.text == "allow in tcp/443 from 198.51.100.7 via routed")
    #expect(try PolicyQuestion.betweenEnds("web-1 -> any any").peers.map(\.value) == [.machine("web-1"), .any])
    for wrong in ["", "tcp/443", "in", "inwards https", "in https from"] {
      #expect(throws: DiagnosticError.self) { try PolicyQuestion.aboutNICs(wrong) }
    }
  }

  @Test func stockFiltersAreThere() {
    #expect(StockFilters.filters().count == 24)
  }
}
