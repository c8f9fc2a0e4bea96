/* SPDX-License-Identifier: GPL-2.0-only */
/* `subtext inspect`: prints what is in a patch file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "patcher/cli/base/args.h"
#include "patcher/cli/base/array.h"
#include "patcher/cli/base/out.h"
#include "patcher/cli/commands/commands.h"
#include "patcher/cli/inspect/inspect.h"

#define DEFAULT_INSNS 8
#define MAX_INSNS 4096

struct inspect_args {
	const char *file;
	const char *kernel;
	unsigned long insns;
};

static const struct args_option options[] = {
	{ "kernel", 'k', "KERNEL", "Show names of this kernel instead of addresses",
	  ARGS_TEXT, ARGS_FIELD(struct inspect_args, kernel) },
	{ "instructions", 'n', "N", "How many instructions of each new function (default: 8)",
	  ARGS_NUMBER, offsetof(struct inspect_args, insns), 0, MAX_INSNS, NULL },
	{ 0 }
};

static void take_file(struct argp_state *state, void *input, const char *arg)
{
	struct inspect_args *a = input;

	args_one(state, &a->file, arg, "file");
}

static void check_args(struct argp_state *state, const void *input)
{
	const struct inspect_args *a = input;

	if (!a->file)
		argp_error(state, "which patch file?");
}

static const struct args_spec spec = {
	.options = options,
	.argument = take_file,
	.check = check_args,
	.usage = "FILE",
	.doc = "Checks a patch file as the hypervisor would and shows what is in it.",
};

static long long num(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* A file may have any origin: only its printable characters go to the terminal. */
static void print_plain(const char *s)
{
	for (; *s; s++)
		putchar((unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
}

static void print_insn(const json_t *insn, const char *indent)
{
	printf("%s%s: %-20s  %s", indent, json_str(insn, "address"), json_str(insn, "bytes"),
	       json_str(insn, "text"));
	if (*json_str(insn, "refers"))
		fputs("   ; ", stdout);
	print_plain(json_str(insn, "refers"));
	putchar('\n');
}

static void print_old(const json_t *site)
{
	const json_t *old = json_object_get(site, "old");

	if (json_object_get(old, "size"))
		printf("  replaces %lld bytes at %s", num(old, "size"), json_str(old, "address"));
	if (json_object_get(old, "instructions"))
		printf(", %lld instructions from the window on, %lld watched for probes",
		       num(old, "instructions"), num(old, "watched"));
	if (json_object_size(old))
		putchar('\n');
}

static void print_site(const json_t *site)
{
	const json_t *target = json_object_get(site, "target"), *insn;
	size_t i;

	printf("\nsite %s, %s address %s, window %lld bytes in an instruction of %lld%s\n",
	       json_str(site, "symbol"), json_str(site, "place"), json_str(site, "address"),
	       num(site, "len"), num(site, "insn_len"),
	       json_is_true(json_object_get(site, "fentry")) ? ", the tracer's place" : "");
	print_old(site);
	printf("  expected there:\n");
	print_insn(json_object_get(site, "expect"), "    ");
	printf("  becomes:\n    %s: %-20s  ", json_str(site, "address"), "e9........");
	print_plain(json_str(site, "becomes"));
	printf("\n  jumps to %s %s%s", json_str(target, "kind"), json_str(target, "offset"),
	       json_str(target, "address"));
	if (*json_str(target, "symbol"))
		fputs(", ", stdout);
	print_plain(json_str(target, "symbol"));
	if (json_object_get(target, "size"))
		printf(" (%lld bytes)", num(target, "size"));
	puts(json_array_size(json_object_get(target, "code")) ? ":" : "");
	json_array_foreach(json_object_get(target, "code"), i, insn)
		print_insn(insn, "    ");
}

static void print_special(const json_t *o)
{
	const json_t *all = json_object_get(o, "special"), *v;
	size_t i;

	if (json_array_size(all))
		printf("\nspecial constructs of the new code:\n");
	json_array_foreach(all, i, v) {
		fputs("  ", stdout);
		print_plain(json_str(v, "what"));
		fputs(": ", stdout);
		print_plain(json_str(v, "how"));
		if (num(v, "count") > 1)
			printf(", %lld times", num(v, "count"));
		fputs(": ", stdout);
		print_plain(json_str(v, "why"));
		putchar('\n');
	}
}

static void print_uses(const json_t *o)
{
	const json_t *all = json_object_get(o, "uses"), *v;
	size_t i;

	if (json_array_size(all))
		printf("\nsymbols of the kernel that it uses:\n");
	json_array_foreach(all, i, v) {
		printf("  %-18s  ", json_str(v, "address"));
		print_plain(json_str(v, "symbol"));
		puts(json_is_true(json_object_get(v, "absolute")) ? "  (does not move: per-CPU or "
		     "absolute)" : "");
	}
}

static void print_header(const json_t *o)
{
	printf("name:       %s\nid:         %s\nformat:     %lld, %lld bytes, %s\n",
	       json_str(o, "name"), json_str(o, "id"), num(o, "version"), num(o, "size"),
	       json_is_true(json_object_get(o, "signed")) ? "signed" : "not signed");
	printf("kernel:     build-id %s at %s\nanchor:     %s\n", json_str(o, "build_id"),
	       json_str(o, "build_id_address"), json_str(o, "anchor"));
	if (*json_str(o, "release")) {
		fputs("release:    ", stdout);
		print_plain(json_str(o, "release"));
		putchar('\n');
	}
	printf("payload:    text %lld bytes, data %lld bytes (%lld from the file)\n",
	       num(o, "text"), num(o, "data_mem"), num(o, "data"));
}

/* Lines of meta that are printed above in another form. */
static bool shown_before(const char *line)
{
	static const char *const keys[] = { "release=", "replaces=", "uses=", "uses-absolute=",
					    "special=" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strncmp(line, keys[i], strlen(keys[i])))
			return true;
	return false;
}

static void print_text(const json_t *o)
{
	const json_t *fixups = json_object_get(o, "fixups"), *v;
	size_t i;

	print_header(o);
	json_array_foreach(json_object_get(o, "sites"), i, v)
		print_site(v);
	print_special(o);
	print_uses(o);
	printf("\n%zu fixups%s\n", json_array_size(fixups), json_array_size(fixups) ? ":" : "");
	json_array_foreach(fixups, i, v) {
		printf("  %s+%-8s %-6s %s ", json_str(v, "in"), json_str(v, "offset"),
		       json_str(v, "type"), json_str(v, "base"));
		print_plain(json_str(v, "refers"));
		putchar('\n');
	}
	printf("\nmeta:\n");
	json_array_foreach(json_object_get(o, "meta"), i, v) {
		if (shown_before(json_string_value(v)))
			continue;
		fputs("  ", stdout);
		print_plain(json_string_value(v));
		putchar('\n');
	}
}

/* Another kernel than that of the patch would give wrong names for addresses. */
static int check_kernel(struct inspection *in, const char *path, struct problems *p)
{
	const struct patch_header *h = in->patch.header;

	if (!path)
		return 0;
	if (kernel_open(&in->kernel, path, p))
		return -1;
	in->have_kernel = true;
	if (h->build_id_len != in->kernel.build_id_len ||
	    memcmp(h->build_id, in->kernel.build_id, h->build_id_len))
		return problem(p, CLI_INPUT, "other-kernel",
			       "the patch is not for %s: their build-ids differ", path);
	return 0;
}

int cmd_inspect(struct cli *cli, int argc, char **argv)
{
	struct inspect_args a = { .insns = DEFAULT_INSNS };
	struct inspection in = { 0 };
	struct problems p = { 0 };
	json_t *o;
	int ret;

	args_parse(&spec, cli, argc, argv, &a);
	in.insns = (unsigned int)a.insns;
	if (inspect_open(&in, a.file, &p) || check_kernel(&in, a.kernel, &p)) {
		ret = out_problems(cli, &p, NULL);
	} else {
		o = inspect_json(&in);
		if (!cli->json)
			print_text(o);
		ret = out_done(cli, o);
	}
	inspect_close(&in);
	problems_free(&p);
	return ret;
}
