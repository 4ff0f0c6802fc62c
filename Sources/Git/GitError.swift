// SPDX-License-Identifier: Apache-2.0

/// Why a git repository could not be read.
public struct GitError: Error, Sendable, Hashable {
  /// What kind of failure it was: an open set, compare with the static members.
  public struct Code: RawRepresentable, Sendable, Hashable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// The folder belongs to no git repository, or to one that git does not trust.
    public static let noRepository = Code(rawValue: "git-no-repository")
    /// No commit has that name.
    public static let unknownRevision = Code(rawValue: "git-unknown-revision")
    /// A symbolic link or a submodule stands where a file should.
    public static let notAFile = Code(rawValue: "git-not-a-file")
    /// The files are larger than they may be.
    public static let tooLarge = Code(rawValue: "git-too-large")
    /// git ended with an error, or wrote what it should not.
    public static let failed = Code(rawValue: "git-failed")
  }

  public let code: Code
  /// One sentence.
  public let message: String
  /// What to do about it; nil where nothing can be said.
  public let hint: String?

  public init(_ code: Code, _ message: String, hint: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
  }
}
