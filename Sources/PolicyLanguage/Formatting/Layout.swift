// SPDX-License-Identifier: Apache-2.0

/// Writes tokens in new places: the line structure stays, columns and gaps are made anew.
struct Layout {
  /// Blanks a level.
  static let step = 2

  /// A block collection that is open.
  struct Block {
    var isSequence: Bool
    /// A sequence at the column of the mapping it is in, for which libyaml has no start and no end.
    var isImplicit = false
    /// Columns from 0, before and after.
    var oldColumn: Int
    var newColumn: Int
  }

  private let lines: [[Unicode.Scalar]]
  var output = LayoutOutput()
  var blocks: [Block] = []
  private var flowDepth = 0
  /// Where the lines of the outermost flow collection begin, without their depth.
  private var flowBase = 0
  /// Structure since the last visible token, which can end blocks that a comment before still belongs to.
  private var isKeyPending = false
  private var last: SourceToken?

  init(lines: [String]) { self.lines = lines.map { Array($0.unicodeScalars) } }

  mutating func format(_ tokens: [SourceToken]) -> String {
    var blocksAbove = blocks
    for token in tokens {
      if token.isVisible {
        place(token, blocksAbove)
        blocksAbove = blocks
        last = token
        isKeyPending = false
      } else {
        take(structure: token)
      }
    }
    blocks = []
    copyGap(upTo: nil, blocksAbove, indent: 0, column: 0)
    return output.finish()
  }

  // MARK: Blocks

  private mutating func take(structure token: SourceToken) {
    switch token.kind {
    case .blockSequenceStart: open(isSequence: true, token)
    case .blockMappingStart: open(isSequence: false, token)
    case .blockEnd:
      closeImplicitSequence()
      _ = blocks.popLast()
    case .key:
      if flowDepth == 0 { closeImplicitSequence() }
      isKeyPending = true
    default: break
    }
  }

  private mutating func open(isSequence: Bool, isImplicit: Bool = false, _ token: SourceToken) {
    blocks.append(
      Block(
        isSequence: isSequence, isImplicit: isImplicit, oldColumn: Int(token.span.start.column) - 1,
        newColumn: blocks.last.map { $0.newColumn + Self.step } ?? 0))
  }

  private mutating func closeImplicitSequence() {
    if blocks.last?.isImplicit == true { blocks.removeLast() }
  }

  // MARK: Tokens

  private mutating func place(_ token: SourceToken, _ blocksAbove: [Block]) {
    let isBlock = flowDepth == 0
    var isOwn = isKeyPending
    switch token.kind {
    case .blockEntry where isBlock:
      if blocks.last?.isSequence != true { open(isSequence: true, isImplicit: true, token) }
      isOwn = true
    case .key where isBlock, .value where isBlock:
      closeImplicitSequence()
      isOwn = true
    default: break
    }
    let isFirst = last.map { token.span.start.line > lastLine(of: $0) } ?? true
    if isFirst {
      let indent = indent(of: token, isOwn: isOwn)
      copyGap(upTo: token, blocksAbove, indent: flowDepth > 0 ? flowIndent : indent, column: token.span.start.column)
      output.startLine(indent: indent)
    } else if let last {
      output.append(Self.isTight(last.kind, token.kind) ? "" : " ")
    }
    write(token)
    switch token.kind {
    case .flowStart:
      if flowDepth == 0 { flowBase = isFirst ? output.indentOfLine : contentColumn(isOwn: isOwn) }
      flowDepth += 1
    case .flowEnd: flowDepth -= 1
    default: break
    }
  }

  private var flowIndent: Int { flowBase + Self.step * flowDepth }

  private func indent(of token: SourceToken, isOwn: Bool) -> Int {
    if flowDepth > 0 {
      if case .flowEnd = token.kind { return flowIndent - Self.step }
      return flowIndent
    }
    if case .document = token.kind { return 0 }
    guard let block = blocks.last else { return 0 }
    return isOwn ? block.newColumn : block.newColumn + Self.step
  }

  /// The column to which the further lines of a value that begins in the middle of a line relate.
  private func contentColumn(isOwn: Bool) -> Int {
    guard let block = blocks.last else { return 0 }
    return block.isSequence && !isOwn ? block.newColumn + Self.step : block.newColumn
  }

  /// Whether nothing is between two tokens of a line.
  private static func isTight(_ left: SourceToken.Kind, _ right: SourceToken.Kind) -> Bool {
    switch (left, right) {
    // `{a:}` is an error to libyaml.
    case (.value, .comma), (.value, .flowEnd): false
    case (.flowStart, _), (_, .flowEnd), (_, .comma): true
    case (.comma, .value), (.value, .value), (.blockEntry, .value), (.key, .value), (.document, _): false
    case (_, .value): true
    default: false
    }
  }

  // MARK: Text

  private mutating func write(_ token: SourceToken) {
    guard case .scalar(let style) = token.kind, token.span.end.line > token.span.start.line else {
      output.append(text(of: token.span.start.line, from: token.span.start.column, to: token.span.end.column))
      return
    }
    if style == .literal || style == .folded {
      writeBlockScalar(token)
    } else {
      writeFoldedLines(token)
    }
  }

