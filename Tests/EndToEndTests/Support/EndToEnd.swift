// SPDX-License-Identifier: Apache-2.0

import SandboxFixture
import Testing

/// The program that users run, against real libvirtd instances: one test at a time, since each keeps the machine busy.
@Suite(.serialized, .liveHosts, .timeLimit(.minutes(5))) enum EndToEnd {}
