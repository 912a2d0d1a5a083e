/* The commands of vcbench: one function each, which parses its own arguments and returns the exit status
 * (docs/cli.md). */
#pragma once

#include <glib.h>

int vcb_cmd_run(int argc, char **argv);
int vcb_cmd_validate(int argc, char **argv);
int vcb_cmd_report(int argc, char **argv);
int vcb_cmd_doctor(int argc, char **argv);
int vcb_cmd_bench(int argc, char **argv);

/* Shall output on this descriptor be coloured? A terminal, and neither NO_COLOR nor TERM=dumb. */
gboolean vcb_cli_colour(int fd);

/* "text", "json", "github" to VcbFormat; FALSE and an error for anything else. */
gboolean vcb_cli_parse_format(const char *text, int *ret_format, GError **error);

/* The file that a person means: the path itself, or where there is none, the scenario of this name that came with the
 * installation ("lan.yaml", "scenarios/lan.yaml"). New string; the word as it is where neither exists. */
char *vcb_cli_scenario_path(const char *word);

/* Print "vcbench: MESSAGE" (and, for usage errors, where help is) on stderr; returns the error's exit status.
 */
int vcb_cli_fail(const char *command, const GError *error);
