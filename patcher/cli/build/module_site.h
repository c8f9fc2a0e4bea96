/* SPDX-License-Identifier: GPL-2.0-only */
/* The entries of old functions that lie in a module. */
#ifndef CLI_BUILD_MODULE_SITE_H
#define CLI_BUILD_MODULE_SITE_H

#include <stdbool.h>

struct build;
struct replacement;

/**
 * module_site - the entry of an old function of the module
 * Returns false if @r->old_name is none of the module's. Otherwise r->site is filled, or there is
 * a reason in b->problems.
 */
bool module_site(struct build *b, struct replacement *r);

#endif
