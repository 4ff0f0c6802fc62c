// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Glibc

/// A process that cannot be mistaken for a later one of the same pid: pid and start time, from /proc/PID/stat.
struct ProcessIdentity: Sendable, Hashable {
  let pid: Int32
  let startTime: UInt64

  /// The process of a pid, unless it is gone or a zombie.
  init?(pid: Int32) {
    guard let stat = ProcessIdentity.stat(pid), stat.state != "Z", stat.state != "X" else { return nil }
    self.pid = pid
    self.startTime = stat.startTime
  }

  /// The process that wrote a line of /proc/self/stat about itself, and its parent's pid.
  static func recorded(_ line: String) -> (process: ProcessIdentity, parent: Int32)? {
    guard let pid = line.split(separator: " ").first.flatMap({ Int32($0) }), let stat = parse(line) else { return nil }
    return (ProcessIdentity(pid: pid, startTime: stat.startTime), stat.parent)
  }

  private init(pid: Int32, startTime: UInt64) {
    self.pid = pid
    self.startTime = startTime
  }

  /// Whether this very process is still there, and no zombie.
  var isRunning: Bool { ProcessIdentity(pid: pid) == self }

  /// Sends a signal, unless the process is gone.
  func send(_ signal: Int32) {
    if isRunning { kill(pid, signal) }
  }

  private struct Stat {
    let state: Substring
    let parent: Int32
    let startTime: UInt64
  }

  private static func stat(_ pid: Int32) -> Stat? {
    (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)).flatMap(parse)
  }

  /// Fields 3, 4 and 22 of proc(5)'s stat: the command, field 2, is in brackets and may hold anything.
  private static func parse(_ line: String) -> Stat? {
    guard let bracket = line.lastIndex(of: ")") else { return nil }
    let fields = line[line.index(after: bracket)...].split(whereSeparator: \.isWhitespace)
    guard fields.count > 19, let parent = Int32(fields[1]), let start = UInt64(fields[19]) else { return nil }
    return Stat(state: fields[0], parent: parent, startTime: start)
  }
}

/// The processes of a pid namespace, as seen from outside.
enum ProcessTable {
  /// The processes that share the pid namespace of one of them: their identities and command names.
  static func processes(inNamespaceOf first: Int32) -> [(process: ProcessIdentity, command: String)] {
    guard let namespace = pidNamespace(of: first) else { return [] }
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return entries.compactMap { Int32($0) }.sorted().compactMap { pid in
      guard pidNamespace(of: pid) == namespace, let process = ProcessIdentity(pid: pid),
        let command = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)
      else { return nil }
      return (process, String(command.dropLast()))
    }
  }

  /// The arguments that a process was started with.
  static func arguments(of pid: Int32) -> [String] {
    let text = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
    return text.split(separator: "\0").map(String.init)
  }

  private static func pidNamespace(of pid: Int32) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/pid")
  }
}
