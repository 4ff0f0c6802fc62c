// SPDX-License-Identifier: Apache-2.0

public import Diagnostics

/// A place in a source file, as a record.
public struct PlaceRecord: Codable, Sendable, Hashable {
  public private(set) var file: String
  public private(set) var line: Int
  var column: Int
  var endLine: Int
  var endColumn: Int

  public init(_ range: SourceRange) {
    file = range.file
    (line, column) = (range.start.line, range.start.column)
    (endLine, endColumn) = (range.end.line, range.end.column)
  }

  var range: SourceRange {
    SourceRange(
      file: file, start: SourcePosition(line: line, column: column),
      end: SourcePosition(line: endLine, column: endColumn))
  }
}
