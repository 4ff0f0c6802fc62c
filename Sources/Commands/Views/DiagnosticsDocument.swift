// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// Diagnostics as JSON.
struct DiagnosticsDocument: Encodable {
  var diagnostics: [DiagnosticRecord]

  init(_ diagnostics: [Diagnostic]) {
    self.diagnostics = DiagnosticRenderer.sorted(diagnostics).map(DiagnosticRecord.init)
  }
}

/// One diagnostic as JSON.
struct DiagnosticRecord: Encodable {
  struct Place: Encodable {
    var file: String
    var line: Int
    var column: Int
    var endLine: Int
    var endColumn: Int

    init(_ range: SourceRange) {
      file = range.file
      (line, column) = (range.start.line, range.start.column)
      (endLine, endColumn) = (range.end.line, range.end.column)
    }
  }

  struct Note: Encodable {
    var message: String
    var place: Place?
  }

  var code: String
  var severity: String
  var message: String
  var place: Place?
  var expected: String?
  var hint: String?
  var notes: [Note]

  init(_ diagnostic: Diagnostic) {
    code = diagnostic.code.rawValue
    severity = diagnostic.severity.rawValue
    message = diagnostic.message
    place = diagnostic.range.map(Place.init)
    expected = diagnostic.expected
    hint = diagnostic.hint
    notes = diagnostic.notes.map { Note(message: $0.message, place: $0.range.map(Place.init)) }
  }
}
