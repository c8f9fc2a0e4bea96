/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext build`: options, the stages in order, the summary. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/args.h"
#include "cli/build.h"
#include "cli/disasm.h"

enum { OPT_REPLACE = 0x100, OPT_SYMBOL, OPT_ANCHOR };

struct args {
	struct build *b;
	char **objects;
	size_t nobjects;
};

static const struct argp_option options[] = {
	{ "kernel", 'k', "KERNEL.elf", 0, "The kernel with its symbols (vmlinux)", 0 },
	{ "output", 'o', "OUT.patch", 0, "Where to write the patch", 0 },
	{ "name", 'n', "NAME", 0, "Name of the patch (default: OUT without .patch)", 0 },
	{ "replace", OPT_REPLACE, "OLD=NEW", 0,
	  "Replace function OLD of the kernel by NEW of the objects; as SUBTEXT_REPLACE() in the "
	  "source. OLD may be name@file.c or name@N", 0 },
	{ "symbol", OPT_SYMBOL, "NAME=WHAT", 0,
	  "What NAME in the objects refers to: 0xADDRESS, or another name, name@file.c or name@N",
	  0 },
	{ "anchor", OPT_ANCHOR, "SYMBOL", 0,
	  "What IA32_LSTAR points to (default: entry_SYSCALL_64)", 0 },
	{ 0 }
};

/* Splits "LEFT=RIGHT"; both must be there. */
static void split(struct argp_state *state, const char *arg, const char *option, char **left,
		  char **right)
{
	const char *eq = strchr(arg, '=');

	if (!eq || eq == arg || !eq[1])
		argp_error(state, "%s takes two names with '=' between them, not '%s'", option,
			   arg);
	*right = xstrdup(eq + 1);
	*left = xstrdup(arg);
	(*left)[eq - arg] = '\0';
}

static void add_replace(struct argp_state *state, struct build *b, const char *arg)
{
	struct replacement *r;

	b->replace = xrealloc(b->replace, (b->nreplace + 1) * sizeof(*b->replace));
	r = &b->replace[b->nreplace++];
	memset(r, 0, sizeof(*r));
	split(state, arg, "--replace", &r->old_name, &r->new_name);
}

static void add_override(struct argp_state *state, struct build *b, const char *arg)
{
	struct override *o;
	char *end;

	b->overrides = xrealloc(b->overrides, (b->noverrides + 1) * sizeof(*b->overrides));
	o = &b->overrides[b->noverrides++];
	split(state, arg, "--symbol", &o->name, &o->target);
	if (strncmp(o->target, "0x", 2))
		return;
	errno = 0;
	strtoull(o->target, &end, 16);
	if (errno || *end || end == o->target + 2)
		argp_error(state, "--symbol: '%s' is not an address", o->target);
}

static void check_args(struct argp_state *state, const struct args *a)
{
	if (!a->nobjects)
		argp_error(state, "which object files? Compile the new code with gcc -c first");
	if (!a->b->kernel_path)
		argp_error(state, "--kernel is missing: the kernel the patch is for");
	if (!a->b->out)
		argp_error(state, "-o is missing: where to write the patch");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct args *a = state->input;

	switch (key) {
	case 'k':
		a->b->kernel_path = arg;
		return 0;
	case 'o':
		a->b->out = arg;
		return 0;
	case 'n':
		a->b->name = arg;
		return 0;
	case OPT_REPLACE:
		add_replace(state, a->b, arg);
		return 0;
	case OPT_SYMBOL:
		add_override(state, a->b, arg);
		return 0;
	case OPT_ANCHOR:
		a->b->anchor_name = arg;
		return 0;
	case ARGP_KEY_ARG:
		a->objects = xrealloc(a->objects, (a->nobjects + 1) * sizeof(*a->objects));
		a->objects[a->nobjects++] = arg;
		return 0;
	case ARGP_KEY_END:
		check_args(state, a);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.args_doc = "OBJECT.o... --kernel KERNEL.elf -o OUT.patch",
	.doc = "Makes a patch out of object files that were compiled for the kernel:\n"
	       "gcc -c -O2 -ffreestanding -mcmodel=kernel -fno-pic -fno-pie -mno-red-zone "
	       "-mgeneral-regs-only -fno-stack-protector fix.c"
	       "\vNothing is written if anything is in the way: each problem is named.",
};

static int run_stages(struct build *b, const struct args *a)
{
	if (build_check_name(b) || build_open(b, a->objects, a->nobjects) || build_layout(b) ||
	    build_replacements(b))
		return -1;
	/* Both report: what is wrong with the windows, and which symbols are missing. */
	if (build_relocate(b) | build_sites(b))
		return -1;
	return build_file(b) || build_write(b) ? -1 : 0;
}

/* ---- summary ---- */

static json_t *json_sites(const struct build *b)
{
	json_t *all = json_array();

	for (size_t i = 0; i < b->nreplace; i++) {
		const struct replacement *r = &b->replace[i];

		json_array_append_new(all, json_pack("{s:s,s:s,s:o,s:i,s:o}",
			"old", (char *)b->strings.data + r->site.name, "new", r->new_name,
			"window", json_hex(r->site.addr), "insn_len", (int)r->site.insn_len,
			"expect", json_bytes(r->site.expect, r->site.len)));
	}
	return all;
}

static json_t *json_left_out(const struct build *b)
{
	json_t *all = json_array();

	for (size_t i = 0; i < b->nobjects; i++)
		for (size_t j = 0; j < b->objects[i].nsections; j++) {
			const struct place *pl = &b->objects[i].places[j];

			if (pl->dropped)
				json_array_append_new(all, json_pack("{s:s,s:s,s:s}",
					"object", b->objects[i].path, "section", pl->name,
					"reason", pl->dropped));
		}
	return all;
}

static json_t *summary_json(const struct build *b)
{
	const struct patch_header *h = (const struct patch_header *)b->file.data;

	return json_pack("{s:s,s:s,s:o,s:o,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o}",
		"file", b->out, "name", b->name, "id", json_bytes(h->id, sizeof(h->id)),
		"build_id", json_bytes(h->build_id, h->build_id_len),
		"size", (json_int_t)b->file.len, "text", (json_int_t)b->text.len,
		"data", (json_int_t)b->data.len, "data_mem", (json_int_t)b->data_mem,
		"fixups", (json_int_t)b->nfixups, "anchor", json_hex(h->anchor),
		"sites", json_sites(b), "left_out", json_left_out(b));
}

static void print_site(const struct build *b, const struct replacement *r)
{
	char text[INSN_TEXT_MAX] = "?";
	uint8_t len;

	disasm_text(r->site.expect, r->site.len, r->site.addr, text, &len);
	printf("  %s+%u (0x%" PRIx64 ") -> %s, in place of", (char *)b->strings.data + r->site.name,
	       r->window_offset, r->site.addr, r->new_name);
	for (unsigned int i = 0; i < r->site.len; i++)
		printf(" %02x", r->site.expect[i]);
	if (r->site.insn_len == r->site.len)
		printf(" (%s)", text);
	putchar('\n');
}

static void print_summary(const struct cli *cli, const struct build *b)
{
	const struct patch_header *h = (const struct patch_header *)b->file.data;

	printf("%s: patch %s, id ", b->out, b->name);
	for (unsigned int i = 0; i < 8; i++)
		printf("%02x", h->id[i]);
	printf(", %zu bytes: text %zu, data %llu, %zu fixups, %zu %s\n", b->file.len, b->text.len,
	       (unsigned long long)b->data_mem, b->nfixups, b->nreplace,
	       b->nreplace == 1 ? "site" : "sites");
	for (size_t i = 0; i < b->nreplace; i++)
		print_site(b, &b->replace[i]);
	if (!cli->verbose)
		return;
	for (size_t i = 0; i < b->nobjects; i++)
		for (size_t j = 0; j < b->objects[i].nsections; j++)
			if (b->objects[i].places[j].dropped)
				printf("  left out: %s of %s: %s\n", b->objects[i].places[j].name,
				       b->objects[i].path, b->objects[i].places[j].dropped);
}

int cmd_build(struct cli *cli, int argc, char **argv)
{
	struct build b = { .anchor_name = "entry_SYSCALL_64" };
	struct args a = { .b = &b };
	char *name = NULL;
	int ret;

	args_parse(&argp, cli, argc, argv, &a);
	if (!b.name)
		b.name = name = build_default_name(b.out);
	if (run_stages(&b, &a)) {
		ret = out_problems(cli, &b.problems, NULL);
	} else {
		if (!cli->json)
			print_summary(cli, &b);
		ret = out_done(cli, cli->json ? summary_json(&b) : NULL);
	}
	build_close(&b);
	free(a.objects);
	free(name);
	return ret;
}
