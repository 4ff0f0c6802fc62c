// SPDX-License-Identifier: Apache-2.0

/// What import prints with `--json`.
struct ImportDocument: Encodable {
  /// What one filter became that VMs use.
  struct Outcome: Encodable {
    enum Form: String, Encodable {
      case filter, rules
    }

    var group: String
    var filter: String
    var becomes: Form
    /// Why it stays a filter.
    var reason: String?
    /// What to know about the group; of a filter that stays, how the nearest group would differ.
    var remarks: [String]
  }

  /// YAML.
  var policy: String
  /// With `--as groups`.
  var groups: [Outcome]?
}
