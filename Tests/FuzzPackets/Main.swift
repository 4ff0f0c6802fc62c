// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Glibc
import PacketAgreement
import Sandbox

/// Compares what PacketPath says of packets with what the kernel does with them; scripts/fuzz-packets.sh says how.
@main enum Main {
  static func main() async throws {
    let root = value("--root") ?? NSTemporaryDirectory()
    let interruptions = [SIGINT, SIGTERM, SIGHUP].map { takeDown(root, on: $0) }
    defer { withExtendedLifetime(interruptions) {} }
    let seed = value("--seed").flatMap(UInt64.init) ?? UInt64.random(in: 1...999_999_999)
    let campaign = Campaign(
      seed: seed, pairs: value("--pairs").flatMap(Int.init) ?? 20_000, filters: try value("--cases").map(read) ?? [],
      folder: root)
    print("fuzz-packets: seed \(seed)")
    fflush(nil)
    let report = try await campaign.run { report in
      FileHandle.standardError.write(Data("fuzz-packets: \(report.compared) pairs, \(report.filters) filters\n".utf8))
    }
    for disagreement in report.disagreements { print(disagreement) }
    print(report.text)
    fflush(nil)
    // A call of libvirt that has timed out leaves its thread behind.
    _exit(report.disagreementCount == 0 ? 0 : 1)
  }

  /// The word behind a flag.
  private static func value(_ flag: String) -> String? {
    let arguments = CommandLine.arguments
    guard let place = arguments.firstIndex(of: flag), place + 1 < arguments.count else { return nil }
    return arguments[place + 1]
  }

  private static func read(_ folder: String) throws -> [(name: String, xml: String)] {
    try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".xml") }.sorted().map {
      ($0, try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8))
    }
  }

  /// Takes all hosts down when a signal comes, and leaves.
  private static func takeDown(_ root: String, on signal: Int32) -> any DispatchSourceSignal {
    Glibc.signal(signal, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: signal, queue: .global())
    source.setEventHandler {
      Task {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        for name in names where name.hasPrefix("nwfleet-") && !name.contains(".") {
          try? await Sandbox(root: "\(root)/\(name)").down()
        }
        _exit(130)
      }
    }
    source.resume()
    return source
  }
}
