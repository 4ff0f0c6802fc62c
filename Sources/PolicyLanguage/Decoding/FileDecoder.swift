// SPDX-License-Identifier: Apache-2.0

import Compiler
import Diagnostics
import FilterModel

/// Reads the sections of one file. Pure: what several files say together is checked by `RepositoryBuilder`.
struct FileDecoder {
  var result: DecodedFile
  var file: String { result.path }

  enum Section: String, CaseIterable {
    case project, id, include, hosts, networks, vms, admins, sets, services, presets, groups, filters, tests, never

    /// Whether it is a mapping of names that others use.
    var definesNames: Bool { ![.project, .id, .include, .admins, .tests, .never].contains(self) }
  }

  /// Sections of the language that this version cannot carry out.
  private static let laterSections: Set<String> = ["rollout"]

  static func decode(_ source: SourceText, path: String, role: FileRole) -> DecodedFile {
    let parsed = NodeParser.parse(source, file: path)
    var decoder = FileDecoder(
      result: DecodedFile(path: path, role: role, diagnostics: parsed.diagnostics, isComplete: parsed.isComplete))
    if let root = parsed.root { decoder.decodeSections(root) }
    decoder.checkRuleNames()
    return decoder.result
  }

  private mutating func decodeSections(_ root: Node) {
    if root.isNull { return }
    guard let entries = entries(of: root, "the file", expected: "a mapping of sections, such as filters:") else {
      result.isComplete = false
      return
    }
    if result.role == .environment { result.environment = Environment(name: EnvironmentFile.name(of: file) ?? "") }
    for entry in entries {
      let known = result.role.sections
      guard let section = Section(rawValue: entry.name) else {
        // What it defines was meant for another section.
        result.isComplete = result.isComplete && Self.laterSections.contains(entry.name)
        unknownKey(
          entry, in: "the file", known: known.map(\.rawValue), later: Self.laterSections,
          what: "section", expected: "one of the sections \(known.map(\.rawValue).joined(separator: ", "))")
        continue
      }
      guard known.contains(section) else {
        misplaced(entry, section)
        continue
      }
      result.sections.insert(section.rawValue)
      if section.definesNames, !entry.value.isNull {
        if case .mapping = entry.value.content {} else { result.isComplete = false }
      }
      decode(section, entry)
    }
  }

  private mutating func checkRuleNames() {
    for group in result.groups {
      if case .rules(let group) = group.content { result.diagnostics += group.rules.duplicateNames("group") }
    }
    for preset in result.presets { result.diagnostics += preset.duplicateNames("preset") }
  }

  private mutating func decode(_ section: Section, _ entry: Node.Entry) {
    switch section {
    case .project: decodeProject(entry)
    case .id: decodeIdentifier(entry)
    case .include: decodeInclude(entry)
    case .hosts: decodeHosts(entry.value)
    case .networks: decodeNetworks(entry.value)
    case .vms: decodeMachines(entry.value)
    case .admins: decodeAdmins(entry)
    case .sets: decodeSets(entry.value)
    case .services: decodeServices(entry.value)
    case .presets: decodePresets(entry.value)
    case .groups: result.role == .environment ? decodeGroupPatches(entry.value) : decodeGroups(entry.value)
    case .filters: decodeFilters(entry.value)
    case .tests: decodeTests(entry.value)
    case .never: decodeNever(entry.value)
    }
  }

  private mutating func misplaced(_ entry: Node.Entry, _ section: Section) {
    let isProjectOnly = !FileRole.policy.sections.contains(section)
    report(
      "misplaced-section",
      isProjectOnly
        ? "\(entry.name) can be set in \(PolicyRepository.fileName) only"
        : "\(entry.name) cannot stand in \(result.role.name)",
      at: keyRange(entry),
      expected: isProjectOnly ? nil : result.role.sections.map { $0.rawValue }.joined(separator: ", "),
      hint: isProjectOnly
        ? "remove it here" : "move it to \(PolicyRepository.fileName) or a file of \(PolicyRepository.policyFolder)/")
  }

  // MARK: What the whole repository is

  private mutating func decodeProject(_ entry: Node.Entry) {
    guard let text = text(of: entry.value, "project", expected: "the project's name") else { return }
    let range = range(entry.value)
    result.project = Located(value: text, range: range)
    if !Identity.isValidName(text) {
      report(
        "bad-project-name", "'\(text.excerpt)' is no name for a project", at: range,
        expected: Identity.nameExpectation)
    }
  }

  private mutating func decodeIdentifier(_ entry: Node.Entry) {
    let expected = "8 to 64 hexadecimal digits, as 'nwfleet init' writes them"
    guard let text = text(of: entry.value, "id", expected: expected) else { return }
    let range = range(entry.value)
    result.repositoryID = Located(value: text, range: range)
    let isHex = text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    if !isHex || !(8...64).contains(text.utf8.count) {
      report(
        "bad-repository-id", "'\(text.excerpt)' is no repository id", at: range, expected: expected + ", lower case")
    }
  }
}

// MARK: - Tools of the sections
// What they are told for a diagnostic is made only where there is one: most values are right, and there are many.

