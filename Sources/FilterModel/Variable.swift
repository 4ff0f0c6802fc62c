// SPDX-License-Identifier: Apache-2.0

/// A use of a variable: `$NAME`, `$NAME[2]` (one element) or `$NAME[@1]` (each element, by an iterator).
public struct VariableReference: Sendable, Hashable {
  /// Which values of a list are meant.
  public enum Access: Sendable, Hashable {
    /// Each value in turn; uses with the same iterator advance together, others make the cross product. 0 to 1000.
    case iterator(Int)
    /// The value at this place, from 0.
    case element(Int)
  }

  public var name: String
  public var access: Access

  public init(_ name: String, _ access: Access = .iterator(0)) {
    self.name = name
    self.access = access
  }

  /// Reads the text of a variable, `$` included; blanks inside the brackets are allowed, as in libvirt
  /// (nwfilter_params.c, virNWFilterVarAccessParse).
  public init?(parsing text: String) {
    guard text.utf8.first == UInt8(ascii: "$") else { return nil }
    let body = text.dropFirst()
    guard let bracket = body.firstIndex(of: "[") else {
      guard Self.isValidName(body) else { return nil }
      self.init(String(body))
      return
    }
    let name = body[..<bracket]
    guard Self.isValidName(name), body.last == "]" else { return nil }
    var index = body[body.index(after: bracket)...].dropLast()
    while index.first == " " { index = index.dropFirst() }
    while index.last == " " { index = index.dropLast() }
    let isIterator = index.first == "@"
    if isIterator {
      index = index.dropFirst()
      while index.first == " " { index = index.dropFirst() }
    }
    guard !index.isEmpty, index.utf8.allSatisfy(\.isDigit), let number = Int(index) else { return nil }
    guard !isIterator || number <= 1000 else { return nil }
    self.init(String(name), isIterator ? .iterator(number) : .element(number))
  }

  /// Whether libvirt takes this for the name of a variable: letters, digits and underscores.
  public static func isValidName(_ name: some StringProtocol) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") }
  }

  /// Whether libvirt takes this for a value: letters, digits, `_`, `.` and `:`; others are dropped without a word
  /// (nwfilter_params.c, isValidVarValue).
  public static func isValidValue(_ value: some StringProtocol) -> Bool {
    !value.isEmpty
      && value.utf8.allSatisfy {
        $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":")
      }
  }
}

extension VariableReference: CustomStringConvertible {
  public var description: String {
    switch access {
    case .iterator(0): "$\(name)"
    case .iterator(let number): "$\(name)[@\(number)]"
    case .element(let index): "$\(name)[\(index)]"
    }
  }
}
