// SPDX-License-Identifier: Apache-2.0

/// A value on its way into YAML text.
enum WritingNode {
  /// A scalar that is right as it is: a keyword, a number, a quoted text.
  case token(String)
  case list([WritingNode])
  case mapping([WritingEntry])

  /// A text that other YAML readers must not take for something else either.
  static func text(_ text: String) -> WritingNode { .token(PolicyText.scalar(text)) }

  /// One text plain, several as a list.
  static func texts(_ texts: [String]) -> WritingNode {
    texts.count == 1 ? .text(texts[0]) : .list(texts.map(WritingNode.text))
  }

  /// Everything in braces and brackets, on one line.
  var flow: String {
    switch self {
    case .token(let text): text
    case .list(let items): "[" + items.map(\.flow).joined(separator: ", ") + "]"
    case .mapping(let entries): "{" + entries.map { "\($0.key): \($0.value.flow)" }.joined(separator: ", ") + "}"
    }
  }

  var isEmpty: Bool {
    switch self {
    case .token: false
    case .list(let items): items.isEmpty
    case .mapping(let entries): entries.isEmpty
    }
  }
}

/// A key, as it is written, with its value.
struct WritingEntry {
  var key: String
  var value: WritingNode

  init(_ key: String, _ value: WritingNode) {
    self.key = key
    self.value = value
  }
}

/// Lines of YAML text: on one line what fits, else a line for each part.
struct WritingLines {
  /// Lines in flow style are no longer than this, where they can be broken.
  static let widest = 118

  private(set) var text = ""

  /// A line as it is, ended.
  mutating func line(_ line: String, indent: Int = 0) {
    text += String(repeating: " ", count: indent) + line + "\n"
  }

  /// `key: value`.
  mutating func entry(_ key: String, _ value: WritingNode, indent: Int) {
    entry(key, value, indent: indent, opening: String(repeating: " ", count: indent))
  }

  /// `- value`.
  mutating func item(_ value: WritingNode, indent: Int) {
    let opening = String(repeating: " ", count: indent) + "- "
    let flow = value.flow
    if value.fitsOnOneLine(after: indent + 2, flow) {
      text += opening + flow + "\n"
      return
    }
    switch value {
    case .token: text += opening + flow + "\n"
    case .list(let items):
      text += String(repeating: " ", count: indent) + "-\n"
      for item in items { self.item(item, indent: indent + 2) }
    case .mapping(let entries):
      var opening = opening
      for entry in entries {
        self.entry(entry.key, entry.value, indent: indent + 2, opening: opening)
        opening = String(repeating: " ", count: indent + 2)
      }
    }
  }

  private mutating func entry(_ key: String, _ value: WritingNode, indent: Int, opening: String) {
    let flow = value.flow
    if value.fitsOnOneLine(after: indent + key.unicodeScalars.count + 2, flow) {
      text += "\(opening)\(key): \(flow)\n"
      return
    }
    text += "\(opening)\(key):\n"
    switch value {
    case .token: break
    case .list(let items): for item in items { self.item(item, indent: indent + 2) }
    case .mapping(let entries): for entry in entries { self.entry(entry.key, entry.value, indent: indent + 2) }
    }
  }
}

extension WritingNode {
  fileprivate func fitsOnOneLine(after column: Int, _ flow: String) -> Bool {
    if case .token = self { return true }
    return isEmpty || column + flow.unicodeScalars.count <= WritingLines.widest
  }
}
