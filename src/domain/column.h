/* SPDX-License-Identifier: MIT */
/*
 * column.h - what the columns of one file are, found out once from its header line.
 *
 * A column is a field of the resource, metadata, or of no use. The map is frozen in the action when
 * it is queued, so a file means the same after a restart and an upgrade.
 */
#ifndef DOMAIN_COLUMN_H
#define DOMAIN_COLUMN_H

#include "domain/field.h"
#include "domain/metadata_schema.h"

enum { COLUMN_METADATA = -1, COLUMN_UNUSED = -2 };

struct column {
    int field;             /* row of the field table, or COLUMN_… */
    struct str key;        /* COLUMN_METADATA: the key, as written in the header */
    struct str key_quoted; /* the same, quoted and escaped as JSON */
    const struct metadata_definition *definition; /* what cells become; NULL: texts */
};

struct column_map {
    struct column *columns;
    size_t n;
    bool defined; /* some columns have definitions */
};

/* Maps a header line. Of a repeated heading (or metadata key) the last one wins, an empty heading
 * is unused. A key keeps every byte of its heading. Everything lives in the arena; keys are
 * copied. -1: ERR_NOMEM. */
int column_map_build(const struct field_table *t, const struct str *headings, size_t n,
                     struct arena *a, struct column_map *out, struct err *err) MUST_CHECK;

/* Columns of keys that the schema defines are converted by it from now on; see
 * metadata_coerce_cell(). A cell that cannot be stays a text, which the schema refuses. */
void column_map_define(struct column_map *m, const struct metadata_schema *s);

bool column_map_has(const struct column_map *m, const struct field_table *t, const char *heading);

/* Sorts a record's cells by field: given[t->n] are the cells in the table's order, {NULL,0} where
 * nothing was given. Blanks around a cell count for texts only. Cells beyond the map are skipped.
 */
void column_map_pick(const struct column_map *m, const struct field_table *t,
                     const struct str *cells, size_t n_cells, struct str *given);

/* The record's metadata as a compact JSON object of texts, or what a schema makes of them, keys in
 * column order, in one allocation; {NULL,0} when every such cell is empty. Cells must be valid
 * UTF-8. -1: ERR_NOMEM. */
int column_map_metadata(const struct column_map *m, const struct str *cells, size_t n_cells,
                        struct arena *a, struct str *out, struct err *err) MUST_CHECK;

/* The map as frozen in an action: a JSON array with an item a column: {"field":"Code"},
 * {"metadata":"Region"}, or null for an unused one. Reading it back copies the keys; ERR_STORE when
 * it is not such an array (a heading that the table does not have), ERR_NOMEM. */
void column_map_put_json(struct json_out *o, const struct field_table *t,
                         const struct column_map *m);
int column_map_from_json(const struct field_table *t, const struct json *array, struct arena *a,
                         struct column_map *out, struct err *err) MUST_CHECK;

#endif
