/* Random scenarios that are right, made from the table: for properties. */
#pragma once

#include <glib.h>

/* YAML text. The same stream gives the same text. New string. */
char *random_scenario(GRand *random);
