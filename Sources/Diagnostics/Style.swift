// SPDX-License-Identifier: Apache-2.0

/// Colours of a terminal, or none.
public struct Style: Sendable, Hashable {
  private let coloured: Bool

  /// Text as it is.
  public static let plain = Style(coloured: false)
  /// Text with ANSI escape sequences (ECMA-48, SGR).
  public static let ansi = Style(coloured: true)

  public func bold(_ text: String) -> String { wrap(text, "1") }
  public func red(_ text: String) -> String { wrap(text, "31") }
  public func green(_ text: String) -> String { wrap(text, "32") }
  public func yellow(_ text: String) -> String { wrap(text, "33") }
  public func dim(_ text: String) -> String { wrap(text, "2") }

  private func wrap(_ text: String, _ code: String) -> String {
    coloured ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
  }
}
