/* SPDX-License-Identifier: MIT */
/*
 * export.c - `longshore export`: an export is asked for, then its file is fetched.
 *
 * The link that the server gives begins as the server is known to its clients, which need not be
 * how we reach it; what follows is asked of the server that we know.
 */
#include "api/export_resource.h"
#include "client/interrupt.h"
#include "client/text.h"
#include "commands/cli.h"
#include "commands/commands.h"

#define BODY_MAX_BYTES (64 * KIB)

static int refuse_object(const char *name, struct err *err)
{
    struct buf names;
    const struct export_resource *resource;
    buf_init(&names, KIB);
    for (size_t i = 0; (resource = export_resource_at(i)) != NULL; i++)
        buf_printf(&names, "%s%ss", i > 0 ? ", " : "", resource->name);
    err_set(err, ERR_INVALID_PAYLOAD, "RESOURCE '%.100s' is none of %.*s", name,
            STR_FMT(buf_str(&names)));
    buf_release(&names);
    return -1;
}

/* The server may be of another version: it has the last word on all but the name. */
static int find_object(const char *name, const char **out, struct err *err)
{
    const struct export_resource *resource;
    for (size_t i = 0; (resource = export_resource_at(i)) != NULL; i++) {
        *out = resource->name;
        if (cli_is_resource(name, resource->name))
            return 0;
    }
    return refuse_object(name, err);
}

/* ---- asking for it ---- */

static void put_fields(struct json_out *o, const char *list)
{
    struct str rest = str_of(list);
    json_key(o, "fields");
    json_array(o);
    while (rest.p != NULL)
        json_str(o, str_trim(str_cut(rest, ',', &rest)));
    json_array_end(o);
}

static void put_body(struct buf *b, const struct export_options *o, const char *object)
{
    struct json_out out = { .b = b };
    json_object(&out);
    json_key(&out, "exported_object");
    json_str(&out, str_of(object));
    json_key(&out, "parameters");
    json_object(&out);
    if (o->fields != NULL)
        put_fields(&out, o->fields);
    if (o->order != NULL) {
        json_key(&out, "order");
        json_str(&out, str_of(o->order));
    }
    json_object_end(&out);
    json_object_end(&out);
}

/* A text of the answer, in the arena. */
static int read_text(struct arena *a, const struct call *k, const char *above, const char *key,
                     struct str *out, struct err *err)
{
    struct json *v = NULL;
    if (cli_read(k, "export", a, &v, err) < 0)
        return -1;
    *out = json_text(above != NULL ? json_member(v, above) : v, key);
    return out->p != NULL ? 0
                          : err_set(err, ERR_INVALID_JSON, "%s: the answer is no export", k->doing);
}

static int create(const struct export_options *o, const char *doing, const char *object,
                  struct arena *a, struct str *id, struct err *err)
{
    struct buf body;
    struct call k;
    buf_init(&body, BODY_MAX_BYTES);
    put_body(&body, o, object);
    call_init(&k, doing, "/v1/exports");
    k.method = CALL_POST;
    k.json = buf_str(&body);
    int rc = buf_ok(&body, err);
    if (rc == 0)
        rc = cli_request(&o->server, &k, err);
    if (rc == 0)
        rc = read_text(a, &k, NULL, "id", id, err);
    call_release(&k);
    buf_release(&body);
    return rc;
}

/* ---- the file ---- */

#define PATH "/v1/exports/"

/* Path and token of the link. */
static int cut_link(struct str url, const char *doing, struct arena *a, const char **out,
                    struct err *err)
{
    const char *text = arena_printf(a, "%.*s", STR_FMT(url));
    if (text == NULL)
        return err_nomem(err);
    *out = strstr(text, PATH);
    return *out != NULL ? 0 : err_set(err, ERR_INVALID_JSON, "%s: the answer has no link", doing);
}

static int find_link(const struct export_options *o, const char *doing, struct str id,
                     struct arena *a, const char **out, struct err *err)
{
    struct str url = { NULL, 0 };
    struct call k;
    call_init(&k, doing, PATH);
    text_put_escaped(&k.path, id);
    int rc = cli_request(&o->server, &k, err);
    if (rc == 0)
        rc = read_text(a, &k, "result", "url", &url, err);
    if (rc == 0)
        rc = cut_link(url, doing, a, out, err);
    call_release(&k);
    return rc;
}

static int fetch(const struct export_options *o, const char *doing, const char *link,
                 struct err *err)
{
    struct call k;
    call_init(&k, doing, link);
    const int rc = cli_fetch(&o->server, &k, o->output, err);
    call_release(&k);
    return rc;
}

static int run(const struct export_options *o, struct arena *a, struct err *err)
{
    const char *object = NULL, *link = NULL;
    struct str id = { NULL, 0 };
    if (find_object(o->resource, &object, err) < 0 ||
        (o->fields != NULL && cli_check_text("--fields", o->fields, err) < 0) ||
        (o->order != NULL && cli_check_text("--order", o->order, err) < 0))
        return -1;
    const char *doing = arena_printf(a, "cannot export %ss", object);
    if (doing == NULL)
        return err_nomem(err);
    interrupt_catch();
    return create(o, doing, object, a, &id, err) < 0 || find_link(o, doing, id, a, &link, err) < 0
               ? -1
               : fetch(o, doing, link, err);
}

int export_run(const void *values)
{
    struct err err = { 0 };
    struct arena a;
    arena_init(&a, 4 * KIB, 0);
    const int rc = run(values, &a, &err);
    arena_release(&a);
    if (rc == 0)
        return CLI_OK;
    return interrupt_seen() ? INTERRUPT_EXIT : cli_fail(&err);
}
