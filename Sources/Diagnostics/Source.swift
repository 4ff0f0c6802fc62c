// SPDX-License-Identifier: Apache-2.0

/// A place in a source text: line and column from 1, columns counted in Unicode scalars.
public struct SourcePosition: Sendable, Hashable, Comparable {
  public var line: Int
  public var column: Int

  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  public static func < (left: SourcePosition, right: SourcePosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// A stretch of one file, the end exclusive.
public struct SourceRange: Sendable, Hashable {
  /// Path as the user knows it: relative to the policy repository, or as given on the command line.
  public var file: String
  public var start: SourcePosition
  public var end: SourcePosition

  public init(file: String, start: SourcePosition, end: SourcePosition) {
    self.file = file
    self.start = start
    self.end = end
  }
}

extension SourceRange: CustomStringConvertible {
  /// `file:line:column`, the form that editors and CI systems link.
  public var description: String { "\(file):\(start.line):\(start.column)" }
}

extension SourceRange: Comparable {
  public static func < (left: SourceRange, right: SourceRange) -> Bool {
    (left.file, left.start) < (right.file, right.start)
  }
}
