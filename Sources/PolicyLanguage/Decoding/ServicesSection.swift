// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// `services: {NAME: [WHAT…]}`.
extension FileDecoder {
  private static let serviceExpectation =
    "protocols and ports such as tcp/8080, icmp/echo-request or esp, and other services"

  mutating func decodeServices(_ node: Node) {
    let expected = "a mapping of service names, such as app: [tcp/8080, udp/8081]"
    guard let services = entries(of: node, "services", expected: expected) else { return }
    for service in services { decodeService(service) }
  }

  private mutating func decodeService(_ entry: Node.Entry) {
    let what = "service '\(entry.name.excerpt)'"
    checkName(entry, "service", "bad-service-name")
    if ProtocolWords.isReserved(entry.name) {
      report(
        "reserved-service-name",
        "'\(entry.name)' means a protocol in rules, or is a word of theirs: no service can be called so",
        at: keyRange(entry), hint: "use another name, such as 'my-\(entry.name)'")
    }
    var service = ServiceDefinition(name: Located(value: entry.name, range: keyRange(entry)), traffic: [])
    defer {
      if result.role == .environment {
        result.environment?.services.append(service)
      } else {
        result.services.append(service)
      }
    }
    if case .sequence(let items, _) = entry.value.content, items.isEmpty {
      report(
        "missing-value", "\(what) is empty", at: range(entry.value), expected: Self.serviceExpectation,
        hint: "remove it, or say what it is")
      return
    }
    let traffic = traffic(of: entry.value, what, in: .service) ?? []
    for item in traffic where item.value == .any {
      report(
        "any-in-service", "\(what) is any: a service names some traffic", at: item.range,
        hint: "write 'any' in the rule, in place of the service")
    }
    service.traffic = traffic
  }
}
