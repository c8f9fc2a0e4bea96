#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What the host tool reads out of vmlinuz is what the running kernel has. (05-generic.sh asks the
# same of the other kernel.)
# cpus: 2
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
. guest-tests/linux/symbols.bash

linux_start
symbols_equal
linux_log_clean
finish
