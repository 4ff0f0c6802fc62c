// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An IP version.
public enum Family: String, Sendable, CaseIterable {
  case ipv4 = "IPv4"
  case ipv6 = "IPv6"
}

/// An IPv4 or IPv6 address.
public struct Address: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
  /// 4 or 16 bytes in network order.
  public let bytes: [UInt8]

  public var family: Family { bytes.count == 4 ? .ipv4 : .ipv6 }

  public init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  /// The address of a text; nil if the text is none.
  public init?(_ text: String) {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: count)
      if inet_pton(family, text, &bytes) == 1 {
        self.bytes = bytes
        return
      }
    }
    return nil
  }

  public init(stringLiteral text: String) {
    guard let address = Address(text) else { preconditionFailure("'\(text)' is no address") }
    self = address
  }

  public var description: String {
    var text = [CChar](repeating: 0, count: 46)
    inet_ntop(family == .ipv4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func unspecified(_ family: Family) -> Address { family == .ipv4 ? "0.0.0.0" : "::" }

  var isMulticast: Bool { family == .ipv4 ? bytes[0] & 0xf0 == 0xe0 : bytes[0] == 0xff }

  var isBroadcast: Bool { bytes == [255, 255, 255, 255] }

  /// The group that a neighbour solicitation for this IPv6 address goes to (RFC 4291, 2.7.1).
  var solicitedNode: Address { Address(bytes: Address("ff02::1:ff00:0").bytes.prefix(13) + bytes.suffix(3)) }

  /// A link-local address that follows from no MAC, as Windows makes them.
  static func randomLinkLocal() -> Address {
    Address(bytes: [0xfe, 0x80, 0, 0, 0, 0, 0, 0] + (0..<8).map { _ in UInt8.random(in: 0...255) })
  }
}

/// The address of a network card.
public struct HardwareAddress: Sendable, Hashable, ExpressibleByStringLiteral {
  /// 6 bytes.
  public let bytes: [UInt8]

  public init(bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
    precondition(self.bytes.count == 6, "six bytes")
  }

  public init(stringLiteral text: String) {
    self.init(bytes: text.split(separator: ":").map { UInt8($0, radix: 16) ?? 0 })
  }

  /// The same, of a text of the sandbox.
  public init(_ text: String) { self.init(stringLiteral: text) }

  static let broadcast: HardwareAddress = "ff:ff:ff:ff:ff:ff"

  /// One that no machine has; locally administered, so that no bridge learns a machine's own at the wrong port.
  static func random() -> HardwareAddress { HardwareAddress(bytes: [2] + (0..<5).map { _ in .random(in: 0...255) }) }

  /// Where a frame for an address goes that needs no neighbour: multicast (RFC 1112, 6.4; RFC 2464, 7) or broadcast.
  init?(group address: Address) {
    if address.isBroadcast {
      self = .broadcast
    } else if address.isMulticast {
      self.init(
        bytes: address.family == .ipv4
          ? [1, 0, 0x5e, address.bytes[1] & 0x7f] + address.bytes[2...] : [0x33, 0x33] + address.bytes[12...])
    } else {
      return nil
    }
  }

  /// The link-local address that follows from it (RFC 4291, appendix A).
  var linkLocal: Address {
    Address(
      bytes: [0xfe, 0x80, 0, 0, 0, 0, 0, 0, bytes[0] ^ 2, bytes[1], bytes[2], 0xff, 0xfe] + bytes[3...])
  }
}
