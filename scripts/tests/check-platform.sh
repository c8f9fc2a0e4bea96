#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The reasons why EMULATOR=kvm cannot be used, on made-up machines.
. "$(dirname "$0")/lib.bash"

echo 'flags : fpu vmx sse2' >intel
echo 'flags : fpu svm sse2' >amd
echo 'flags : fpu sse2 hypervisor' >vm
echo 'flags : fpu sse2' >off
echo Y >nested
echo N >flat
: >kvm

# platform CPUINFO KVM NESTED: the line without its last sentence, and the exit status
platform() {
	CPUINFO=$1 KVM_DEVICE=$2 NESTED=$3 "$repo/scripts/check-platform" |
		sed 's/\. EMULATOR=bochs works\.$//'
	echo "${PIPESTATUS[0]}"
}

no='EMULATOR=kvm: no:'
is 'AMD' "$(platform amd kvm nested)" \
	"$no the processor is an AMD one; Subtext needs Intel VMX"$'\n1'
is 'inside a virtual machine' "$(platform vm kvm nested)" \
	"$no the processor shows no VMX; this is a virtual machine whose host does not pass it on"$'\n1'
is 'VMX off' "$(platform off kvm nested)" \
	"$no the processor shows no VMX; it has none or the firmware has switched it off"$'\n1'
is 'no device' "$(platform intel none nested)" \
	"$no there is no none; load the module kvm_intel"$'\n1'
is 'no module' "$(platform intel kvm none)" "$no the module kvm_intel is not loaded"$'\n1'
is 'no nesting' "$(platform intel kvm flat)" \
	"$no nesting is off; reload kvm_intel with nested=1"$'\n1'
is 'all there' "$(platform intel kvm nested)" \
	'EMULATOR=kvm: yes: VMX, kvm, nesting, QEMU and OVMF are there'$'\n0'
plan
