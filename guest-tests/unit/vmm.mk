# SPDX-License-Identifier: GPL-2.0-only
# Pure logic of vmm/.

UNIT_TESTS += test_pool test_ept test_mtrr test_vectoring test_caps

test_pool_SRCS := guest-tests/unit/test_pool.c vmm/pool.c
test_ept_SRCS := guest-tests/unit/test_ept.c vmm/vmx/ept.c vmm/pool.c vmm/mtrr.c
test_mtrr_SRCS := guest-tests/unit/test_mtrr.c vmm/mtrr.c
test_vectoring_SRCS := guest-tests/unit/test_vectoring.c vmm/vmx/vectoring.c
test_caps_SRCS := guest-tests/unit/test_caps.c vmm/vmx/caps.c
