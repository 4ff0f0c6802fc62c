// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// Addresses outside of rules.
extension FileDecoder {
  /// One text or a list of them, where addresses are expected.
  ///
  /// A mapping stands there where an IPv6 address without quotes begins or ends with a colon: YAML takes it for a key.
  mutating func addressTexts(_ node: Node, _ what: String, allowsPrefixes: Bool) -> [Located<String>]? {
    let expected = allowsPrefixes ? "a prefix or a list of prefixes" : "an address or a list of addresses"
    guard case .sequence(let items, _) = node.content else {
      return addressText(node, what, expected: expected).map { [$0] }
    }
    var texts: [Located<String>] = []
    for item in items {
      guard let text = addressText(item, "an element of \(what)", expected: expected) else { continue }
      texts.append(text)
    }
    return texts
  }

  private mutating func addressText(_ node: Node, _ what: String, expected: String) -> Located<String>? {
    if case .mapping(let entries, _) = node.content, entries.count == 1, let hint = Self.colonHint(entries[0]) {
      report(
        "unquoted-colon", "a ':' makes a mapping of \(what)", at: range(node).widened, expected: expected, hint: hint)
      return nil
    }
    return text(of: node, what, expected: expected).map { Located(value: $0, range: range(node)) }
  }

  mutating func addressRange(_ text: Located<String>) -> AddressRange? {
    do throws(AddressRangeProblem) {
      return try AddressRange(parsing: text.value)
    } catch {
      report(error, of: text)
      return nil
    }
  }

  private mutating func report(_ problem: AddressRangeProblem, of text: Located<String>) {
    let excerpt = text.value.excerpt
    switch problem {
    case .notAnAddress:
      report(
        "bad-address", "'\(excerpt)' is no address", at: text.range,
        expected: "an IPv4 or IPv6 address, with a prefix length where several are meant")
    case .prefixTooLong:
      report(
        "prefix-too-long", "the prefix of '\(excerpt)' is too long", at: text.range,
        expected: "at most /32 for IPv4, /128 for IPv6")
    case .hostBits(let canonical):
      report(
        "host-bits", "'\(excerpt)' has bits set behind its prefix", at: text.range, hint: "write '\(canonical)'")
    case .inverted:
      report("inverted-range", "'\(excerpt)' ends before it begins", at: text.range, hint: "swap the two")
    case .mixedFamilies:
      report(
        "mixed-families", "'\(excerpt)' begins with one family of addresses and ends with the other", at: text.range,
        expected: "two IPv4 addresses, or two IPv6 addresses")
    }
  }

  /// `addresses:` of a VM or a NIC.
  mutating func interfaceAddresses(_ node: Node, _ what: String) -> [Located<IPAddress>]? {
    guard let texts = addressTexts(node, "addresses of \(what)", allowsPrefixes: false) else { return nil }
    var addresses: [Located<IPAddress>] = []
    for text in texts {
      guard let address = IPAddress(text.value) else {
        let bare = text.value.split(separator: "/", maxSplits: 1).first.map(String.init) ?? ""
        report(
          "bad-address", "'\(text.value.excerpt)' is no address of a NIC", at: text.range,
          expected: "an IPv4 or IPv6 address",
          hint: IPAddress(bare) == nil ? nil : "write '\(bare)'; further prefixes are for guard: {ip: [declared, …]}")
        continue
      }
      if let reason = address.reasonAgainstInterface {
        report(
          "bad-address", "'\(text.value.excerpt)' is no address of a NIC: \(reason)", at: text.range,
          expected: "an IPv4 or IPv6 address of its own")
        continue
      }
      addresses.append(Located(value: address, range: text.range))
    }
    return addresses
  }
}

extension IPAddress {
  /// Why it cannot be the address of one interface (RFC 6890, RFC 4291, section 2); nil if it can.
  fileprivate var reasonAgainstInterface: String? {
    switch self {
    case .ipv4(let address):
      switch address.bits >> 24 {
      case 0: "it is in 0.0.0.0/8"
      case 127: "it is a loopback address"
      case 224...239: "it is a multicast address"
      case 240...255: "it is a broadcast or reserved address"
      default: nil
      }
    case .ipv6(let address):
      if address.high == 0, address.low <= 1 {
        address.low == 0 ? "it says that there is none" : "it is the loopback address"
      } else if address.high >> 56 == 0xff {
        "it is a multicast address"
      } else if address.high == 0, address.low >> 32 == 0xffff {
        "it is an IPv4 address in IPv6 form"
      } else {
        nil
      }
    }
  }

  /// Only unique on its link: two NICs may well have the same.
  var isLinkLocal: Bool {
    switch self {
    case .ipv4(let address): address.bits >> 16 == 0xa9fe
    case .ipv6(let address): address.high >> 54 == 0x3fa
    }
  }
}
