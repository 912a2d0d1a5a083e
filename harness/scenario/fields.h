/* The fields of the settings' structs, found by the table's offsets: read, written, filled with defaults, compared, freed. */
#pragma once

#include "harness/scenario/settings_table.h"

/* The field at an offset of a struct. */
#define VCB_FIELD_AT(type, base, offset) ((type *)(gpointer)((char *)(base) + (offset)))

/* Put a scalar into its field; a text is taken over. */
void vcb_field_store(const VcbSetting *setting, gpointer base, VcbValue *value);

/* The scalar in a field; a text is borrowed: do not clear the value. */
VcbValue vcb_field_load(const VcbSetting *setting, gconstpointer base);

/* Every default of a table into a struct that holds nothing yet. */
void vcb_fields_fill(const VcbSetting *table, gpointer base);

/* Free what a struct owns; it can be filled again. */
void vcb_fields_clear(const VcbSetting *table, gpointer base);

/* The same for the one list of this row. */
void vcb_fields_clear_list(const VcbSetting *setting, gpointer base);

/* Back to the defaults. */
void vcb_fields_reset(const VcbSetting *table, gpointer base);

/* Free what the settings own. Zeroed settings are fine. */
void vcb_settings_clear(VcbSettings *settings);

/* Equal in every setting of the table. */
gboolean vcb_settings_equal(const VcbSettings *a, const VcbSettings *b);

/* The text of the scalar at a path below `base`, whose rows are `table`; lists are not entered. NULL where it
 * has none. */
char *vcb_settings_text(const VcbSetting *table, gconstpointer base, const char *path);
