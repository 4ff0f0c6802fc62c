// SPDX-License-Identifier: Apache-2.0

import CLibYAML

/// Where libyaml stopped: its own words and the two places it names, lines and columns from 1.
struct LibYAMLProblem: Error {
  var text: String
  var mark: Mark
  /// Where the construct began that could not be read, where libyaml knows.
  var contextMark: Mark?
}

/// A parser of libyaml over bytes that outlive it.
struct LibYAMLParser: ~Copyable {
  private let parser: UnsafeMutablePointer<yaml_parser_t>

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    parser = .allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else { fatalError("out of memory") }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  /// The next event, which is freed after `body`.
  mutating func withNextEvent<Result>(_ body: (borrowing yaml_event_t) -> Result) throws(LibYAMLProblem) -> Result {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw problem() }
    defer { yaml_event_delete(&event) }
    return body(event)
  }

  /// The next token, which is freed after `body`.
  mutating func withNextToken<Result>(_ body: (borrowing yaml_token_t) -> Result) throws(LibYAMLProblem) -> Result {
    var token = yaml_token_t()
    guard yaml_parser_scan(parser, &token) == 1 else { throw problem() }
    defer { yaml_token_delete(&token) }
    return body(token)
  }

  private func problem() -> LibYAMLProblem {
    let state = parser.pointee
    return LibYAMLProblem(
      text: state.problem.map { String(cString: $0) } ?? "it cannot be read",
      mark: Mark(state.problem_mark),
      contextMark: state.context == nil ? nil : Mark(state.context_mark))
  }
}

extension Mark {
  init(_ mark: yaml_mark_t) {
    self.init(line: Int32(truncatingIfNeeded: mark.line) + 1, column: Int32(truncatingIfNeeded: mark.column) + 1)
  }
}

extension Node.Scalar.Style {
  init(_ style: yaml_scalar_style_t) {
    switch style {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: self = .singleQuoted
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: self = .doubleQuoted
    case YAML_LITERAL_SCALAR_STYLE: self = .literal
    case YAML_FOLDED_SCALAR_STYLE: self = .folded
    default: self = .plain
    }
  }
}
