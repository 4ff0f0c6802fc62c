// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// `networks: {NAME: {subnets, gateway, dns, host}}`, each a text or a list.
extension FileDecoder {
  private static let networkKeys = ["subnets", "gateway", "dns", "host"]

  mutating func decodeNetworks(_ node: Node) {
    let expected = "a mapping of network names, such as default: {subnets: 192.168.122.0/24}"
    guard let networks = entries(of: node, "networks", expected: expected) else { return }
    for network in networks { decodeNetwork(network) }
  }

  private mutating func decodeNetwork(_ entry: Node.Entry) {
    let what = "network '\(entry.name.excerpt)'"
    checkNetworkName(entry.name, at: keyRange(entry).widened)
    var network = DecodedNetwork(name: Located(value: entry.name, range: keyRange(entry)))
    defer { result.networks.append(network) }
    let expected = "a mapping such as {subnets: 192.168.122.0/24, gateway: 192.168.122.1}"
    guard let fields = entries(of: entry.value, what, expected: expected) else { return }
    for field in fields {
      guard Self.networkKeys.contains(field.name) else {
        unknownKey(field, in: what, known: Self.networkKeys)
        continue
      }
      let isSubnets = field.name == "subnets"
      guard let texts = addressTexts(field.value, "\(field.name) of \(what)", allowsPrefixes: isSubnets) else {
        continue
      }
      var ranges: [Located<AddressRange>] = []
      for text in texts {
        guard let range = addressRange(text) else { continue }
        if isSubnets ? range.prefixLength == nil : range.range.lowerBound < range.range.upperBound {
          report(
            "bad-address", "'\(text.value.excerpt)' is no \(isSubnets ? "subnet" : "address") in \(what)",
            at: text.range, expected: isSubnets ? "prefixes such as 192.168.122.0/24" : "single addresses")
          continue
        }
        ranges.append(Located(value: range, range: text.range))
      }
      switch field.name {
      case "subnets": network.subnets = ranges
      case "gateway": network.gateway = ranges
      case "dns": network.dns = ranges
      default: network.host = ranges
      }
    }
  }

  /// libvirt's rules for names of networks: no slash, no line end (network_conf.c, virNetworkDefParseXML).
  mutating func checkNetworkName(_ name: String, at range: SourceRange) {
    if MachineName.isValid(name) { return }
    report(
      "bad-network-name", "'\(name.excerpt)' is no name for a network", at: range, expected: MachineName.expectation)
  }
}
