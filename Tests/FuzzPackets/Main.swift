// SPDX-License-Identifier: Apache-2.0

import Foundation
import PacketAgreement

/// Compares what PacketPath says of packets with what the kernel does with them; scripts/fuzz-packets.sh tells more.
@main enum Main {
  static func main() async throws {
    let environment = ProcessInfo.processInfo.environment
    let pairs = environment["PAIRS"].flatMap(Int.init) ?? 20_000
    let seed = environment["SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999_999)
    let filters = try environment["CASES"].map(read) ?? []
    print("fuzz-packets: seed \(seed)")
    let report = try await Campaign(seed: seed, pairs: pairs, filters: filters).run { report in
      FileHandle.standardError.write(
        Data("fuzz-packets: \(report.compared) pairs, \(report.filters) filters\n".utf8))
    }
    for disagreement in report.disagreements { print(disagreement) }
    print(report.text)
    fflush(nil)
    _exit(report.disagreementCount == 0 ? 0 : 1)
  }

  private static func read(_ folder: String) throws -> [(name: String, xml: String)] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".xml") }.sorted().map {
      ($0, try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8))
    }
  }
}
