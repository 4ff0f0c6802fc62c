// SPDX-License-Identifier: Apache-2.0

import Diagnostics

/// A line and a column of a source text, both from 1, columns in Unicode scalars.
struct Mark: Sendable, Hashable, Comparable {
  var line: Int32
  var column: Int32

  static func < (left: Mark, right: Mark) -> Bool { (left.line, left.column) < (right.line, right.column) }

  var position: SourcePosition { SourcePosition(line: Int(line), column: Int(column)) }
}

/// A stretch of the source text, the end exclusive.
struct Span: Sendable, Hashable {
  var start: Mark
  var end: Mark

  func range(in file: String) -> SourceRange {
    SourceRange(file: file, start: start.position, end: end.position)
  }
}

/// One value of a YAML document, with its place. Nothing is typed: a plain `no` is the text `no`.
struct Node: Sendable {
  enum Content: Sendable {
    case scalar(Scalar)
    case sequence([Node], isFlow: Bool)
    case mapping([Entry], isFlow: Bool)
  }

  struct Scalar: Sendable, Hashable {
    enum Style: UInt8, Sendable, Hashable {
      case plain, singleQuoted, doubleQuoted, literal, folded
    }

    var text: String
    var style: Style
  }

  /// One key of a mapping with its value, in the order of the source.
  struct Entry: Sendable {
    var key: Scalar
    var keySpan: Span
    var value: Node

    var name: String { key.text }
  }

  var content: Content
  var span: Span

  /// Nothing written, or one of YAML's words for nothing.
  var isNull: Bool {
    guard case .scalar(let scalar) = content, scalar.style == .plain else { return false }
    return scalar.text.isEmpty || scalar.text == "~" || scalar.text == "null"
  }

  /// What a person would call it.
  var kindName: String {
    switch content {
    case .scalar: isNull ? "empty" : "a text"
    case .sequence: "a list"
    case .mapping: "a mapping"
    }
  }
}

extension Node {
  /// Whether two trees say the same in the same style; places do not count.
  func hasSameContent(as other: Node) -> Bool {
    switch (content, other.content) {
    case (.scalar(let left), .scalar(let right)):
      return left == right
    case (.sequence(let left, let leftFlow), .sequence(let right, let rightFlow)):
      return leftFlow == rightFlow && left.count == right.count
        && zip(left, right).allSatisfy { $0.hasSameContent(as: $1) }
    case (.mapping(let left, let leftFlow), .mapping(let right, let rightFlow)):
      return leftFlow == rightFlow && left.count == right.count
        && zip(left, right).allSatisfy { $0.key == $1.key && $0.value.hasSameContent(as: $1.value) }
    default:
      return false
    }
  }
}
