// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// How many nwfilter rules a profile takes: at least so many, known before any is made, and those that were made of it.
struct ExpansionBound {
  static let mostRules = 2000
  /// Of layer 2, in all leaves of a profile: each is a program that libvirt starts for each NIC (500 rules: 10 s, measured on
  /// libvirt 9.0), and every frame meets them one after the other.
  static let mostLayer2Rules = 100
  /// From here on an update of each VM takes seconds: 12 ms a rule (measured on libvirt 9.0).
  static let manyRules = 200

  private let count: Int
  private let hasTooManyRuns: Bool
  /// By rule, those that cost most first.
  private let costs: [(source: RuleSource, count: Int)]

  init(_ inbound: MinimalRules, _ outbound: MinimalRules) {
    var count = 0
    var costs: [RuleSource: Int] = [:]
    for run in inbound.runs + outbound.runs {
      for region in run.regions {
        let cost = Layer3Match.cost(of: region) * (run.effect.connectionLimit == nil ? 1 : 2)
        count += cost
        // Only what may be named is worth the search for it.
        if cost >= 20 || count > Self.manyRules {
          for source in run.sources(of: region) { costs[source, default: 0] += cost }
        }
      }
    }
    self.count = count
    self.costs = costs.map { ($0.key, $0.value) }
      .sorted { ($1.count, $0.source.id) < ($0.count, $1.source.id) }
    hasTooManyRuns = Layer3Generator.hasTooManyRuns(inbound, outbound)
  }

  /// More rules in one direction than a profile could hold, few as they may become.
  static func problem(of decisions: Decisions, _ profile: String, at origin: SourceRange) -> Diagnostic? {
    guard let rules = [decisions.inbound, decisions.outbound].first(where: { $0.count > mostRules }) else { return nil }
    return Diagnostic(
      "expansion-too-large",
      "\(profile) would have \(rules.count) rules of the policy in one direction; at most \(mostRules) are taken",
      at: rules[mostRules].source.range ?? origin,
      hint: "put peers and ports of one decision into one rule, or into a set"
    )
  }

  var isExceeded: Bool { count > Self.mostRules || hasTooManyRuns }

  /// What is wrong with filters that were made: denials of single protocols multiply, and layer 2 has rules of its own.
  func diagnostics(of profile: DesiredFilter, _ leaves: [DesiredFilter], at origin: SourceRange) -> [Diagnostic] {
    let name = profile.filter.name
    var found: [Diagnostic] = []
    let layer2 = leaves.reduce(0) { count, leaf in
      count + leaf.filter.rules.count { $0.match?.filterProtocol.layer ?? .ethernet == .ethernet }
    }
    if layer2 > Self.mostLayer2Rules {
      found.append(
        Diagnostic(
          "expansion-too-large",
          "\(name) would have \(layer2) nwfilter rules at layer 2; at most \(Self.mostLayer2Rules) are taken",
          at: costs.first?.source.range ?? origin,
          hint: "protocols without ports, and lists of a guard, are decided there: use few prefixes for them",
          notes: costs.prefix(3).map { Diagnostic.Note("\($0.source.id) takes part", at: $0.source.range) }))
    }
    found += ExpansionBound(count: profile.filter.rules.count, self).diagnostics(of: name, at: origin)
    for filter in [profile.filter] + leaves.map(\.filter) {
      // libvirt would refuse such a filter, or change it.
      found += filter.findings().filter { $0.code != "too-many-rules" || found.isEmpty }.map {
        Diagnostic($0.code, $0.message, severity: $0.severity, at: origin, hint: $0.hint)
      }
    }
    return found
  }

  private init(count: Int, _ other: ExpansionBound) {
    (self.count, costs, hasTooManyRuns) = (count, other.costs, false)
  }

  func diagnostics(of profile: String, at origin: SourceRange) -> [Diagnostic] {
    let notes = costs.prefix(3).map { source, count in
      Diagnostic.Note("\(source.id) takes part in \(count) of them", at: source.range)
    }
    let place = costs.first?.source.range ?? origin
    if count > Self.mostRules {
      return [
        Diagnostic(
          "expansion-too-large", "\(profile) would have \(count) nwfilter rules; at most \(Self.mostRules) are taken",
          at: place, hint: "use prefixes and ranges of ports instead of long lists", notes: notes)
      ]
    }
    if hasTooManyRuns {
      return [
        Diagnostic(
          "expansion-too-large", "\(profile) has too many rules whose order matters", at: origin,
          hint: "put rules that allow next to each other, and rules that deny")
      ]
    }
    if count <= Self.manyRules { return [] }
    return [
      Diagnostic(
        "expansion-costly",
        "\(profile) has \(count) nwfilter rules: an update takes about \(count * 12 / 1000) s for each of its NICs",
        severity: .warning, at: place, hint: "use prefixes and ranges of ports instead of long lists", notes: notes)
    ]
  }
}
