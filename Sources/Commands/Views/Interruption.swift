// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Says what a command was doing that a signal ends while it changes a host. It ends at once all the same: the next run goes
/// on from whatever state the host is in.
enum Interruption {
  /// From here on, SIGINT, SIGTERM and SIGHUP end the process with a sentence, and 128 plus their number.
  static func explain() {
    let isTerminal = isatty(STDERR_FILENO) == 1
    for number in [SIGINT, SIGTERM, SIGHUP] {
      var present = sigaction()
      sigaction(number, nil, &present)
      // nohup and scripts have signals ignored, and mean it.
      if let handler = present.__sigaction_handler.sa_handler, unsafeBitCast(handler, to: Int.self) == 1 { continue }
      if isTerminal {
        signal(number) { Interruption.end(Interruption.terminalText, $0) }
      } else {
        signal(number) { Interruption.end(Interruption.text, $0) }
      }
    }
  }

  private static var text: StaticString {
    "\nStopped half-way. Run the same command again: it reads what is there and goes on.\n"
  }

  /// Takes the progress line away first.
  private static var terminalText: StaticString {
    "\r\u{1b}[2KStopped half-way. Run the same command again: it reads what is there and goes on.\n"
  }

  /// Nothing here allocates or locks: the signal may have come in the middle of anything (signal-safety(7)).
  private static func end(_ text: StaticString, _ number: Int32) {
    _ = write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
    _exit(128 + number)
  }
}
