// SPDX-License-Identifier: Apache-2.0

import FilterModel

extension TrackedFrame {
  /// A frame from the numbers of its fields; those that are missing are 0.
  init(_ numbers: [Field: UInt128]) {
    func number<Number: FixedWidthInteger>(_ field: Field) -> Number { Number(truncatingIfNeeded: numbers[field] ?? 0) }
    func mac(_ field: Field) -> MACAddress { MACAddress(bits: number(field)) }
    var frame = Frame(
      etherType: number(.etherType), sourceMAC: mac(.sourceMAC), destinationMAC: mac(.destinationMAC))
    frame.protocolNumber = number(.protocolNumber)
    frame.source = number(.source)
    frame.destination = number(.destination)
    frame.sourcePort = number(.sourcePort)
    frame.destinationPort = number(.destinationPort)
    frame.isLaterFragment = numbers[.isLaterFragment] == 1
    frame.tcpFlags = TCPFlags(rawValue: number(.tcpFlags))
    frame.typeOfService = number(.typeOfService)
    frame.vlan = number(.vlan)
    frame.vlanProtocol = number(.vlanProtocol)
    frame.arp.hardwareType = number(.hardwareType)
    frame.arp.protocolType = number(.protocolType)
    frame.arp.operation = number(.operation)
    frame.arp.senderMAC = mac(.senderMAC)
    frame.arp.senderAddress = number(.senderAddress)
    frame.arp.targetMAC = mac(.targetMAC)
    frame.arp.targetAddress = number(.targetAddress)
    if numbers[.isSpanningTree] == 1 {
      var message = Frame.SpanningTree()
      message.type = number(.stpType)
      message.flags = number(.stpFlags)
      message.rootPriority = number(.rootPriority)
      message.rootAddress = mac(.rootAddress)
      message.rootCost = number(.rootCost)
      message.senderPriority = number(.senderPriority)
      message.senderBridge = mac(.senderBridge)
      message.port = number(.stpPort)
      message.messageAge = number(.messageAge)
      message.maximumAge = number(.maximumAge)
      message.helloTime = number(.helloTime)
      message.forwardDelay = number(.forwardDelay)
      frame.spanningTree = message
    }
    let tracking = Tracking(
      state: Tracking.State(rawValue: number(.state)) ?? .new,
      side: Tracking.Side(rawValue: number(.side)) ?? .original,
      connections: number(.connections))
    self.init(frame, tracking)
  }
}
