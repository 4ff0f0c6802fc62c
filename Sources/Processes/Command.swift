// SPDX-License-Identifier: Apache-2.0

import Glibc
internal import Subprocess

/// A program that was found, and what it is to be called with.
struct Command: Sendable {
  let executable: String
  let arguments: [String]
  let path: String

  init(_ executable: String, _ arguments: [String]) throws(ProcessError) {
    self.executable = executable
    self.arguments = arguments
    guard let path = Processes.find(executable) else {
      throw ProcessError(
        code: .notFound, executable: executable, arguments: arguments, message: "\(executable) is not installed")
    }
    self.path = path
  }

  func configuration(
    _ environment: ProcessEnvironment, _ workingDirectory: String?, _ options: PlatformOptions
  ) -> Configuration {
    Configuration(
      executable: .path(filePath(path)), arguments: Arguments(arguments), environment: environment.subprocessValue,
      workingDirectory: workingDirectory.map(filePath), platformOptions: options)
  }

  /// A descriptor to read a text from, or nothing.
  ///
  /// A file without a name, not a pipe: a program that ends without reading all would end this one too, by SIGPIPE.
  func openInput(_ text: String?) throws(ProcessError) -> Int32 {
    guard var text else { return open("/dev/null", O_RDONLY | O_CLOEXEC) }
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    let name = strdup("\(folder)/nwfleet-XXXXXX")
    defer { free(name) }
    let descriptor = mkstemp(name!)
    if descriptor >= 0 {
      unlink(name!)
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
    let written = text.withUTF8 { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
        guard count > 0 else { return false }
        offset += count
      }
      return true
    }
    guard descriptor >= 0, written, lseek(descriptor, 0, SEEK_SET) == 0 else {
      let reason = String(cString: strerror(errno))
      if descriptor >= 0 { close(descriptor) }
      throw error(.notStarted, "no file for the input of \(executable): \(reason)")
    }
    return descriptor
  }

  func error(_ code: ProcessError.Code, _ message: String) -> ProcessError {
    ProcessError(code: code, executable: executable, arguments: arguments, message: message)
  }

  /// The error of a run that Subprocess could not carry out.
  func error(_ error: any Error) -> ProcessError {
    guard let error = error as? SubprocessError else { return self.error(.notStarted, "\(executable): \(error)") }
    return switch error.code {
    case .outputLimitExceeded: self.error(.outputTooLarge, "\(executable) wrote more than it may")
    case .executableNotFound: self.error(.notFound, "\(executable) is not installed")
    default: self.error(.notStarted, "\(executable) could not be run: \(error)")
    }
  }
}

/// SystemPackage's FilePath, made without importing that package for one conversion: its type comes from the call.
private func filePath<Path: ExpressibleByStringLiteral>(_ text: String) -> Path
where Path.StringLiteralType == String {
  Path(stringLiteral: text)
}

/// SystemPackage's FileDescriptor, made in the same way.
func systemValue<Descriptor: RawRepresentable>(_ descriptor: Descriptor.RawValue) -> Descriptor {
  guard let value = Descriptor(rawValue: descriptor) else { preconditionFailure("each number is a descriptor") }
  return value
}
