/* `vcbench validate [--show] [--schema] [--set PATH=VALUE] FILE...` */
#pragma once

/* argv[0] is the command's own name. Returns the exit status: 0, or 2 where a file is no scenario. */
int vcb_cmd_validate(int argc, char **argv);
