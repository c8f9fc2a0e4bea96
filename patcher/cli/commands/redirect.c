/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `subtext redirect`: a function's entry is made to lead to code that the guest has loaded
 * itself, in a module. The patch has one site and no payload.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/base/memory.h"
#include "patcher/cli/base/out.h"
#include "patcher/cli/build/build.h"
#include "patcher/cli/build/file.h"
#include "patcher/cli/build/module.h"
#include "patcher/cli/build/output.h"
#include "patcher/cli/build/release.h"
#include "patcher/cli/build/sites.h"
#include "patcher/cli/commands/change.h"
#include "patcher/cli/commands/commands.h"
#include "patcher/cli/session/session.h"

struct redirect {
	struct build build;
	const char *old, *new, *symbols_path, *module_path;
	struct guest_symbols symbols;
	uint64_t target;
};

#define SET(field) ARGS_TEXT, ARGS_FIELD(struct redirect, field)

static const struct args_option options[] = {
	{ "kernel", 'k', "KERNEL", "The kernel that the guest runs", SET(build.opt.kernel_path) },
	{ "symbols", 's', "FILE",
	  "The guest's /proc/kallsyms, or the lines of it that are needed; or lines of its "
	  "/sys/module/MODULE/sections", SET(symbols_path) },
	{ "module", 'm', "MODULE.ko",
	  "The module NEW is in, if FILE has only the addresses of its sections",
	  SET(module_path) },
	{ "output", 'o', "OUT.patch", "Only write the patch, without applying it",
	  SET(build.opt.out) },
	{ "name", 'n', "NAME", "Name of the patch (default: redirect-OLD)", SET(build.opt.name) },
	{ "anchor", 0, "SYMBOL", "What IA32_LSTAR points to (default: entry_SYSCALL_64)",
	  SET(build.opt.anchor) },
	{ 0 }
};

static void take_argument(struct argp_state *state, void *input, const char *arg)
{
	struct redirect *r = input;
	const char **to = !strncmp(arg, "old=", 4) ? &r->old :
		!strncmp(arg, "new=", 4) ? &r->new : NULL;

	if (!to)
		argp_error(state, "'%s' is neither old=NAME nor new=NAME", arg);
	if (*to)
		argp_error(state, "%.3s is given twice", arg);
	*to = arg + 4;
	if (!**to)
		argp_error(state, "%.3s is empty", arg);
}

static bool is_address(const char *s)
{
	return s[0] == '0' && tolower((unsigned char)s[1]) == 'x';
}

static void check_args(struct argp_state *state, const void *input)
{
	const struct redirect *r = input;

	if (!r->old || !r->new)
		argp_error(state, "give old=NAME, the function whose entry is rewritten, and "
			   "new=NAME or new=0xADDRESS, where it is to lead");
	if (!r->build.opt.kernel_path)
		argp_error(state, "--kernel is missing: the kernel that the guest runs");
	if (r->module_path && (is_address(r->new) || !r->symbols_path))
		argp_error(state, "--module is for a name, and needs --symbols");
	if (!is_address(r->new) && !r->symbols_path)
		argp_error(state, "--symbols is missing: where '%s' lies in the guest is in its "
			   "/proc/kallsyms", r->new);
}

static const struct args_spec spec = {
	.options = options,
	.argument = take_argument,
	.check = check_args,
	.usage = "old=NAME new=[MODULE:]NAME|0xADDRESS --kernel KERNEL [--symbols FILE]",
	.doc = "Rewrites the entry of OLD, a function of the kernel, so that it leads to NEW, a "
	       "function that the guest has loaded in a module of its own; on all CPUs at once, "
	       "or not at all."
	       "\v`revert' takes it back. Do so before the module is unloaded.",
};

/* ---- where it leads ---- */

/* The kernel's half of the address space: bits 63 to 47 alike in a canonical address. */
static int check_target(struct redirect *r)
{
	if (r->target >> 47 == 0x1ffff)
		return 0;
	return problem(&r->build.problems, CLI_INPUT, "bad-address",
		       "0x%" PRIx64 " is not an address of kernel code", r->target);
}

static int target_by_address(struct redirect *r)
{
	char *end;

	errno = 0;
	r->target = strtoull(r->new, &end, 16);
	if (errno || *end || end == r->new + 2)
		return problem(&r->build.problems, CLI_INPUT, "bad-address",
			       "'%s' is not an address", r->new);
	return check_target(r);
}

