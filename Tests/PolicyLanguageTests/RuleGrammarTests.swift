// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterGenerator
import FilterModel
import PacketPath
import PolicyLanguage
import Testing

/// What lines of rules mean.
@Suite struct RuleGrammarTests {
  /// With names of their own, as lines that say the same cannot stand in one group.
  private func load(named lines: [String]) -> LoadResult {
    load(items: lines.enumerated().map { "{rule: '\($1)', name: r\($0)}" })
  }

  private func load(_ lines: [String]) -> LoadResult {
    load(items: lines.map { "'\($0.replacing("'", with: "''"))'" })
  }

  private func load(items: [String]) -> LoadResult {
    let items = items.map { "      - \($0)\n" }.joined()
    return PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: "project: acme\nid: 6f1c0d2e\n"),
      PolicyFile(path: "policies/web.yaml", text: "groups:\n  web:\n    vms: {name: \"*\"}\n    in:\n\(items)"),
    ])
  }

  private func rule(_ line: String) throws -> PolicyRule {
    let result = load([line])
    #expect(result.diagnostics == [], "\(line)")
    return try #require(result.policy?.groups.first?.rules.inbound.first)
  }

  private func peers(_ text: String) throws -> [Peer] {
    try #require(try rule("allow any from \(text)").from).map(\.value)
  }

  private static let trafficTable: [(String, [Traffic])] = [
    ("any", [.any]),
    ("https", [.service("https")]),
    ("http, https", [.service("http"), .service("https")]),
    ("tcp", [.ports(.tcp, [])]),
    ("tcp/80", [.ports(.tcp, [80...80])]),
    ("tcp/80,443,8000-8010", [.ports(.tcp, [80...80, 443...443, 8000...8010])]),
    ("tcp/80 , 443,  https", [.ports(.tcp, [80...80, 443...443]), .service("https")]),
    ("udp/53, tcp/53, 853", [.ports(.udp, [53...53]), .ports(.tcp, [53...53, 853...853])]),
    ("sctp/1-65535", [.ports(.sctp, [1...65535])]),
    ("icmp", [.icmp(nil)]),
    ("icmp/echo-request", [.icmp("echo-request")]),
    ("icmpv4", [.icmpNumbered(.ipv4, type: nil, code: nil)]),
    ("icmpv4/3/4", [.icmpNumbered(.ipv4, type: 3, code: 4)]),
    ("icmpv6/135", [.icmpNumbered(.ipv6, type: 135, code: nil)]),
    ("icmpv6/echo-request", [.icmpNumbered(.ipv6, type: 128, code: nil)]),
    ("icmpv4/fragmentation-needed", [.icmpNumbered(.ipv4, type: 3, code: 4)]),
    ("esp, ah, gre", [.ipProtocol(50), .ipProtocol(51), .ipProtocol(47)]),
    ("vrrp", [.ipProtocol(112)]),
    ("protocol/99", [.ipProtocol(99)]),
    ("protocol/6", [.ports(.tcp, [])]),
    ("protocol/58", [.icmpNumbered(.ipv6, type: nil, code: nil)]),
    ("$WHAT, ssh", [.parameter("WHAT"), .service("ssh")]),
  ]

  @Test(arguments: trafficTable.indices)
  func trafficIsRead(index: Int) throws {
    let (text, expected) = Self.trafficTable[index]
    #expect(try rule("allow \(text)").traffic.map(\.value) == expected)
  }

  private static func range(_ text: String) -> Peer {
    do { return .addresses(try AddressRange(parsing: text)) } catch { fatalError("\(text): \(error)") }
  }

  private static let peerTable: [(String, [Peer])] = [
    ("any", [.any]),
    ("192.0.2.1", [range("192.0.2.1")]),
    ("192.0.2.0/24,2001:db8::/32", [range("192.0.2.0/24"), range("2001:db8::/32")]),
    ("0.0.0.0/0", [range("0.0.0.0/0")]),
    ("::/0", [range("::/0")]),
    ("192.0.2.1-192.0.2.9", [range("192.0.2.1-192.0.2.9")]),
    ("@office, group:bastion, vm:db-1", [.set("office"), .group("bastion"), .machine("db-1")]),
    ("vm:\"db, 1\", @a", [.machine("db, 1"), .set("a")]),
    ("host, gateway, dns, network", [.network(.host), .network(.gateway), .network(.dns), .network(.network)]),
    ("$CLIENTS_2", [.parameter("CLIENTS_2")]),
  ]

  @Test(arguments: peerTable.indices)
  func peersAreRead(index: Int) throws {
    let (text, expected) = Self.peerTable[index]
    #expect(try peers(text) == expected)
  }

  @Test func bothEnds() throws {
    for line in ["drop any from 192.0.2.1 to 224.0.0.0/4", "drop any to 224.0.0.0/4 from 192.0.2.1"] {
      let rule = try rule(line)
      #expect(rule.verdict == .drop)
      #expect(rule.from?.map(\.value) == [Self.range("192.0.2.1")])
      #expect(rule.to?.map(\.value) == [Self.range("224.0.0.0/4")])
      #expect(rule.text == "drop any from 192.0.2.1 to 224.0.0.0/4")
    }
    #expect(try rule("pass any").from == nil)
  }

  @Test(arguments: [
    ("allow  http ,https   from @office,host", "allow http, https from @office, host"),
    ("allow tcp/80 , 443, https", "allow tcp/80,443, https"),
    ("reject udp to 10.0.0.0/8", "reject udp to 10.0.0.0/8"),
    ("allow ssh from vm:\"db 1\"", "allow ssh from vm:\"db 1\""),
  ])
  func canonicalText(line: String, expected: String) throws {
    #expect(try rule(line).text == expected)
  }

  @Test func placesOfWords() throws {
    let rule = try rule("allow tcp/80, 443, ssh from @office, vm:größe, host")
    // The list begins at column 9 with a quote.
    #expect(rule.traffic.map(\.range.start.column) == [16, 29])
    #expect(rule.traffic.map(\.range.end.column) == [27, 32])
    #expect(rule.from?.map(\.range.start.column) == [38, 47, 57])
    #expect(rule.from?.map(\.range.end.column) == [45, 55, 61])
    #expect(rule.origin.start.line == 5)
  }

  /// Words of many kinds, put together in any way that the grammar allows: the canonical text means the same.
  @Test func canonicalTextIsTheSameRule() throws {
    var random = SeededGenerator(seed: 20)
    var lines: [String] = []
    for _ in 0..<3000 {
      let traffic = Self.trafficTable.dropFirst().map(\.0).shuffled(using: &random).prefix(
        Int.random(in: 1...3, using: &random))
      let blank = Bool.random(using: &random) ? " " : "  "
      let what = Int.random(in: 0..<10, using: &random) == 0 ? "any" : traffic.joined(separator: ",\(blank)")
      var line = "\(Verdict.allCases.randomElement(using: &random) ?? .allow)\(blank)\(what)"
      for word in ["from", "to"].shuffled(using: &random) where Bool.random(using: &random) {
        let count = Int.random(in: 1...4, using: &random)
        let peers = Self.peerTable.dropFirst().map(\.0).shuffled(using: &random).prefix(count)
        line += "\(blank)\(word)\(blank)\(peers.joined(separator: "\(blank),"))"
      }
      lines.append(line)
    }
    let first = load(named: lines)
    #expect(first.diagnostics == [])
    let rules = try #require(first.policy?.groups.first?.rules.inbound)
    #expect(rules.count == lines.count)
    let again = try #require(load(named: rules.map(\.text)).policy?.groups.first?.rules.inbound)
    for (left, right) in zip(rules, again) {
      #expect(left.text == right.text)
      #expect(left.verdict == right.verdict)
      #expect(left.traffic.map(\.value) == right.traffic.map(\.value))
      #expect(left.from?.map(\.value) == right.from?.map(\.value))
      #expect(left.to?.map(\.value) == right.to?.map(\.value))
    }
  }

  /// Damaged lines never crash the parser, and every place that it names is on the line.
  @Test func damagedLines() {
    var random = SeededGenerator(seed: 21)
    let seeds = Self.trafficTable.map { "allow \($0.0)" } + Self.peerTable.map { "allow any from \($0.0)" }
    let fragments = [
      ",", " ", "/", "-", "@", ":", "$", "from", "to", "any", "tcp/", "::", "!", "0", "65536", "vm:\"", "ä", "icmp/",
    ]
    var lines: [String] = []
    for index in 0..<4000 {
      var line = Array(seeds[index % seeds.count])
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0...line.count, using: &random)
        if Bool.random(using: &random) {
          line.insert(contentsOf: fragments.randomElement(using: &random) ?? "", at: place)
        } else {
          line.removeSubrange(place..<min(line.count, place + Int.random(in: 0...4, using: &random)))
        }
      }
      lines.append(String(line))
    }
    let result = load(lines)
    for diagnostic in result.diagnostics {
      guard let range = diagnostic.range, let text = result.sources.line(range.start.line, of: range.file) else {
        Issue.record("\(diagnostic) is nowhere")
        continue
      }
      let isInside = range.start.column >= 9 && range.end.column <= text.unicodeScalars.count + 1
      #expect(isInside && range.start < range.end, "\(range) of \(text)")
    }
  }
}
