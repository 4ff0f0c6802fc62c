// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PacketPath

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
  /// The program that the filters are for.
  var backend = Backend.ebiptables

  /// - Parameters:
  ///   - name: of the profile; a valid name of a filter.
  ///   - origin: of the first group, for what nobody wrote.
  func generate(name: String, decisions: Decisions, identity: Identity, origin: SourceRange) -> GeneratedProfile {
    // Looking for the fewest rules compares each rule with others.
    if let problem = ExpansionBound.problem(of: decisions, name, at: origin) {
      return Self.nothing(name, [problem], at: origin)
    }
    let inbound = MinimalRules(decisions.inbound, default: decisions.inboundDefault, direction: .in)
    let outbound = MinimalRules(decisions.outbound, default: decisions.outboundDefault, direction: .out)
    let bound = ExpansionBound(inbound, outbound)
    if bound.isExceeded { return Self.nothing(name, bound.diagnostics(of: name, at: origin), at: origin) }
    let enumerated = Set(
      AddressFamily.allCases.filter { family in
        [inbound, outbound].contains { $0.tellsUnnamedProtocolsApart(family) }
      })
    var backstops: [AddressFamily: Backstop] = [:]
    for family in AddressFamily.allCases where decisions.guardPolicy.systemRules == .all {
      backstops[family] = Backstop(
        family, inbound: inbound, outbound: outbound, isEnumerated: enumerated.contains(family),
        hasND: decisions.guardPolicy.nd)
    }
    let leaves = leaves(
      decisions, inbound, outbound, enumerated: enumerated, backstops: backstops, identity: identity, origin: origin)
    var layer3 = Layer3Generator(
      inbound: inbound, outbound: outbound, decisions: decisions, enumeratedFamilies: enumerated, backend: backend)
    layer3.generate(after: leaves.map { FilterReference($0.filter.name) })
    var isDeclared = false
    if case .only(declared: true, _) = decisions.guardPolicy.ip { isDeclared = true }
    let profile = layer3.list.filter(name, origin: origin)
    return GeneratedProfile(
      profile: profile, leaves: leaves, needsIPv4Addresses: isDeclared,
      needsIPv6Addresses: isDeclared,
      oneWay: backend.filtersRoutedInbound ? [] : Exposure.lines(inbound, backstops: backstops, enumerated: enumerated),
      diagnostics: bound.diagnostics(of: profile, leaves, at: origin) + layer3.problems.map(\.diagnostic))
  }

  private static func nothing(
    _ name: String, _ problems: [Diagnostic], at origin: SourceRange
  ) -> GeneratedProfile {
    GeneratedProfile(
      profile: EntryList().filter(name, origin: origin), leaves: [], needsIPv4Addresses: false,
      needsIPv6Addresses: false, oneWay: [], diagnostics: problems)
  }

  private func leaves(
    _ decisions: Decisions, _ inbound: MinimalRules, _ outbound: MinimalRules, enumerated: Set<AddressFamily>,
    backstops: [AddressFamily: Backstop], identity: Identity, origin: SourceRange
  ) -> [DesiredFilter] {
    let policy = decisions.guardPolicy
    func prefix(_ kind: String) -> String { "\(identity.project).\(kind)" }
    var leaves = [GuardGenerator.leaf(policy, prefix: prefix("guard"), origin: origin)]
    if let leaf = GuardGenerator.macLeaf(policy, prefix: prefix("mac"), origin: origin) { leaves.append(leaf) }
    for family in AddressFamily.allCases {
      var generator = PeersGenerator(family, backstop: backstops[family], decisions: decisions, outbound: outbound)
      if enumerated.contains(family) {
        leaves.append(
          generator.leaf(
            decisions: decisions, inbound: inbound, outbound: outbound, prefix: prefix("peers"), origin: origin))
      } else if backstops[family] != nil {
        leaves.append(generator.leaf(prefix: prefix("peers"), origin: origin))
      }
    }
    return leaves
  }
}

extension MinimalRules {
  /// Whether some rule is about protocols that layer 3 has no element for, and not about all protocols.
  fileprivate func tellsUnnamedProtocolsApart(_ family: AddressFamily) -> Bool {
    let named = Layer3Match.named(family)
    for run in runs {
      for index in run.rules.indices {
        for region in run.rules[index].packets.regions where region.family == family {
          if !region.protocols.isSubset(of: named), !region.isAboutAllProtocols { return true }
        }
      }
    }
    return false
  }
}
