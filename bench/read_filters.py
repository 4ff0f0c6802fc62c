# SPDX-License-Identifier: Apache-2.0
"""Reads all filters of a host with python-libvirt, as most scripts do, and prints the milliseconds and the count."""
import sys
import time

import libvirt

connection = libvirt.openReadOnly(sys.argv[1])
start = time.monotonic()
texts = [item.XMLDesc() for item in connection.listAllNWFilters()]
print("%.2f %d %d" % ((time.monotonic() - start) * 1000, len(texts), sum(map(len, texts))))
