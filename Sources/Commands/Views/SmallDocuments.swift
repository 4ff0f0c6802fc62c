// SPDX-License-Identifier: Apache-2.0

/// What init, import and adopt print with `--json`.
struct WrittenFiles: Encodable {
  var wrote: [String]
}

/// What fmt prints with `--json`; with `--check`, the files that would change.
struct FormattedFiles: Encodable {
  var changed: [String]
  var diagnostics: [DiagnosticRecord]
}

/// One filter of what render prints with `--json`.
struct RenderedFilter: Encodable {
  var name: String
  var uuid: String?
  var xml: String
}
