// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel

/// What decisions become in nwfilter.
struct GeneratedProfile: Sendable, Hashable {
  /// The parameters of a NIC's reference that hold its declared addresses, one for each family.
  static let addressParameters = (ipv4: "ADDRESS4", ipv6: "ADDRESS6")

  var profile: DesiredFilter
  /// Filters that the profile refers to; those of other profiles may be equal to them.
  var leaves: [DesiredFilter]
  /// Whether a reference to the profile must give `ADDRESS4`.
  var needsIPv4Addresses: Bool
  /// Whether a reference to the profile must give `ADDRESS6`.
  var needsIPv6Addresses: Bool
  /// See `DesiredInterface.oneWay`.
  var oneWay: [String]
  var diagnostics: [Diagnostic]
}

/// Turns decisions into filters.
struct ProfileGenerator: Sendable {
  /// - Parameters:
  ///   - name: of the profile; a valid name of a filter.
  ///   - origin: of the first group, for what nobody wrote.
  func generate(name: String, decisions: Decisions, identity: Identity, origin: SourceRange) -> GeneratedProfile {
    // Lets nothing pass: a rule of the policy becomes a drop with its source.
    var entries: [Filter.Entry] = []
    var sources: [[RuleSource]] = []
    for (direction, rules) in [(Direction.in, decisions.inbound), (.out, decisions.outbound)] {
      for rule in rules {
        entries.append(.rule(Rule(.drop, direction, match: Match(.mac))))
        sources.append([rule.source])
      }
    }
    let profile = DesiredFilter(
      Filter(name: name, entries: entries), origin: origin, entryOrigins: entries.map { _ in origin },
      entrySources: sources)
    return GeneratedProfile(
      profile: profile, leaves: [], needsIPv4Addresses: false, needsIPv6Addresses: false, oneWay: [], diagnostics: [])
  }
}
