/* `vcbench validate` alone, for the tests of this folder. */
#include "harness/cli/command.h"

int main(int argc, char **argv)
{
    return vcb_cmd_validate(argc, argv);
}
