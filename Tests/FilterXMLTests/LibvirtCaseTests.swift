// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import FilterModel
import FilterXML
import Foundation
import Testing

/// libvirt's own test files, where they are: they are not part of this project.
enum LibvirtCases {
  static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["NWFLEET_LIBVIRT_CASES"] { return URL(filePath: path) }
    let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return checkout.appending(path: "../shared/libvirt-cases").standardizedFileURL
  }()

  static let isThere = FileManager.default.fileExists(atPath: folder.appending(path: "in").path)

  static let inputs: [String] = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/in")) ?? [])
    .filter { $0.hasSuffix(".xml") }.sorted()

  static func text(_ path: String) -> String? { try? String(contentsOf: folder.appending(path: path), encoding: .utf8) }
}

@Suite(.enabled(if: LibvirtCases.isThere, "libvirt's test files are not there; NWFLEET_LIBVIRT_CASES can name them"))
struct LibvirtCaseTests {
  @Test(arguments: LibvirtCases.inputs)
  func reads(file: String) throws {
    let parsed = FilterXML.parse(try #require(LibvirtCases.text("in/\(file)")), file: file)
    if file.contains("-invalid") {
      #expect(parsed.hasErrors)
      return
    }
    let filter = try #require(parsed.filter)
    guard let output = LibvirtCases.text("out/\(file)") else { return }
    let expected = FilterXML.parse(output, file: file)
    #expect(filter == expected.filter)
    let differing = Self.rewritten[file]
    #expect(parsed.diagnostics.filter { $0.severity == .error }.map(\.code.rawValue) == differing ?? [])
  }

  /// What libvirt accepts and then does not keep, by file: that is an error here.
  private static let rewritten: [String: [String]] = [:]
}