static int target_by_name(struct redirect *r)
{
	const struct guest_symbol *s = guest_symbols_find(&r->symbols, r->new, &r->build.problems);

	if (!s)
		return -1;
	if (!strchr("tTwW", s->type))
		return problem(&r->build.problems, CLI_INPUT, "not-code",
			       "'%s' is not a function: its type in %s is %c", r->new,
			       r->symbols.path, s->type);
	r->target = s->addr;
	return check_target(r);
}

/* By the module's file, which has all names, even if --symbols has only the sections' addresses. */
static int target_in_module(struct redirect *r)
{
	struct build *b = &r->build;
	GElf_Sym sym;

	build_module(b)->path = r->module_path;
	build_module(b)->symbols_path = r->symbols_path;
	if (module_open(b))
		return -1;
	if (!module_find(b, r->new, &sym))
		return problem(&b->problems, CLI_INPUT, "undefined-symbol", "%s: there is no symbol "
			       "'%s'", r->module_path, r->new);
	if (!sym.st_shndx)
		return -1;
	if (GELF_ST_TYPE(sym.st_info) != STT_FUNC)
		return problem(&b->problems, CLI_INPUT, "not-code", "'%s' of %s is not a function",
			       r->new, r->module_path);
	r->target = module_address(b->module, &sym);
	/* OLD is a function of the kernel, even if the module has one of that name. */
	module_close(b);
	return check_target(r);
}

static int open_symbols(struct redirect *r)
{
	struct build *b = &r->build;

	/* module_open() reads it itself. */
	if (!r->symbols_path || r->module_path)
		return 0;
	if (guest_symbols_open(&r->symbols, r->symbols_path, &b->problems))
		return -1;
	return guest_symbols_slide(&r->symbols, &b->kernel, &b->guest.slide_known, &b->guest.slide,
				   &b->problems);
}

/* ---- the patch ---- */

static void add_function(struct redirect *r)
{
	struct replacement *one = add_replacement(&r->build, xstrdup(r->old), xstrdup(r->new));

	one->new = (struct value){ PATCH_BASE_ABSOLUTE, (int64_t)r->target };
}

static int make_patch(struct redirect *r)
{
	struct build *b = &r->build;

	if (build_check_name(b) || kernel_open(&b->kernel, b->opt.kernel_path, &b->problems) ||
	    build_release(b, false) || open_symbols(r))
		return -1;
	if (is_address(r->new) ? target_by_address(r) :
	    r->module_path ? target_in_module(r) : target_by_name(r))
		return -1;
	add_function(r);
	return build_sites(b) || build_file(b) ? -1 : 0;
}

static int write_patch(struct redirect *r, const struct cli *cli)
{
	const struct patch_header *h = (const struct patch_header *)r->build.output.file.data;
	const struct patch_site *s = &r->build.replace->site;

	if (build_write(&r->build))
		return out_problems(cli, &r->build.problems, NULL);
	if (!cli->json)
		printf("%s: patch %s: %s (0x%" PRIx64 ") -> %s (0x%" PRIx64 ")\n", r->build.opt.out,
		       r->build.opt.name, r->old, s->addr, r->new, s->target);
	return out_done(cli, json_pack("{s:s,s:s,s:o,s:s,s:o,s:s,s:o}", "file", r->build.opt.out,
		"name", r->build.opt.name, "id", json_bytes(h->id, sizeof(h->id)), "old", r->old,
		"window", json_hex(s->addr), "new", r->new, "target", json_hex(s->target)));
}

static int apply_patch(struct session *s, void *arg)
{
	const struct bytes *file = arg;
	const struct patch_header *h = (const struct patch_header *)file->data;
	char id[SESSION_ID_HEX + 1];

	return change_apply(s, file, put_hex(id, h->id, SESSION_ID_HEX / 2));
}

int cmd_redirect(struct cli *cli, int argc, char **argv)
{
	struct redirect r = { .build = { .opt.anchor = "entry_SYSCALL_64" } };
	char *name = NULL;
	int ret;

	args_parse(&spec, cli, argc, argv, &r);
	if (!r.build.opt.name)
		r.build.opt.name = name = r.build.opt.out ? build_default_name(r.build.opt.out) :
			xprintf("redirect-%s", r.old);
	if (make_patch(&r))
		ret = out_problems(cli, &r.build.problems, NULL);
	else if (r.build.opt.out)
		ret = write_patch(&r, cli);
	else
		ret = session_run(cli, apply_patch, &r.build.output.file);
	guest_symbols_close(&r.symbols);
	build_close(&r.build);
	free(name);
	return ret;
}
