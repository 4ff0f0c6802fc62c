// SPDX-License-Identifier: Apache-2.0

import CLibYAML
import Diagnostics

/// A file as a tree, with everything that its YAML does and a policy file must not.
struct ParsedFile: Sendable {
  /// nil for a file without content, and for one that is no YAML.
  var root: Node?
  var diagnostics: [Diagnostic]
  /// Whether all of the file was read.
  var isComplete: Bool
}

/// Makes a tree of libyaml's events.
///
/// Built without recursion over an own stack; the depth is checked on each event, before libyaml reads on, because libyaml
/// takes quadratic time in the depth of brackets.
struct NodeParser {
  /// Collections inside each other at most.
  static let mostDepth = 32

  private let file: String
  private var frames: [Frame] = []
  private var root: Node?
  private var diagnostics: [Diagnostic] = []

  /// A collection that is still open.
  private struct Frame {
    var isMapping: Bool
    var isFlow: Bool
    var start: Mark
    var items: [Node] = []
    var entries: [Node.Entry] = []
    var key: (scalar: Node.Scalar, span: Span)?
    /// The value of a refused key is read and left out.
    var dropsValue = false
    /// Keys, once there are so many that a search takes time.
    var places: [String: Int]?
  }

  private enum Step { case more, end, stop }

  static func parse(_ source: SourceText, file: String) -> ParsedFile {
    if let problem = source.firstProblem(in: file) {
      return ParsedFile(root: nil, diagnostics: [problem], isComplete: false)
    }
    // libyaml takes no null pointer, which is what an empty array has.
    if source.bytes.isEmpty { return ParsedFile(root: nil, diagnostics: [], isComplete: true) }
    return source.bytes.withUnsafeBufferPointer { bytes in
      var parser = LibYAMLParser(bytes)
      var builder = NodeParser(file: file)
      do throws(LibYAMLProblem) {
        while true {
          let step = try parser.withNextEvent { builder.take($0) }
          switch step {
          case .more: continue
          case .end: return builder.result(isComplete: true)
          case .stop: return builder.result(isComplete: false)
          }
        }
      } catch {
        builder.diagnostics.append(SyntaxProblem(source, file: file).diagnostic(for: error))
        return builder.result(isComplete: false)
      }
    }
  }

  private init(file: String) { self.file = file }

  private func result(isComplete: Bool) -> ParsedFile {
    ParsedFile(root: isComplete ? root : nil, diagnostics: diagnostics, isComplete: isComplete)
  }

