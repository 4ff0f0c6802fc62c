// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// What one file says, before it is put together with the others.
///
/// Names are there even where the rest of their definition is wrong, so that one mistake is reported once.
struct DecodedFile: Sendable {
  var path: String
  var diagnostics: [Diagnostic] = []
  /// Whether all names that the file defines are known.
  var isComplete = true
  /// The sections that are there, right or wrong.
  var sections: Set<String> = []
  var project: Located<String>?
  var repositoryID: Located<String>?
  var hosts: [InventoryHost] = []
  var machines: [DecodedMachine] = []
  var groups: [DecodedGroup] = []
  var presets: [RuleSet] = []
  var admins: [DecodedAdmins] = []
  var filters: [DecodedFilter] = []
}

struct DecodedMachine: Sendable {
  var machine: InventoryMachine
  /// The place of `host:`.
  var hostRange: SourceRange?
  var ports: [DecodedPort] = []
}

struct DecodedPort: Sendable {
  var mac: MACAddress
  var device: Located<String>
}

struct DecodedGroup: Sendable {
  enum Content: Sendable {
    case rules(Group)
    case native(NativeGroup)
  }

  var name: Located<String>
  /// nil where the group is wrong, or a native one that is not enabled.
  var content: Content?
  var filter: Located<String>?
  /// Of `hosts:`, names and patterns.
  var hostNames: [Located<String>] = []
}

struct DecodedAdmins: Sendable {
  var origin: SourceRange
  /// nil where the section is wrong.
  var admins: Admins?
}

struct DecodedFilter: Sendable {
  var filter: DesiredFilter
  var references: [Located<String>] = []
  /// The place of `adopt: true`.
  var adoptRange: SourceRange?
}
