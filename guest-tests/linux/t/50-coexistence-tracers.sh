#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's tracers and its own patch points, and Subtext's patches of the same function or page:
# each before, while and after the patch is live. Rows of docs/coexistence.md.
# cpus: 2
# shellcheck source-path=SCRIPTDIR source=../coexist/cells.sh
. "$(dirname "$0")/../coexist/cells.sh"

start_coexist
for name in ${MECHANISMS:-function function_graph bpf jump_label static_call module}; do
	mechanism_rows "$name"
done
linux_log_clean
finish
