// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// JSON files of nwfleet's own: sorted keys, replaced as a whole or not at all.
public enum JSONFile {
  /// - Throws: `HostError` with code `file`.
  public static func read<Content: Decodable>(_ type: Content.Type, from path: String) throws(HostError) -> Content {
    do {
      return try JSONDecoder().decode(type, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch let error as DecodingError {
      throw HostError(.file, "\(path) is not what it should be: \(error.reason)", hint: "write it anew")
    } catch {
      throw HostError(.file, "\(path) cannot be read", hint: "is the name right, and may you read it?")
    }
  }

  /// - Throws: `HostError` with code `file`.
  public static func write(_ content: some Encodable, to path: String) throws(HostError) {
    do {
      try Data(text(content).utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw HostError(.file, "\(path) cannot be written", hint: "does the folder exist, and may you write there?")
    }
  }

  /// The text of a document, for people as well.
  public static func text(_ content: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(content) else {
      preconditionFailure("documents hold only strings, numbers and lists of them")
    }
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}

extension DecodingError {
  fileprivate var reason: String {
    func place(_ context: Context) -> String { context.codingPath.map(\.stringValue).joined(separator: ".") }
    return switch self {
    case .keyNotFound(let key, let context): "'\(key.stringValue)' is missing in '\(place(context))'"
    case .typeMismatch(_, let context), .valueNotFound(_, let context): "'\(place(context))' has another type"
    case .dataCorrupted: "it is no JSON"
    @unknown default: "it is no JSON"
    }
  }
}
