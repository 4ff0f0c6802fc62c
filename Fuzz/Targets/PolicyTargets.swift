// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel
import FilterXML
import PolicyLanguage

/// A repository is either refused with a reason that can be shown, or means filters that survive the way to libvirt and
/// back. The input is a policy file, and the project's file as well.
func fuzzRepository(_ input: [UInt8]) throws(BrokenPromise) {
  let project = PolicyFile(path: PolicyRepository.fileName, text: "project: acme\nid: 6f1c0d2e\n")
  try check(PolicyRepository.load(files: [project, PolicyFile(path: "policies/input.yaml", bytes: input)]))
  try check(PolicyRepository.load(files: [PolicyFile(path: PolicyRepository.fileName, bytes: input)]))
}

private func check(_ result: LoadResult) throws(BrokenPromise) {
  let sources = result.sources
  let text = DiagnosticRenderer { file, line in sources.line(line, of: file) }.render(result.diagnostics)
  try promise(text.isEmpty == result.diagnostics.isEmpty, "there are diagnostics without a text")
  try promise((result.policy == nil) == result.hasErrors, "refused without a reason, or taken in spite of one")
  for range in result.diagnostics.compactMap(\.range) {
    try promise(
      range.start.line >= 1 && range.start.column >= 1 && range.start <= range.end, "\(range) is no place in a file")
  }
  guard let policy = result.policy, let day = Day("2026-11-22") else { return }
  let compilation = PolicyCompiler(policy, host: nil, today: day).compile([])
  try promise(
    (compilation.desired == nil) == compilation.diagnostics.contains { $0.severity == .error },
    "not compiled without a reason, or compiled in spite of one")
  for wanted in compilation.desired?.filters ?? policy.filters {
    let parsed = FilterXML.parse(FilterXML.write(wanted.filter))
    try promise(parsed.filter == wanted.filter, "\(wanted.filter) comes back from XML as another filter")
  }
}

/// A file is formatted, or left as it was with a reason; formatting again changes nothing.
func fuzzFormatter(_ input: [UInt8]) throws(BrokenPromise) {
  let text = String(decoding: input, as: UTF8.self)
  let once = Formatter.format(text, file: "input.yaml")
  guard once.diagnostics.isEmpty else {
    try promise(once.text == text, "changed although it cannot be formatted")
    return
  }
  let twice = Formatter.format(once.text, file: "input.yaml")
  try promise(twice.diagnostics.isEmpty, "what was formatted cannot be formatted again")
  try promise(Array(twice.text.utf8) == Array(once.text.utf8), "formatting twice is not formatting once")
}
