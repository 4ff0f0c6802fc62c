// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import PacketPath

/// What one file says, before it is put together with the others.
///
/// Names are there even where the rest of their definition is wrong, so that one mistake is reported once.
struct DecodedFile: Sendable {
  var path: String
  var role: FileRole
  var diagnostics: [Diagnostic] = []
  /// Whether all names that the file defines are known.
  var isComplete = true
  /// The sections that are there, right or wrong.
  var sections: Set<String> = []
  var project: Located<String>?
  var repositoryID: Located<String>?
  /// Paths of included files.
  var includes: [Located<String>] = []
  var hosts: [InventoryHost] = []
  var machines: [DecodedMachine] = []
  var networks: [DecodedNetwork] = []
  var sets: [AddressSetDefinition] = []
  var services: [ServiceDefinition] = []
  var groups: [DecodedGroup] = []
  var presets: [RuleSet] = []
  var admins: [DecodedAdmins] = []
  var filters: [DecodedFilter] = []
  var tests: [TestSuite] = []
  var never: [PolicyTest] = []
  /// What a file of `environments/` says.
  var environment: Environment?
}

/// One VM of one file.
struct DecodedMachine: Sendable {
  var name: Located<String>
  var host: Located<String>?
  var labels: [String: String] = [:]
  /// nil where it does not say.
  var addresses: [Located<IPAddress>]?
  var network: String?
  var interfaces: [DecodedInterface] = []
  var parameters: [String: Parameter] = [:]
}

/// One NIC of a VM of one file.
struct DecodedInterface: Sendable {
  var mac: Located<MACAddress>
  /// The host's network device.
  var port: Located<String>?
  /// nil where it does not say.
  var addresses: [Located<IPAddress>]?
  var network: String?
}

/// One network of one file; nil for what it does not say.
struct DecodedNetwork: Sendable {
  var name: Located<String>
  var subnets: [Located<AddressRange>]?
  var gateway: [Located<AddressRange>]?
  var dns: [Located<AddressRange>]?
  var host: [Located<AddressRange>]?
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
