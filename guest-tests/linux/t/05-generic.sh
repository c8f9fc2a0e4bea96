#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel that Debian installs on an ordinary machine.
# cpus: 2
. "$(dirname "$0")/../lib.sh"
. guest-tests/linux/symbols.bash

linux_start --flavour generic
matches "it is not the one for clouds" "$(guest 'uname -r')" '^6\.1\.0-[0-9]+-amd64$'
is "all CPUs are online" "$(guest nproc)" "$CPUS"
sub info
is "the hypervisor has all CPUs" "$(json cpus)" "$CPUS"
symbols_equal
linux_log_clean
finish
