// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import Subprocess

/// Starts other programs: the only place that does.
///
/// Programs are searched on PATH, then in the sbin folders, which a normal user's PATH lacks on Debian.
public enum Processes {
  /// Runs a program to its end and collects what it writes.
  ///
  /// It gets a session of its own, so that it cannot ask on the terminal and can be killed with all that it started.
  ///
  /// - Parameters:
  ///   - executable: a name to search for, or a path with a `/`.
  ///   - input: what it reads from standard input, as UTF-8; nothing if nil.
  ///   - workingDirectory: where it runs; here if nil.
  ///   - outputLimit: the most bytes that it may write to standard output, and to standard error.
  ///   - deadline: after this time it is killed, with its process group.
  /// - Throws: `ProcessError` if it does not run to its end. A status other than 0 is a result, not an error: see
  ///   ``CommandResult/requireSuccess()``.
  public static func run(
    _ executable: String, _ arguments: [String] = [], input: String? = nil,
    environment: ProcessEnvironment = .inherited, workingDirectory: String? = nil, outputLimit: Int = 16 << 20,
    deadline: Duration = .seconds(60)
  ) async throws(ProcessError) -> CommandResult {
    var options = PlatformOptions()
    options.createSession = true
    options.teardownSequence = [.send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1))]
    let command = try Command(executable, arguments)
    let configuration = command.configuration(environment, workingDirectory, options)
    let standardInput = try command.openInput(input)
    let result = await finish(within: deadline) { () async throws -> CommandResult in
      let ended = try await Subprocess.run(
        configuration, input: .fileDescriptor(systemValue(standardInput), closeAfterSpawningProcess: true),
        output: .bytes(limit: outputLimit), error: .bytes(limit: outputLimit))
      return CommandResult(
        executable: executable, arguments: arguments, status: status(of: ended.terminationStatus),
        outputBytes: ended.standardOutput,
        errorOutput: String(decoding: ended.standardError, as: UTF8.self))
    }
    switch result {
    case .finished(let result): return result
    case .failed(let error): throw command.error(error)
    case .timedOut: throw command.error(.timedOut, "\(executable) did not end within \(deadline)")
    case .cancelled: throw command.error(.cancelled, "\(executable) was cancelled")
    }
  }

  /// Runs a program on this process's own standard input, output and error, and gives its exit status.
  ///
  /// While it runs, this process ignores the terminal's interrupt and quit keys, as shells do: they are for the program.
  ///
  /// - Throws: `ProcessError` if it cannot be started.
  public static func runAttached(
    _ executable: String, _ arguments: [String] = [], environment: ProcessEnvironment = .inherited,
    workingDirectory: String? = nil
  ) async throws(ProcessError) -> Int32 {
    let command = try Command(executable, arguments)
    let configuration = command.configuration(environment, workingDirectory, PlatformOptions())
    let interrupt = signal(SIGINT, SIG_IGN)
    let quit = signal(SIGQUIT, SIG_IGN)
    defer {
      signal(SIGINT, interrupt)
      signal(SIGQUIT, quit)
    }
    do {
      let ended = try await Subprocess.run(
        configuration, input: .currentStandardInput, output: .currentStandardOutput, error: .currentStandardError)
      return status(of: ended.terminationStatus)
    } catch {
      throw command.error(error)
    }
  }

  /// Starts a program that outlives this process and its terminal, in a session of its own, and gives its pid.
  ///
  /// It is no child of this process: the system's init takes it over and reaps it. Standard input is /dev/null.
  ///
  /// - Parameter log: the file that its output is added to; /dev/null if nil.
  /// - Throws: `ProcessError` if the program is not there or no process could be started. What goes wrong after that,
  ///   a program that cannot be executed included, is seen in the log only.
  public static func spawnDetached(
    _ executable: String, _ arguments: [String] = [], environment: ProcessEnvironment = .inherited,
    workingDirectory: String? = nil, log: String? = nil
  ) async throws(ProcessError) -> Int32 {
    let command = try Command(executable, arguments)
    // The background job is no group leader, so setsid need not fork and the pid stays. A shell starts background jobs
    // with the interrupt and quit signals ignored; env puts that right.
    let script = #"log=$1; shift; env --default-signal setsid -- "$@" </dev/null >>"$log" 2>&1 & echo $!"#
    let result = try await run(
      "/bin/sh", ["-c", script, "sh", log ?? "/dev/null", command.path] + arguments, environment: environment,
      workingDirectory: workingDirectory)
    guard result.succeeded, let pid = Int32(result.output.trimmingNewlines) else {
      throw command.error(.notStarted, "\(executable) could not be started: \(result.errorOutput.trimmingNewlines)")
    }
    return pid
  }

  /// The path of a program on PATH or in the system's sbin folders, or nil.
  ///
  /// A name with a `/` is a path already, and given back if it can be executed.
  public static func find(_ executable: String) -> String? {
    guard !executable.contains("/") else { return access(executable, X_OK) == 0 ? executable : nil }
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    let folders = path.split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/sbin", "/sbin"]
    return folders.lazy.map { "\($0)/\(executable)" }.first { $0.hasPrefix("/") && access($0, X_OK) == 0 }
  }

  static func status(of status: TerminationStatus) -> Int32 {
    switch status {
    case .exited(let code): code
    case .signaled(let signal): 128 + signal
    }
  }
}
