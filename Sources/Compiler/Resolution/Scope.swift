// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// What a rule's words stand for beyond the names of the repository.
struct Scope: Sendable {
  /// The NIC's network, for `host`, `gateway`, `dns` and `network`; nil where it is not known.
  var network: Network?
  /// The values of `$NAME`: the VM's, else the group's, else the preset's.
  var machineParameters: [String: Parameter] = [:]
  var parameters: [String: Parameter] = [:]
  /// The NIC, for messages: `VM 'web-1'`; nil for a profile that no NIC asked for.
  var subject: String?
  /// Where a group uses the preset that the rule is from; nil for a group's own rules.
  var use: SourceRange?

  func parameter(_ name: String) -> Parameter? { machineParameters[name] ?? parameters[name] }
}

/// What decides whether two NICs in the same groups have the same rules.
struct Variant: Sendable, Hashable {
  /// Set where a rule speaks of the NIC's network.
  var network: String?
  /// Whether a rule speaks of the NIC's network, known or not.
  var usesNetwork = false
  /// The texts of the VM's own parameters that rules speak of.
  var parameters: [String: [String]] = [:]

  var isPlain: Bool { !usesNetwork && parameters.isEmpty }
}
