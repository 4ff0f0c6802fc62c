// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// `hosts: {NAME: {uri: TEXT, labels: {KEY: VALUE}}}`.
extension FileDecoder {
  mutating func decodeHosts(_ node: Node) {
    guard let hosts = entries(of: node, "hosts", expected: "a mapping of host names, such as kvm1: {uri: …}") else {
      return
    }
    for host in hosts { decodeHost(host) }
  }

  private mutating func decodeHost(_ host: Node.Entry) {
    let name = host.name
    let what = "host '\(name.excerpt)'"
    if !HostName.isValid(name) {
      report(
        "bad-host-name", "'\(name.excerpt)' is no name for a host", at: keyRange(host).widened,
        expected: HostName.expectation)
    }
    var result = InventoryHost(name: name, uri: "", origin: keyRange(host))
    defer { self.result.hosts.append(result) }
    guard let fields = entries(of: host.value, what, expected: "a mapping such as {uri: \"qemu:///system\"}") else {
      return
    }
    var hasURI = false
    for field in fields {
      switch field.name {
      case "uri":
        hasURI = true
        guard let uri = text(of: field.value, "uri of \(what)", expected: RepositoryURI.expectation) else { continue }
        result.uri = uri
        if let problem = RepositoryURI.problem(of: uri) {
          report(
            problem.code, "'\(uri.excerpt)' cannot be used as uri in a repository: \(problem.reason)",
            at: range(field.value), expected: problem.expected, hint: problem.hint)
        }
      case "labels":
        result.labels = labels(field.value, what)
      default:
        unknownKey(field, in: what, known: ["uri", "labels"])
      }
    }
    if !hasURI {
      report(
        "missing-key", "\(what) has no uri", at: keyRange(host), expected: RepositoryURI.expectation,
        hint: "add uri: \"qemu:///system\"")
    }
  }
}

/// Names of hosts, as they are given to `--host`.
enum HostName {
  static let expectation = "letters, digits, . _ or -, a letter or digit first, at most 253 characters"

  static func isValid(_ name: String) -> Bool {
    guard (1...253).contains(name.utf8.count), let first = name.utf8.first else { return false }
    return first.isAlphanumeric && name.utf8.allSatisfy { $0.isAlphanumeric || "._-".utf8.contains($0) }
  }
}

extension UInt8 {
  var isAlphanumeric: Bool {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"):
      true
    default: false
    }
  }
}
