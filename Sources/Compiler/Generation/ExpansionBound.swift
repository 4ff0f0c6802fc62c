// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

/// How many nwfilter rules a profile takes, known before any is made.
struct ExpansionBound {
  static let mostRules = 2000
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

  var isExceeded: Bool { count > Self.mostRules || hasTooManyRuns }

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
