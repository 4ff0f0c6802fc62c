// SPDX-License-Identifier: Apache-2.0

/// Small changes to policy files that people wrote; everything else in them stays as it is.
public enum PolicyEditor {
  /// A policy file in which a filter has `adopt: true`.
  ///
  /// - Returns: nil where the filter is not in the file, has the key already, or is not written over several lines.
  public static func adopt(_ name: String, in text: String, file: String) -> String? {
    let source = SourceText(Array(text.utf8))
    guard let root = NodeParser.parse(source, file: file).root,
      let filters = entry("filters", of: root), let filter = entry(name, of: filters.value),
      case .mapping(let entries, isFlow: false) = filter.value.content, let first = entries.first,
      !entries.contains(where: { $0.name == "adopt" }), first.keySpan.start.line > filter.keySpan.end.line
    else { return nil }
    var lines = source.lines()
    let indent = String(repeating: " ", count: Int(first.keySpan.start.column) - 1)
    lines.insert("\(indent)adopt: true", at: Int(first.keySpan.start.line) - 1)
    return lines.joined(separator: "\n") + "\n"
  }

  private static func entry(_ name: String, of node: Node) -> Node.Entry? {
    guard case .mapping(let entries, _) = node.content else { return nil }
    return entries.first { $0.name == name }
  }
}
