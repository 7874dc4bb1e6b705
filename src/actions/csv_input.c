/* SPDX-License-Identifier: MIT */
/*
 * csv_input.c - what a CSV upload says about itself, checked before it is queued and frozen in the
 * action.
 *
 * A restart, perhaps by a newer program, must map every row as the first run did; so the map from
 * column to field is stored by name, and never derived from the header again.
 */
#include "actions/registry.h"
#include "formats/csv.h"

#define PARAMS_MAX_BYTES (8 * MIB)
#define FOUND_MAX_BYTES  300 /* of the headings in a message */

/* "Code, Value, …": enough of it to recognise the file. */
static void put_headings(struct buf *b, const struct csv_head *head)
{
    for (size_t i = 0; i < head->n; i++) {
        if (b->len > FOUND_MAX_BYTES) {
            buf_puts(b, STR(", …"));
            return;
        }
        if (i > 0)
            buf_puts(b, STR(", "));
        buf_puts(b, head->headings[i]);
    }
}

static int refuse(const char *what, const char *column, const struct csv_head *head,
                  struct err *err)
{
    struct buf found;
    buf_init(&found, 2 * (size_t)FOUND_MAX_BYTES + CSV_FIELD_MAX_BYTES);
    put_headings(&found, head);
    const struct str shown = str_utf8_cut(buf_str(&found), FOUND_MAX_BYTES);
    err_set(err, ERR_INVALID_PAYLOAD, "CSV file should have %s '%s' (found: %.*s)", what, column,
            STR_FMT(shown));
    buf_release(&found);
    return -1;
}

static bool has_fields(const struct column_map *map)
{
    size_t i = 0;
    while (i < map->n && map->columns[i].field < 0)
        i++;
    return i < map->n;
}

/* A file of another kind, or with a delimiter that is none of ours, would pass for one that has
 * nothing but metadata. */
static int check_columns(const struct action_kind *kind, const struct csv_head *head,
                         const struct column_map *map, struct err *err)
{
    for (const char *const *name = kind->required_columns; *name != NULL; name++) {
        if (!column_map_has(map, kind->fields, *name))
            return refuse("required column", *name, head, err);
    }
    return has_fields(map) ? 0 : refuse("a known column, like", kind->key_heading, head, err);
}

static int put_params(const struct action_kind *kind, const struct csv_head *head,
                      const struct column_map *map, bool webhooks_enable,
                      const struct campaign *campaign, struct arena *a, struct str *params,
                      struct err *err)
{
    struct buf b;
    buf_init(&b, PARAMS_MAX_BYTES);
    struct json_out o = { .b = &b };
    json_object(&o);
    json_key(&o, "delimiter");
    json_str(&o, (struct str){ &head->delimiter, 1 });
    json_key(&o, "data_start");
    json_int(&o, (int64_t)head->data_offset);
    json_key(&o, "webhooks_enable");
    json_bool(&o, webhooks_enable);
    json_key(&o, "columns");
    column_map_put_json(&o, kind->fields, map);
    if (campaign != NULL) {
        json_key(&o, "campaign");
        campaign_freeze(&o, campaign);
    }
    json_object_end(&o);
    return buf_keep(&b, a, params, err);
}

int action_freeze_csv(const struct action_kind *kind, struct str head, bool whole,
                      bool webhooks_enable, const struct campaign *campaign, struct arena *a,
                      struct str *params, struct err *err)
{
    struct csv_head csv;
    struct column_map map;
    if (csv_sniff(head, whole, a, &csv, err) < 0 ||
        column_map_build(kind->fields, csv.headings, csv.n, a, &map, err) < 0 ||
        check_columns(kind, &csv, &map, err) < 0)
        return -1;
    return put_params(kind, &csv, &map, webhooks_enable, campaign, a, params, err);
}
