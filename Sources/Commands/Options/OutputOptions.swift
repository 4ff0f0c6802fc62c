// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Diagnostics
import Glibc

/// How to print.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print JSON for machines.")
  var json = false

  @Flag(name: .customLong("no-color"), help: "Print no colours. So does NO_COLOR in the environment.")
  var noColor = false

  @Flag(name: .shortAndLong, help: "Print results, warnings and errors only.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Print more: the rules of new filters, steps as they are done.")
  var verbose = false

  var output: Output {
    let wantsColour = !noColor && getenv("NO_COLOR") == nil && getenv("TERM").map { String(cString: $0) } != "dumb"
    return Output(
      isJSON: json, isQuiet: quiet, isVerbose: verbose,
      style: wantsColour && isatty(STDOUT_FILENO) == 1 ? .ansi : .plain,
      errorStyle: wantsColour && isatty(STDERR_FILENO) == 1 ? .ansi : .plain)
  }
}