  /// A plain or quoted text of several lines: their indentation means nothing, empty lines do.
  private mutating func writeFoldedLines(_ token: SourceToken) {
    let indent = flowDepth > 0 ? flowIndent : blocks.last.map { $0.newColumn + Self.step } ?? 0
    output.append(text(of: token.span.start.line, from: token.span.start.column, to: nil).trimmedEnd)
    for line in token.span.start.line + 1...token.span.end.line {
      let isLast = line == token.span.end.line
      let text = text(of: line, from: 1, to: isLast ? token.span.end.column : nil)
      let content = isLast ? text.trimmedStart : text.trimmedStart.trimmedEnd
      output.startLine(indent: content.isEmpty ? 0 : indent)
      output.append(content)
    }
  }

  private mutating func writeBlockScalar(_ token: SourceToken) {
    let header = text(of: token.span.start.line, from: token.span.start.column, to: nil).trimmedEnd
    output.append(header)
    var content = (token.span.start.line..<lastLine(of: token)).map { text(of: $0 + 1, from: 1, to: nil) }
    let count = content.count
    let indicators = header.unicodeScalars.prefix { $0 != " " }
    if !indicators.contains("+") {
      // Not part of the text: empty lines as anywhere.
      while content.last.map({ $0.trimmedStart.isEmpty }) == true { content.removeLast() }
    }
    defer { if content.count < count { output.appendEmptyLine() } }
    guard let parent = blocks.last else { return output.appendVerbatim(content) }
    var old = content.first { !$0.trimmedStart.isEmpty }?.unicodeScalars.prefix { $0 == " " }.count ?? 0
    var new = parent.newColumn + Self.step
    if let digit = indicators.dropFirst().compactMap({ Int(String($0)) }).first {
      // libyaml counts from the mapping around a sequence that it does not see as one of its own.
      old = parent.oldColumn + digit
      new = parent.newColumn + digit
    }
    let indent = String(repeating: " ", count: new)
    output.appendVerbatim(
      content.map { line in
        let blanks = line.unicodeScalars.prefix { $0 == " " }.count
        let rest = String(line.unicodeScalars.dropFirst(min(blanks, old)))
        return rest.isEmpty ? "" : indent + rest
      })
  }

  /// The line that holds the end of a token; a block scalar ends at the start of the line after it.
  private func lastLine(of token: SourceToken) -> Int32 {
    token.span.end.column == 1 && token.span.end.line > token.span.start.line
      ? token.span.end.line - 1 : token.span.end.line
  }

  private func text(of line: Int32, from start: Int32, to end: Int32?) -> String {
    guard lines.indices.contains(Int(line) - 1) else { return "" }
    let scalars = lines[Int(line) - 1]
    let first = min(Int(start) - 1, scalars.count)
    let last = max(first, min(end.map { Int($0) - 1 } ?? scalars.count, scalars.count))
    var text = ""
    text.unicodeScalars.append(contentsOf: scalars[first..<last])
    return text
  }

  // MARK: Comments and empty lines

  /// What is between the last token and one on a further line, or the end: a comment behind the last, empty lines, comments.
  ///
  /// A comment goes with the line that follows, unless it is deeper: then it ends the block it is in.
  private mutating func copyGap(upTo next: SourceToken?, _ blocksAbove: [Block], indent: Int, column: Int32) {
    var line: Int32 = 1
    if let last {
      line = lastLine(of: last)
      if line == last.span.end.line {
        let rest = text(of: line, from: last.span.end.column, to: nil)
        if let comment = rest.comment {
          let gap = rest.unicodeScalars.prefix { $0 == " " }.count
          output.append(String(repeating: " ", count: max(2, gap)) + comment)
        }
      }
      line += 1
    }
    let end = next?.span.start.line ?? Int32(lines.count) + 1
    while line < end {
      let text = text(of: line, from: 1, to: nil)
      if let comment = text.comment {
        let place = text.unicodeScalars.prefix { $0 == " " || $0 == "\t" }.count
        var commentIndent = indent
        if flowDepth == 0, place > Int(column) - 1, let block = blocksAbove.last(where: { $0.oldColumn <= place }) {
          commentIndent = max(indent, block.newColumn)
        }
        output.startLine(indent: commentIndent)
        output.append(comment)
      } else {
        output.appendEmptyLine()
      }
      line += 1
    }
  }
}

extension String {
  /// From `#` on, in a text that holds blanks and a comment at most.
  fileprivate var comment: String? {
    unicodeScalars.firstIndex(of: "#").map { String(self[$0...]).trimmedEnd }
  }

  fileprivate var trimmedStart: String {
    String(unicodeScalars.drop { $0 == " " || $0 == "\t" })
  }

  fileprivate var trimmedEnd: String {
    var scalars = Substring(self).unicodeScalars
    while let last = scalars.last, last == " " || last == "\t" { scalars.removeLast() }
    return String(scalars)
  }
}
