// SPDX-License-Identifier: Apache-2.0

/// An entry of a commit's tree that is no folder.
public struct TreeEntry: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    case file
    case symbolicLink
    /// A commit of another repository.
    case submodule
  }

  /// Relative to the folder that was asked for.
  public var path: String
  public var kind: Kind
  /// The name of the object, in hexadecimal.
  var object: String
  /// Bytes; 0 for a submodule.
  public var size: Int
}

/// A file of a commit.
public struct TreeFile: Sendable, Hashable {
  /// Relative to the folder that was asked for.
  public var path: String
  public var bytes: [UInt8]
}