extension FileDecoder {
  func range(_ node: Node) -> SourceRange { node.span.range(in: file) }
  func keyRange(_ entry: Node.Entry) -> SourceRange { entry.keySpan.range(in: file) }

  mutating func report(
    _ code: Diagnostic.Code, _ message: String, severity: Diagnostic.Severity = .error, at range: SourceRange,
    expected: String? = nil, hint: String? = nil
  ) {
    result.diagnostics.append(
      Diagnostic(code, message, severity: severity, at: range, expected: expected, hint: hint))
  }

  mutating func report(_ finding: Finding, at range: SourceRange) {
    report(finding.code, finding.message, severity: finding.severity, at: range, hint: finding.hint)
  }

  mutating func wrongKind(_ node: Node, _ what: String, expected: String, hint: String? = nil) {
    let code: Diagnostic.Code = node.isNull ? "missing-value" : "wrong-kind"
    let message = node.isNull ? "\(what) has no value" : "\(what) is \(node.kindName)"
    report(code, message, at: range(node).widened, expected: expected, hint: hint)
  }

  /// The entries of a mapping; anything else is reported.
  mutating func entries(
    of node: Node, _ what: @autoclosure () -> String, expected: @autoclosure () -> String, hint: String? = nil
  ) -> [Node.Entry]? {
    if case .mapping(let entries, _) = node.content { return entries }
    wrongKind(node, what(), expected: expected(), hint: hint)
    return nil
  }

  /// The text of a scalar, whatever it looks like; anything else is reported.
  mutating func text(
    of node: Node, _ what: @autoclosure () -> String, expected: @autoclosure () -> String
  ) -> String? {
    if case .scalar(let scalar) = node.content, !scalar.text.isEmpty { return scalar.text }
    if case .scalar(let scalar) = node.content, scalar.style != .plain {
      report("missing-value", "\(what()) is an empty text", at: range(node), expected: expected())
      return nil
    }
    wrongKind(node, what(), expected: expected())
    return nil
  }

  /// One text or a list of them, each with its place; an empty list is the caller's business.
  mutating func texts(of node: Node, _ what: String, expected: String) -> [Located<String>]? {
    if case .sequence(let items, _) = node.content {
      var texts: [Located<String>] = []
      for item in items {
        guard let text = text(of: item, "an element of \(what)", expected: "a text") else { return nil }
        texts.append(Located(value: text, range: range(item)))
      }
      return texts
    }
    return text(of: node, what, expected: expected).map { [Located(value: $0, range: range(node))] }
  }

  /// A plain `true`, `false`, `yes` or `no`, and no other spelling.
  mutating func truth(of node: Node, _ what: String) -> Bool? {
    let expected = "true, false, yes or no"
    guard case .scalar(let scalar) = node.content, !node.isNull else {
      wrongKind(node, what, expected: expected)
      return nil
    }
    switch scalar.text {
    case "true", "yes": return true
    case "false", "no": return false
    default:
      let hint: String? =
        switch scalar.text.lowercased() {
        case "true", "yes", "on", "y", "1": "write true"
        case "false", "no", "off", "n", "0": "write false"
        default: nil
        }
      report(
        "bad-value", "'\(scalar.text.excerpt)' is no value for \(what)", at: range(node), expected: expected, hint: hint
      )
      return nil
    }
  }

  mutating func unknownKey(
    _ entry: Node.Entry, in what: String, known: [String], later: Set<String> = [], what kind: String = "key",
    expected: String? = nil
  ) {
    let name = entry.name.excerpt
    if later.contains(entry.name) {
      report(
        "not-supported", "\(kind) '\(name)' is not supported by this version of nwfleet", at: keyRange(entry),
        hint: "remove it, or use a later version")
      return
    }
    var hint = Suggestion.hint(for: entry.name, in: known)
    if hint == nil { hint = commaHint(entry) }
    report(
      "unknown-key", "unknown \(kind) '\(name)' in \(what)", at: keyRange(entry),
      expected: expected ?? "one of \(known.joined(separator: ", "))", hint: hint)
  }

  /// For a key that has no value: in flow style, what follows a comma in a text that should have been quoted.
  func commaHint(_ entry: Node.Entry) -> String? {
    guard entry.value.isNull, entry.value.span.start == entry.value.span.end else { return nil }
    return "a comma ends a text inside { } and [ ]: put texts with commas in quotes"
  }

  /// `labels: {key: value}`.
  mutating func labels(_ node: Node, _ what: String) -> [String: String] {
    guard let entries = entries(of: node, "labels of \(what)", expected: "a mapping such as {site: ams}") else {
      return [:]
    }
    var labels: [String: String] = [:]
    for entry in entries {
      if entry.name.isEmpty {
        report("missing-value", "a label without a name", at: keyRange(entry).widened)
      }
      labels[entry.name] = text(of: entry.value, "label '\(entry.name.excerpt)'", expected: "a text")
    }
    return labels
  }
}

extension SourceRange {
  /// At least one column wide, for places at which nothing is written.
  var widened: SourceRange {
    guard start == end else { return self }
    return SourceRange(
      file: file, start: start, end: SourcePosition(line: end.line, column: end.column + 1))
  }
}
