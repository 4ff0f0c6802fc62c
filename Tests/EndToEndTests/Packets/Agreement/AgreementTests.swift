// SPDX-License-Identifier: Apache-2.0

import Foundation
import PacketAgreement
import Testing

extension EndToEnd {
  /// What PacketPath says of packets beside what the kernel does with them, for random filters in a real libvirtd:
  /// `make fuzz-packets` does the same with other seeds, and more of them.
  @Suite struct AgreementTests {
    private static let folder = ProcessInfo.processInfo.environment["NWFLEET_PACKET_CASES"]

    @Test func `The kernel does with 2,000 packets what PacketPath says`() async throws {
      let report = try await Campaign(seed: 20_261_122, pairs: 2000).run()
      expectAgreement(report)
      #expect(report.compared >= 2000)
      // Filters that let everything through, or nothing, would say little.
      #expect(report.passed > report.compared / 4 && report.passed < report.compared * 3 / 4)
    }

    @Test(.enabled(if: folder != nil, "NWFLEET_PACKET_CASES names no folder of filters"))
    func `The kernel does with packets for given filters what PacketPath says`() async throws {
      let folder = try #require(Self.folder)
      let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".xml") }.sorted()
      let filters = try files.map { ($0, try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8)) }
      let report = try await Campaign(seed: 20_261_122, pairs: 1, filters: filters).run()
      expectAgreement(report)
      #expect(report.compared > 0)
    }

    private func expectAgreement(_ report: AgreementReport) {
      for disagreement in report.disagreements { print(disagreement) }
      print(report.text)
      fflush(nil)
      #expect(report.disagreementCount == 0)
    }
  }
}
