// SPDX-License-Identifier: Apache-2.0

/// The value of one attribute, by meaning and not by spelling: `0x16` and `22` are equal.
public enum Value: Sendable, Hashable {
  case variable(VariableReference)
  case number(UInt32)
  case mac(MACAddress)
  case ipv4(IPv4Address)
  case ipv6(IPv6Address)
  /// A network mask as its prefix length.
  case prefixLength(UInt8)
  case flag(Bool)
  case states(ConnectionStates)
  case tcpFlags(TCPFlagsMatch)
  case setDirections([SetDirection])
  case text(String)
}

/// States of a connection that a rule matches; empty is libvirt's `NONE`: match without looking at the state.
public struct ConnectionStates: OptionSet, Sendable, Hashable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let new = ConnectionStates(rawValue: 1)
  public static let established = ConnectionStates(rawValue: 2)
  public static let related = ConnectionStates(rawValue: 4)
  public static let invalid = ConnectionStates(rawValue: 8)

  /// The names in the order in which libvirt prints them.
  static let names: [(name: String, state: ConnectionStates)] = [
    ("NEW", .new), ("ESTABLISHED", .established), ("RELATED", .related), ("INVALID", .invalid),
  ]

  /// Reads names with commas or blanks between, in any case; `NONE` swallows the others, as in libvirt.
  init?(parsing text: String) {
    var states: ConnectionStates = []
    var isNone = false
    let words = text.split { $0 == "," || $0 == " " }
    guard !words.isEmpty else { return nil }
    for word in words {
      let name = word.uppercased()
      if name == "NONE" {
        isNone = true
      } else if let known = Self.names.first(where: { $0.name == name }) {
        states.insert(known.state)
      } else {
        return nil
      }
    }
    self = isNone ? [] : states
  }

  var spelling: String {
    isEmpty ? "NONE" : Self.names.filter { contains($0.state) }.map(\.name).joined(separator: ",")
  }
}

/// Which TCP flags are looked at, and which of these must be set.
public struct TCPFlagsMatch: Sendable, Hashable {
  public var mask: TCPFlags
  public var flags: TCPFlags

  public init(mask: TCPFlags, flags: TCPFlags) {
    self.mask = mask
    self.flags = flags
  }
}

/// TCP flags that nwfilter knows (no ECE, no CWR), with the bits of RFC 9293.
public struct TCPFlags: OptionSet, Sendable, Hashable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  static let names: [(name: String, bit: UInt8)] = [
    ("FIN", 1), ("SYN", 2), ("RST", 4), ("PSH", 8), ("ACK", 16), ("URG", 32),
  ]
  public static let all = TCPFlags(rawValue: 63)

  init?(parsing text: Substring) {
    var flags: UInt8 = 0
    for word in text.split(whereSeparator: { $0 == "," || $0 == " " }) {
      let name = word.uppercased()
      if name == "ALL" {
        flags = Self.all.rawValue
      } else if let known = Self.names.first(where: { $0.name == name }) {
        flags |= known.bit
      } else if name != "NONE" {
        return nil
      }
    }
    self.init(rawValue: flags)
  }

  var spelling: String {
    if self == .all { return "ALL" }
    if isEmpty { return "NONE" }
    return Self.names.filter { rawValue & $0.bit != 0 }.map(\.name).joined(separator: ",")
  }
}

/// Whether a field of a kernel set is looked up with the packet's source or its destination.
public enum SetDirection: String, Sendable, Hashable, CaseIterable {
  case source = "src"
  case destination = "dst"
}
