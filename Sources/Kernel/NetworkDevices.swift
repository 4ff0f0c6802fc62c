// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
public import Glibc
import Processes

/// The network devices of a host.
public enum NetworkDevices {
  /// The names of the devices in the network namespace that a process of this machine is in; nil where they cannot be read.
  ///
  /// /proc/net shows the reader's own namespace, so another one is read by `cat` inside it, which needs root.
  public static func names(ofProcess process: pid_t) async -> Set<String>? {
    switch NetworkNamespace(ofProcess: process) {
    case .own: return (try? String(contentsOfFile: "/proc/self/net/dev", encoding: .utf8)).map(parse)
    case .unknown: return nil
    case .other:
      let result = try? await Processes.run(
        "nsenter", ["-t", String(process), "-n", "cat", "/proc/net/dev"], deadline: .seconds(5))
      return result.flatMap { $0.succeeded ? parse($0.output) : nil }
    }
  }

  /// Lines of `name: counters` after two of titles (proc(5)).
  static func parse(_ text: String) -> Set<String> {
    Set(
      text.split(separator: "\n").dropFirst(2).compactMap { line in
        line.lastIndex(of: ":").map { String(line[..<$0].drop { $0 == " " }) }
      })
  }
}

/// Whether a process is in this process's network namespace.
enum NetworkNamespace {
  case own
  case other
  /// It cannot be seen from here, or not be entered.
  case unknown

  init(ofProcess process: pid_t) {
    let theirs = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/ns/net")
    let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
    if own == nil {
      self = .unknown
    } else if theirs == own || process == 1 && theirs == nil {
      // Only root sees the namespace of pid 1, which owns the socket where systemd activates libvirtd.
      self = .own
    } else {
      self = theirs != nil && geteuid() == 0 ? .other : .unknown
    }
  }
}
