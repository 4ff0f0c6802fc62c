// SPDX-License-Identifier: Apache-2.0

import Foundation
import Processes
import Testing

/// The nwfleet that was built with these tests.
enum Program {
  /// Beside the program that runs the tests: the same build made both.
  static let path: String = {
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let arguments = CommandLine.arguments.map { URL(fileURLWithPath: $0).path }
    for candidate in [own] + arguments {
      var folder = URL(fileURLWithPath: candidate).deletingLastPathComponent()
      while folder.path != "/" {
        let program = folder.appendingPathComponent("nwfleet").path
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: program, isDirectory: &isFolder), !isFolder.boolValue,
          FileManager.default.isExecutableFile(atPath: program)
        {
          return program
        }
        folder.deleteLastPathComponent()
      }
    }
    return "nwfleet"
  }()

  /// The checkout that the tests were built from.
  static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path
}

extension CommandResult {
  /// Both outputs, for messages.
  var text: String { output + errorOutput }

  /// Expects an exit status, and shows what the program said where it is another.
  @discardableResult
  func expect(_ status: Int32, sourceLocation: SourceLocation = #_sourceLocation) -> CommandResult {
    #expect(
      self.status == status, "\(arguments.joined(separator: " "))\n\(text.prefix(6000))", sourceLocation: sourceLocation
    )
    return self
  }

  /// Expects that the program said something.
  @discardableResult
  func says(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) -> CommandResult {
    for word in words {
      #expect(text.contains(word), "no '\(word)' in:\n\(text.prefix(6000))", sourceLocation: sourceLocation)
    }
    return self
  }
}
