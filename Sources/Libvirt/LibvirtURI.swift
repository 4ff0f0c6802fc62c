// SPDX-License-Identifier: Apache-2.0

/// A libvirt connection URI, `driver[+transport]://[user@][host][:port]/path[?name=value&…]`, taken apart.
///
/// See https://libvirt.org/uri.html. Opening takes the text as it was given; the parts are for decisions about it.
public struct LibvirtURI: Hashable, Sendable {
  /// One `name=value` of the query.
  public struct Parameter: Hashable, Sendable {
    /// The part before the equals sign.
    public var name: String
    /// The part after it, percent-decoded.
    public var value: String

    /// A parameter as its parts.
    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Why a text is no URI that libvirt takes.
  public struct ParseError: Error, Hashable, Sendable {
    /// The kind of mistake; open, so that later versions can add kinds.
    public struct Code: RawRepresentable, Hashable, Sendable {
      /// The name of the kind.
      public let rawValue: String

      /// A kind by its name.
      public init(rawValue: String) {
        self.rawValue = rawValue
      }

      /// No `scheme:` at the start, or one with characters that it cannot have.
      public static let badScheme = Code(rawValue: "bad-scheme")
      /// The part after the plus sign is not tls, unix, ssh, libssh, libssh2, tcp or ext.
      public static let unknownTransport = Code(rawValue: "unknown-transport")
      /// No `//` after the scheme.
      public static let missingSlashes = Code(rawValue: "missing-slashes")
      /// The port is not a number from 1 to 65535.
      public static let badPort = Code(rawValue: "bad-port")
      /// A percent sign without two hexadecimal digits after it, or bytes that are not UTF-8.
      public static let badEscape = Code(rawValue: "bad-escape")
      /// An IPv6 address without its closing bracket.
      public static let badHost = Code(rawValue: "bad-host")
      /// A host together with the transport unix, which has none.
      public static let hostWithUnix = Code(rawValue: "host-with-unix")
    }

    /// The kind of mistake.
    public var code: Code
    /// The whole text.
    public var input: String
    /// The part of it that is wrong.
    public var part: String

    /// A mistake as its parts.
    public init(code: Code, input: String, part: String) {
      self.code = code
      self.input = input
      self.part = part
    }
  }

  /// The hypervisor driver, such as `qemu`, in lower case.
  public var driver: String
  /// The transport after the plus sign, in lower case; nil where none is written.
  public var transport: String?
  /// The user name before the host.
  public var user: String?
  /// The host, an IPv6 address without its brackets; nil where there is none.
  public var host: String?
  /// The port after the host.
  public var port: UInt16?
  /// The path with its slash, such as `/system`; may be empty.
  public var path: String
  /// The query, in order.
  public var parameters: [Parameter]

  /// Whether the connection leaves this machine: libvirt takes a host without a transport for tls.
  public var isRemote: Bool {
    host != nil || !(transport == nil || transport == "unix")
  }

  /// The value of the first parameter of that name.
  public func parameter(_ name: String) -> String? {
    parameters.first { $0.name == name }?.value
  }

  /// Takes a URI apart.
  public init(_ text: String) throws(ParseError) {
    func failure(_ code: ParseError.Code, _ part: some StringProtocol) -> ParseError {
      ParseError(code: code, input: text, part: String(part))
    }
    guard let colon = text.firstIndex(of: ":") else { throw failure(.badScheme, text) }
    let scheme = text[..<colon].lowercased().split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
    guard let driver = scheme.first, let first = driver.utf8.first, isLetter(first),
      driver.utf8.allSatisfy(isSchemeByte)
    else {
      throw failure(.badScheme, text[..<colon])
    }
    self.driver = String(driver)
    transport = scheme.count > 1 ? String(scheme[1]) : nil
    if let transport, !Self.transports.contains(transport) { throw failure(.unknownTransport, transport) }

    var rest = text[text.index(after: colon)...]
    guard rest.hasPrefix("//") else { throw failure(.missingSlashes, rest) }
    rest = rest.dropFirst(2)
    if let fragment = rest.firstIndex(of: "#") { rest = rest[..<fragment] }
    let query = rest.firstIndex(of: "?").map { rest[rest.index(after: $0)...] }
    let hierarchy = rest.prefix { $0 != "?" }
    let authority = hierarchy.prefix { $0 != "/" }
    guard let path = percentDecoded(hierarchy[authority.endIndex...]) else { throw failure(.badEscape, hierarchy) }
    self.path = path

    let atSign = authority.lastIndex(of: "@")
    user = try atSign.map { end throws(ParseError) in
      guard let name = percentDecoded(authority[..<end]) else { throw failure(.badEscape, authority[..<end]) }
      return name
    }
    let location = atSign.map { authority[authority.index(after: $0)...] } ?? authority
    guard let (hostText, portText) = splitHost(location) else { throw failure(.badHost, location) }
    guard let hostName = percentDecoded(hostText) else { throw failure(.badEscape, hostText) }
    host = hostName.isEmpty ? nil : hostName
    port = try portText.map { digits throws(ParseError) in
      guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = UInt16(digits), number > 0 else {
        throw failure(.badPort, digits)
      }
      return number
    }
    if transport == "unix", host != nil { throw failure(.hostWithUnix, location) }

    parameters = []
    // libvirt splits at semicolons as well (`virURIParse`).
    for pair in query?.split(whereSeparator: { $0 == "&" || $0 == ";" }) ?? [] {
      let name = pair.prefix { $0 != "=" }
      guard let nameText = percentDecoded(name), let value = percentDecoded(pair[name.endIndex...].dropFirst()) else {
        throw failure(.badEscape, pair)
      }
      parameters.append(Parameter(name: nameText, value: value))
    }
  }

  /// As in libvirt's `remote_sockets.c`.
  private static let transports: Set<String> = ["tls", "unix", "ssh", "libssh", "libssh2", "tcp", "ext"]
}

private func isLetter(_ byte: UInt8) -> Bool {
  (0x61...0x7a).contains(byte)
}

private func isSchemeByte(_ byte: UInt8) -> Bool {
  isLetter(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
}

/// Splits `host:port` or `[v6]:port`; nil where a bracket is not closed or something else follows it.
private func splitHost(_ text: Substring) -> (host: Substring, port: Substring?)? {
  guard text.hasPrefix("[") else {
    let host = text.prefix { $0 != ":" }
    return (host, host.endIndex == text.endIndex ? nil : text[host.endIndex...].dropFirst())
  }
  guard let close = text.firstIndex(of: "]") else { return nil }
  let host = text[..<close].dropFirst()
  let after = text[text.index(after: close)...]
  if after.isEmpty { return (host, nil) }
  return after.hasPrefix(":") ? (host, after.dropFirst()) : nil
}

private func percentDecoded(_ text: some StringProtocol) -> String? {
  var bytes: [UInt8] = []
  var rest = Array(text.utf8)[...]
  while let byte = rest.popFirst() {
    guard byte == UInt8(ascii: "%") else {
      bytes.append(byte)
      continue
    }
    guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal) else {
      return nil
    }
    bytes.append(high << 4 | low)
  }
  return String(validating: bytes, as: UTF8.self)
}

private func hexadecimal(_ byte: UInt8) -> UInt8? {
  switch byte {
  case 0x30...0x39: byte - 0x30
  case 0x41...0x46: byte - 0x41 + 10
  case 0x61...0x66: byte - 0x61 + 10
  default: nil
  }
}
