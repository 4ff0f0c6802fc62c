// SPDX-License-Identifier: Apache-2.0

import FilterModel

/// What the NICs of one combination of groups share.
struct Profile: Sendable {
  struct Key: Sendable, Hashable {
    /// Places in `Composer.groups`, lowest first.
    let groups: [Int]
    let variant: Variant
  }

  let groups: [Int]
  /// Of the first NIC.
  let scope: Scope
  var nics: [NIC] = []
  let composed: ComposedGroups
  let generated: GeneratedProfile

  var name: String { generated.profile.filter.name }
}

/// Makes profiles, each without the others.
struct ProfileMaker: Sendable {
  let names: FilterNames
  let identity: Identity
  let generator = ProfileGenerator()

  /// Some of all profiles, with what was looked up and found on the way.
  struct Part: Sendable {
    var profiles: [Profile] = []
    var composer: Composer
  }

  func part(_ wanted: ArraySlice<(key: Profile.Key, scope: Scope)>, _ composer: Composer) -> Part {
    var part = Part(composer: composer)
    part.profiles.reserveCapacity(wanted.count)
    for (key, scope) in wanted { part.profiles.append(profile(of: key, scope, &part.composer)) }
    return part
  }

  func profile(of key: Profile.Key, _ scope: Scope, _ composer: inout Composer) -> Profile {
    let composed = composer.compose(key.groups, scope)
    let name = names.profile(key.groups.map { composer.groups[$0].name }, key.variant)
    let generated = generator.generate(
      name: name, decisions: composed.decisions, identity: identity,
      origin: composer.groups[key.groups[0]].group.origin)
    return Profile(groups: key.groups, scope: scope, composed: composed, generated: generated)
  }
}
