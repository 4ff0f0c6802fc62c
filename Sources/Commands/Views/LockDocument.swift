// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import PolicyLanguage
import Reconcile

/// What `lock` found and did, as JSON and as text.
struct LockDocument: Encodable {
  struct Change: Encodable {
    /// add, remove or change.
    var action: String
    var subject: String
    var before: String?
    var after: String?
    var source: String
  }

  struct Suggestion: Encodable {
    var host: String
    var machine: String
    var mac: String
    var address: String
    /// agent or arp.
    var source: String
  }

  struct Failure: Encodable {
    var host: String
    var problem: DiagnosticRecord
  }

  var format = 1
  var file = AddressLockFile.name
  var isChanged: Bool
  var isWritten: Bool
  var hosts: [String]
  var changes: [Change]
  var suggestions: [Suggestion]
  var failures: [Failure]
  var warnings: [DiagnosticRecord]

  private let lines: [String]
  private let notes: [String]
  private let diagnostics: [Diagnostic]

  private enum CodingKeys: String, CodingKey {
    case format, file, isChanged, isWritten, hosts, changes, suggestions, failures, warnings
  }

  init(_ merge: AddressLockMerge, _ reading: HostReading, isChanged: Bool, isWritten: Bool) {
    self.isChanged = isChanged
    self.isWritten = isWritten
    hosts = reading.read.map(\.facts.host)
    changes = merge.changes.map { change in
      let action =
        switch change.kind {
        case .add: "add"
        case .remove: "remove"
        case .change: "change"
        }
      return Change(
        action: action, subject: change.subject, before: change.before, after: change.after, source: change.source)
    }
    lines = merge.changes.map(\.text)
    suggestions = Self.suggestions(reading, merge.lock)
    failures = reading.failures.map { Failure(host: $0.host, problem: DiagnosticRecord($0.diagnostic)) }
    let found = reading.warnings + Self.warnings(merge)
    warnings = found.map(DiagnosticRecord.init)
    diagnostics = reading.failures.map(\.diagnostic) + found
    notes = reading.read.filter { !$0.unaskedAgents.isEmpty }.map { addresses in
      "\(addresses.facts.host): the guest agents of \(addresses.unaskedAgents.joined(separator: ", ")) could not be asked; "
        + "that needs the right to write, and agents that answer\n"
    }
  }

  /// What the lock does not know already.
  private static func suggestions(_ reading: HostReading, _ lock: AddressLock) -> [Suggestion] {
    reading.read.flatMap(\.suggestions).filter { suggestion in
      AddressLockFile.canName(suggestion.machine)
        && lock.machines[suggestion.machine]?[suggestion.mac]?.addresses.contains(suggestion.address) != true
    }.map { suggestion in
      Suggestion(
        host: suggestion.host, machine: suggestion.machine, mac: suggestion.mac.description,
        address: suggestion.address.description, source: suggestion.source.rawValue)
    }
  }

  private static func warnings(_ merge: AddressLockMerge) -> [Diagnostic] {
    merge.differingNetworks.map { name in
      Diagnostic(
        "networks-differ",
        "hosts have different networks of the name \(name); the file has the addresses of all of them",
        severity: .warning, hint: "'gateway', 'dns', 'host' and 'network' mean all of them; rename one")
    }
      + merge.goneMachines.map { name in
        Diagnostic(
          "vm-gone", "VM \(name) is in \(AddressLockFile.name), and no host has it", severity: .warning,
          hint: "its addresses are kept; 'nwfleet lock --prune' takes them out")
      }
  }

  func show(_ output: Output) {
    if output.isJSON {
      output.result(self)
      return
    }
    output.warn(diagnostics)
    output.result(lines.map { $0 + "\n" }.joined())
    for note in notes { output.detail(note) }
    if !suggestions.isEmpty { output.note(suggestionText) }
    if !isChanged {
      output.note("\(file) is as the hosts say.\n")
    } else if isWritten {
      output.note("Wrote \(file). Next: review it with 'git diff', then commit it.\n")
    } else {
      output.note("\(file) would change. Nothing was written.\n")
    }
  }

  /// As YAML that a person can take over; comments, so that nobody pipes it into the file by mistake.
  private var suggestionText: String {
    var text =
      "# Not written, because guests say so themselves. Check each; what is right goes to vms: of nwfleet.yaml:\n"
    for suggestion in suggestions {
      let address = suggestion.address.contains(":") ? "\"\(suggestion.address)\"" : suggestion.address
      text +=
        "#   \(suggestion.machine): {nics: {\"\(suggestion.mac)\": {addresses: [\(address)]}}}  # \(suggestion.source), "
        + "\(suggestion.host)\n"
    }
    return text
  }
}
