// SPDX-License-Identifier: Apache-2.0

import CLibYAML

/// A token of libyaml, as far as layout is concerned.
struct SourceToken {
  enum Kind {
    case blockSequenceStart, blockMappingStart, blockEnd
    case key, value, blockEntry
    case flowStart, flowEnd, comma
    case scalar(Node.Scalar.Style)
    case document
  }

  var kind: Kind
  var span: Span

  /// Whether it has characters of its own; others only say how blocks are nested.
  var isVisible: Bool {
    switch kind {
    case .blockSequenceStart, .blockMappingStart, .blockEnd: false
    default: span.start != span.end
    }
  }

  /// All tokens but those of the stream itself.
  static func scan(_ text: [UInt8]) throws(LibYAMLProblem) -> [SourceToken] {
    if text.isEmpty { return [] }
    return try text.withUnsafeBufferPointer { bytes throws(LibYAMLProblem) in
      var parser = LibYAMLParser(bytes)
      var tokens: [SourceToken] = []
      var isAtEnd = false
      while !isAtEnd {
        let token = try parser.withNextToken { token -> SourceToken? in
          isAtEnd = token.type == YAML_STREAM_END_TOKEN
          return SourceToken(token)
        }
        if let token { tokens.append(token) }
      }
      return tokens
    }
  }

  private init?(_ token: borrowing yaml_token_t) {
    switch token.type {
    case YAML_BLOCK_SEQUENCE_START_TOKEN: kind = .blockSequenceStart
    case YAML_BLOCK_MAPPING_START_TOKEN: kind = .blockMappingStart
    case YAML_BLOCK_END_TOKEN: kind = .blockEnd
    case YAML_KEY_TOKEN: kind = .key
    case YAML_VALUE_TOKEN: kind = .value
    case YAML_BLOCK_ENTRY_TOKEN: kind = .blockEntry
    case YAML_FLOW_SEQUENCE_START_TOKEN, YAML_FLOW_MAPPING_START_TOKEN: kind = .flowStart
    case YAML_FLOW_SEQUENCE_END_TOKEN, YAML_FLOW_MAPPING_END_TOKEN: kind = .flowEnd
    case YAML_FLOW_ENTRY_TOKEN: kind = .comma
    case YAML_SCALAR_TOKEN: kind = .scalar(Node.Scalar.Style(token.data.scalar.style))
    case YAML_DOCUMENT_START_TOKEN, YAML_DOCUMENT_END_TOKEN: kind = .document
    default: return nil
    }
    span = Span(start: Mark(token.start_mark), end: Mark(token.end_mark))
  }
}
