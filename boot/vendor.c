/* SPDX-License-Identifier: GPL-2.0-only */
/* The vendors that the loader has an image for. The Makefile lists them in VENDORS. */
#include "boot/vendor.h"

#define VENDOR(name)	extern const struct vendor name##_vendor;
VENDORS
#undef VENDOR

#define VENDOR(name)	&name##_vendor,
static const struct vendor *const vendors[] = { VENDORS };

const struct vendor *vendor_find(void)
{
	for (unsigned int i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++)
		if (vendors[i]->made_this())
			return vendors[i];
	return vendors[0];
}
