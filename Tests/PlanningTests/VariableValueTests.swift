// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import Planning
import Testing

/// Values that libvirt would hand on to iptables, which refuses them half-way.
@Suite struct VariableValueTests {
  private func problems(_ values: [String], protocol filterProtocol: FilterProtocol, _ attribute: String)
    -> [Diagnostic]
  {
    let filter = wanted("a", [variableRule("V", protocol: filterProtocol, attribute: attribute)])
    let reference = FilterReference("a", parameters: ["V": values])
    return plan(desired([filter], [group("g", ["*"], reference)]), observed()).problems
  }

  @Test(arguments: [
    (["22", "0x16", "22:25", "1024:", "443"], FilterProtocol.tcp, "dstportstart"), (["192.0.2.1"], .tcp, "srcipaddr"),
    (["24", "255.255.255.0"], .ip, "srcipmask"), (["2001:db8::1"], .tcpIPv6, "srcipaddr"),
    (["tcp", "17"], .ip, "protocol"),
    (["52:54:00:00:00:01"], .mac, "srcmacaddr"),
  ])
  func rightValues(values: [String], filterProtocol: FilterProtocol, attribute: String) {
    #expect(problems(values, protocol: filterProtocol, attribute) == [])
  }

  @Test(arguments: [
    (["99999", "abc", "22:", "22:x", ":"], FilterProtocol.tcp, "dstportstart", 4), (["banana"], .tcp, "srcipaddr", 1),
    (["2001:db8::1"], .tcp, "srcipaddr", 1), (["33"], .ip, "srcipmask", 1), (["22:25"], .tcp, "dstportend", 1),
  ])
  func wrongValues(values: [String], filterProtocol: FilterProtocol, attribute: String, count: Int) {
    let found = problems(values, protocol: filterProtocol, attribute)
    #expect(codes(found) == Array(repeating: "unbindable", count: count))
  }

  @Test func theMessageNamesValueVariableAndAttribute() throws {
    let message = try #require(problems(["banana"], protocol: .tcp, "srcipaddr").first?.message)
    #expect(
      message.contains(
        "'banana' of variable V is no value for srcipaddr, which takes an IPv4 address such as 192.0.2.1"))
  }

  @Test func valuesOfInnerReferencesAndSingleElementsCount() {
    var match = Match(.tcp)
    if let index = FilterProtocol.tcp.attributes.firstIndex(where: { $0.name == "dstportstart" }) {
      match.set(index, .variable(VariableReference("V", .element(1))))
    }
    let leaf = wanted("leaf", [.rule(Rule(.accept, .in, match: match))])
    func codesWith(_ values: [String]) -> [String] {
      let filters = [wanted("a", [include("leaf", ["V": values])]), leaf]
      return codes(plan(desired(filters, [group("g", ["*"], FilterReference("a"))]), observed()).problems)
    }
    #expect(codesWith(["abc", "22"]) == [])
    #expect(codesWith(["22", "abc"]) == ["unbindable"])
  }
}
