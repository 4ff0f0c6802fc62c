// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import PolicyLanguage
import Testing

/// Damaged and random files never crash the reader or the formatter, and every place they name exists.
@Suite struct FuzzTests {
  /// xorshift64: the same sequence on every run.
  private struct Random: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
  }

  private static let seeds: [[UInt8]] = GoldenFiles.policyFiles(below: GoldenFiles.folder)
    .compactMap { try? Array(Data(contentsOf: $0)) }.filter { $0.count < 4000 }
  private static let fragments = [
    "\n", "  ", "\t", ": ", "- ", "[", "]", "{", "}", ",", "\"", "'", "#", "|\n", ">+\n", "*", "&a ", "!!x ", "---\n",
    "? ",
    "\u{0}", "\r", "é", "\u{2028}", "filters:", "rules:", "no", "$X[@", "%", "@",
  ].map { Array($0.utf8) }

  private func mutate(_ bytes: [UInt8], _ random: inout Random) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...6, using: &random) {
      let place = Int.random(in: 0...bytes.count, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes.insert(contentsOf: Self.fragments.randomElement(using: &random) ?? [], at: place)
      case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 0...8, using: &random)))
      case 2 where place < bytes.count: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 20)], at: place)
      default: bytes.insert(UInt8.random(in: 0...127, using: &random), at: place)
      }
    }
    return bytes
  }

  private func check(_ bytes: [UInt8]) {
    let result = PolicyRepository.load(files: [
      PolicyFile(path: "nwfleet.yaml", text: "project: acme\nid: 6f1c0d2e\n"),
      PolicyFile(path: "policies/x.yaml", bytes: bytes),
    ])
    let sources = result.sources
    let text = DiagnosticRenderer { sources.line($1, of: $0) }.render(result.diagnostics)
    #expect(text.isEmpty == result.diagnostics.isEmpty)
    for range in result.diagnostics.compactMap(\.range) {
      let isInside = range.start.line >= 1 && range.start.column >= 1 && range.start <= range.end
      #expect(isInside, "\(range) of \(String(decoding: bytes, as: UTF8.self))")
    }
    let input = String(decoding: bytes, as: UTF8.self)
    let once = Formatter.format(input, file: "x.yaml")
    if once.diagnostics.isEmpty {
      let twice = Formatter.format(once.text, file: "x.yaml")
      #expect(twice.diagnostics.isEmpty && twice.text == once.text, "\(input.debugDescription)")
    } else {
      #expect(once.text == input)
    }
  }

  @Test func mutatedFiles() throws {
    var random = Random(state: 0x9e37_79b9_7f4a_7c15)
    try #require(!Self.seeds.isEmpty)
    for index in 0..<4000 {
      check(mutate(Self.seeds[index % Self.seeds.count], &random))
    }
  }

  @Test func randomFiles() {
    var random = Random(state: 0x2545_f491_4f6c_dd1d)
    for _ in 0..<2000 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0...40, using: &random) {
        bytes += Self.fragments.randomElement(using: &random) ?? []
        if Bool.random(using: &random) { bytes.append(UInt8.random(in: 32...126, using: &random)) }
      }
      check(bytes)
    }
  }
}
