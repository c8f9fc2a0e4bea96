# SPDX-License-Identifier: GPL-2.0-only
# Pure logic of vmm/.

UNIT_TESTS += test_pool test_ept test_view test_mtrr test_vectoring test_caps test_msr test_cpuid

test_pool_SRCS := guest-tests/unit/vmm/mem/test_pool.c vmm/mem/pool.c
test_ept_SRCS := guest-tests/unit/vmm/vmx/test_ept.c vmm/vmx/ept.c vmm/mem/pool.c vmm/mem/mtrr.c
test_view_SRCS := guest-tests/unit/vmm/vmx/test_view.c vmm/vmx/view.c vmm/vmx/ept.c vmm/mem/pool.c \
	vmm/mem/mtrr.c
test_mtrr_SRCS := guest-tests/unit/vmm/mem/test_mtrr.c vmm/mem/mtrr.c
test_vectoring_SRCS := guest-tests/unit/vmm/vmx/test_vectoring.c vmm/vmx/vectoring.c
test_caps_SRCS := guest-tests/unit/vmm/vmx/test_caps.c vmm/vmx/caps.c

# These include the file under test, whose instructions they replace by a fake CPU's.
test_msr_SRCS := guest-tests/unit/vmm/emulate/test_msr.c vmm/vmx/msr.c vmm/mem/mtrr.c
test_cpuid_SRCS := guest-tests/unit/vmm/vmx/test_cpuid.c
