// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Reconcile

/// Diagnostics as JSON.
struct DiagnosticsDocument: Encodable {
  var diagnostics: [DiagnosticRecord]

  init(_ diagnostics: [Diagnostic]) {
    self.diagnostics = DiagnosticRenderer.sorted(diagnostics).map(DiagnosticRecord.init)
  }
}

/// One diagnostic as JSON.
struct DiagnosticRecord: Encodable {
  struct Note: Encodable {
    var message: String
    var place: PlaceRecord?
  }

  var code: String
  var severity: String
  var message: String
  var place: PlaceRecord?
  var expected: String?
  var hint: String?
  var notes: [Note]

  init(_ diagnostic: Diagnostic) {
    code = diagnostic.code.rawValue
    severity = diagnostic.severity.rawValue
    message = diagnostic.message
    place = diagnostic.range.map(PlaceRecord.init)
    expected = diagnostic.expected
    hint = diagnostic.hint
    notes = diagnostic.notes.map { Note(message: $0.message, place: $0.range.map(PlaceRecord.init)) }
  }
}