  private mutating func take(_ event: borrowing yaml_event_t) -> Step {
    let span = Span(start: Mark(event.start_mark), end: Mark(event.end_mark))
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      refuse(anchor: scalar.anchor, tag: scalar.tag, at: span)
      let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      add(scalar: Node.Scalar(text: text, style: Node.Scalar.Style(scalar.style)), span)
    case YAML_SEQUENCE_START_EVENT:
      let sequence = event.data.sequence_start
      refuse(anchor: sequence.anchor, tag: sequence.tag, at: span)
      return open(
        Frame(isMapping: false, isFlow: sequence.style == YAML_FLOW_SEQUENCE_STYLE, start: span.start), span)
    case YAML_MAPPING_START_EVENT:
      let mapping = event.data.mapping_start
      refuse(anchor: mapping.anchor, tag: mapping.tag, at: span)
      return open(Frame(isMapping: true, isFlow: mapping.style == YAML_FLOW_MAPPING_STYLE, start: span.start), span)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
      close(span)
    case YAML_ALIAS_EVENT:
      report(
        "yaml-alias", "an alias (*) is not allowed in a policy file", span,
        hint: "write the value out; a text that begins with * needs quotes, as in name: \"*\"")
      add(scalar: Node.Scalar(text: "", style: .plain), span)
    case YAML_DOCUMENT_START_EVENT:
      return startDocument(event, span)
    case YAML_STREAM_END_EVENT:
      return .end
    default: break
    }
    return .more
  }

  private mutating func startDocument(_ event: borrowing yaml_event_t, _ span: Span) -> Step {
    let document = event.data.document_start
    if document.version_directive != nil || document.tag_directives.start != document.tag_directives.end {
      report("yaml-directive", "a YAML directive (%) is not allowed in a policy file", span, hint: "remove the line")
    }
    guard root == nil else {
      report(
        "yaml-documents", "a second document begins here", span, expected: "one document in a file",
        hint: "put it into a file of its own")
      return .stop
    }
    return .more
  }

  private mutating func refuse(
    anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?, at span: Span
  ) {
    if anchor != nil {
      report(
        "yaml-anchor", "an anchor (&) is not allowed in a policy file", span,
        hint: "write the value out where it is used; a text that begins with & needs quotes")
    }
    if tag != nil {
      report(
        "yaml-tag", "a tag (!) is not allowed in a policy file", span,
        hint: "remove it: fields know their types; a text that begins with ! needs quotes")
    }
  }

  // MARK: Building

  private mutating func open(_ frame: Frame, _ span: Span) -> Step {
    guard frames.count < Self.mostDepth else {
      report(
        "yaml-depth", "more than \(Self.mostDepth) lists and mappings inside each other", span,
        expected: "a depth of at most \(Self.mostDepth)")
      return .stop
    }
    if let last = frames.last, last.isMapping, last.key == nil {
      report(
        "yaml-key", "a \(frame.isMapping ? "mapping" : "list") cannot be a key here", span, expected: "a text as key",
        hint: "a text that begins with [ or { needs quotes")
    }
    frames.append(frame)
    return .more
  }

  private mutating func close(_ span: Span) {
    guard let frame = frames.popLast() else { return }
    // The end that libyaml gives for a block collection is the start of what follows.
    var end = span.end
    if !frame.isFlow {
      end = frame.start
      if let last = frame.items.last { end = last.span.end }
      if let last = frame.entries.last { end = max(last.value.span.end, last.keySpan.end) }
    }
    let content: Node.Content =
      frame.isMapping
      ? .mapping(frame.entries, isFlow: frame.isFlow) : .sequence(frame.items, isFlow: frame.isFlow)
    add(Node(content: content, span: Span(start: frame.start, end: end)))
  }

  private mutating func add(scalar: Node.Scalar, _ span: Span) {
    guard let last = frames.indices.last, frames[last].isMapping, frames[last].key == nil else {
      add(Node(content: .scalar(scalar), span: span))
      return
    }
    frames[last].key = (scalar, span)
    frames[last].dropsValue = !checkKey(scalar, span)
  }

  private mutating func add(_ node: Node) {
    guard let last = frames.indices.last else {
      root = node
      return
    }
    guard frames[last].isMapping else {
      frames[last].items.append(node)
      return
    }
    guard let key = frames[last].key else {
      // A collection as key: reported where it began.
      frames[last].key = (Node.Scalar(text: "", style: .plain), node.span)
      frames[last].dropsValue = true
      return
    }
    if !frames[last].dropsValue {
      let place = frames[last].entries.count
      frames[last].places?[key.scalar.text] = place
      frames[last].entries.append(Node.Entry(key: key.scalar, keySpan: key.span, value: node))
    }
    frames[last].key = nil
  }

  private mutating func checkKey(_ key: Node.Scalar, _ span: Span) -> Bool {
    if key.style == .plain, key.text == "<<" {
      report(
        "yaml-merge", "a merge key (<<) is not allowed in a policy file", span, hint: "write the keys out")
      return false
    }
    guard let first = firstPlace(of: key.text) else { return true }
    diagnostics.append(
      Diagnostic(
        "duplicate-key", "key '\(key.text.excerpt)' is there twice", at: span.range(in: file),
        hint: "remove one of them; nothing is merged inside a mapping",
        notes: [Diagnostic.Note("the first one", at: first.range(in: file))]))
    return false
  }

  private mutating func firstPlace(of key: String) -> Span? {
    guard let last = frames.indices.last else { return nil }
    if frames[last].places == nil, frames[last].entries.count > 16 {
      let pairs = frames[last].entries.enumerated().map { ($0.element.key.text, $0.offset) }
      frames[last].places = Dictionary(pairs) { first, _ in first }
    }
    if let places = frames[last].places {
      return places[key].map { frames[last].entries[$0].keySpan }
    }
    return frames[last].entries.first { $0.key.text == key }?.keySpan
  }

  private mutating func report(
    _ code: Diagnostic.Code, _ message: String, _ span: Span, expected: String? = nil, hint: String? = nil
  ) {
    diagnostics.append(Diagnostic(code, message, at: span.range(in: file), expected: expected, hint: hint))
  }
}

extension String {
  /// For messages: what a reader needs to recognise a text, however long it is, on one line.
  var excerpt: String { printable(prefix: 60) }

  /// Without control characters, cut after so many scalars.
  func printable(prefix longest: Int) -> String {
    var text = ""
    for scalar in unicodeScalars.prefix(longest) {
      text.unicodeScalars.append(scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) ? " " : scalar)
    }
    return unicodeScalars.dropFirst(longest).isEmpty ? text : text + "…"
  }
}
