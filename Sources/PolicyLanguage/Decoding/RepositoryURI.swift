// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// libvirt URIs that a repository may name. Reading a repository never runs anything and never weakens a check, so whatever
/// names commands, files, credentials or sockets is left to the operator's own flags (libvirt.org/uri.html).
enum RepositoryURI {
  struct Problem {
    var code: Diagnostic.Code
    var reason: String
    var expected: String?
    var hint: String?
  }

  static let expectation = "a URI such as qemu:///system, qemu+ssh://kvm1/system or sandbox:///1"

  /// Drivers with the paths that mean something to them.
  private static let drivers = [
    "qemu": ["/system", "/session"], "nwfilter": ["/system", "/session"], "lxc": ["/system", "/"],
  ]
  private static let transports = ["ssh", "libssh", "libssh2", "tls", "tcp", "unix"]
  /// The only parameter that says nothing about files, programs or trust.
  private static let harmlessParameters = ["mode"]

  static func problem(of uri: String) -> Problem? {
    guard uri.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), let separator = uri.firstRange(of: "://") else {
      return Problem(code: "bad-uri", reason: "it is no URI", expected: expectation)
    }
    let scheme = String(uri[..<separator.lowerBound])
    let rest = uri[separator.upperBound...]
    let pathEnd = rest.firstIndex { $0 == "?" || $0 == "#" } ?? rest.endIndex
    let pathStart = rest[..<pathEnd].firstIndex(of: "/") ?? pathEnd
    let authority = String(rest[..<pathStart])
    let path = String(rest[pathStart..<pathEnd])
    if rest[pathEnd...].contains("#") {
      return Problem(code: "bad-uri", reason: "it has a fragment (#)", expected: expectation)
    }
    let query = rest[pathEnd...].dropFirst()
    if scheme == "sandbox" { return sandboxProblem(authority: authority, path: path, query: query) }
    return schemeProblem(scheme, path: path) ?? authorityProblem(authority, scheme: scheme) ?? queryProblem(query)
  }

  private static func sandboxProblem(authority: String, path: String, query: Substring) -> Problem? {
    let number = path.dropFirst()
    guard authority.isEmpty, query.isEmpty, (1...4).contains(number.utf8.count), number.first != "0",
      number.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
    else {
      return Problem(
        code: "bad-uri", reason: "a sandbox host is known by its number", expected: "sandbox:///1, sandbox:///2, …")
    }
    return nil
  }

  private static func schemeProblem(_ scheme: String, path: String) -> Problem? {
    let parts = scheme.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let paths = drivers[parts[0]] else {
      return Problem(
        code: "unknown-uri-scheme", reason: "the scheme \(scheme.excerpt) is not known",
        expected: "qemu, nwfilter, lxc (also with +ssh, +tls, +tcp, +unix) or sandbox",
        hint: Suggestion.hint(for: parts[0], in: drivers.keys.sorted() + ["sandbox"]))
    }
    if parts.count == 2, !transports.contains(parts[1]) {
      return Problem(
        code: "unknown-uri-scheme", reason: "the transport \(parts[1].excerpt) is not allowed",
        expected: transports.map { "\(parts[0])+\($0)" }.joined(separator: ", "),
        hint: parts[1] == "ext"
          ? "it runs a command: give it with --connect" : Suggestion.hint(for: parts[1], in: transports))
    }
    if !paths.contains(path) {
      return Problem(
        code: "bad-uri", reason: path.isEmpty ? "it has no path" : "it has the path \(path.excerpt)",
        expected: "the path \(paths.joined(separator: " or "))", hint: Suggestion.hint(for: path, in: paths))
    }
    return nil
  }

  private static func authorityProblem(_ authority: String, scheme: String) -> Problem? {
    let isRemote = scheme.contains("+") && !scheme.hasSuffix("+unix")
    if authority.isEmpty {
      return isRemote
        ? Problem(code: "bad-uri", reason: "it names no host", expected: "\(scheme)://HOST/system") : nil
    }
    let parts = authority.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    if parts.count == 2, parts[0].contains(":") {
      return Problem(
        code: "uri-needs-operator", reason: "it holds a password",
        hint: "anybody who reads the repository would have it; use a key or libvirt's auth.conf")
    }
    // A name that begins with a hyphen is an option to ssh.
    guard parts.count == 1 || isName(parts[0]), isHost(parts[parts.count - 1]) else {
      return Problem(code: "bad-uri", reason: "\(authority.excerpt) is no host", expected: "[USER@]HOST[:PORT]")
    }
    return nil
  }

  private static func isName(_ name: Substring) -> Bool {
    guard let first = name.utf8.first, first.isAlphanumeric || first == UInt8(ascii: "_") else { return false }
    return name.utf8.allSatisfy { $0.isAlphanumeric || "._-".utf8.contains($0) }
  }

  private static func isHost(_ text: Substring) -> Bool {
    var name = text
    if text.first == "[" {
      guard let end = text.firstIndex(of: "]") else { return false }
      let address = text[text.index(after: text.startIndex)..<end]
      guard address.contains(":"), address.utf8.allSatisfy({ $0.isAlphanumeric || ":.".utf8.contains($0) }) else {
        return false
      }
      name = text[text.index(after: end)...]
      return name.isEmpty || (name.first == ":" && isPort(name.dropFirst()))
    }
    if let colon = text.firstIndex(of: ":") {
      name = text[..<colon]
      guard isPort(text[text.index(after: colon)...]) else { return false }
    }
    return isName(name)
  }

  private static func isPort(_ text: Substring) -> Bool {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      && UInt16(text).map { $0 > 0 } ?? false
  }

  private static func queryProblem(_ query: Substring) -> Problem? {
    for parameter in query.split(whereSeparator: { $0 == "&" || $0 == ";" }) {
      let key = String(parameter.prefix { $0 != "=" })
      if !harmlessParameters.contains(key) {
        return Problem(
          code: "uri-needs-operator", reason: "only the operator may set \(key.excerpt)",
          expected: "no parameter but \(harmlessParameters.joined(separator: ", "))",
          hint: "reading a repository never runs or trusts anything: give this URI with --connect")
      }
    }
    return nil
  }
}

extension String {
  fileprivate func firstRange(of text: String) -> Range<String.Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
