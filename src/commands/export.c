/* SPDX-License-Identifier: MIT */
/*
 * export.c - `longshore export`: an export is asked for, then its file is fetched.
 *
 * The link that the server gives begins as the server is known to its clients, which need not be
 * how we reach it; what follows is asked of the server that we know.
 */
#include "base/json.h"
#include "client/interrupt.h"
#include "client/text.h"
#include "commands/cli.h"
#include "commands/commands.h"
#include "commands/target.h"

#define BODY_MAX_BYTES (64 * KIB)

/* As in the API, and as `import` calls them. */
static const struct {
    const char *object, *name;
} resources[] = {
    { "voucher", "vouchers" },
    { "customer", "customers" },
    { "order", "orders" },
};

static int find_object(const char *name, const char **out, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(resources); i++) {
        *out = resources[i].object;
        if (str_is(str_of(name), resources[i].name) || str_is(str_of(name), resources[i].object))
            return 0;
    }
    return err_set(err, ERR_INVALID_PAYLOAD,
                   "'%.100s' cannot be exported; vouchers, customers and orders can", name);
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
    if (json_parse(a, buf_str(&k->body), &v, err) < 0)
        return err_wrap(err, "%s: the answer is no export", k->doing);
    const struct json *m = json_member(above != NULL ? json_member(v, above) : v, key);
    if (m == NULL || m->type != JSON_STRING)
        return err_set(err, ERR_INVALID_JSON, "%s: the answer is no export", k->doing);
    *out = arena_str(a, m->text); /* the answer goes with its call */
    return out->p != NULL ? 0 : err_nomem(err);
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
    struct target target;
    struct call k;
    if (target_open(&target, o->output, err) < 0)
        return -1;
    call_init(&k, doing, link);
    k.sink = target_write;
    k.sink_arg = &target;
    int rc = cli_request(&o->server, &k, err);
    if (rc == 0)
        rc = target_finish(&target, err);
    if (rc < 0)
        target_abandon(&target);
    call_release(&k);
    return rc;
}

static int run(const struct export_options *o, struct arena *a, struct err *err)
{
    const char *object = NULL, *link = NULL;
    struct str id = { NULL, 0 };
    if (find_object(o->resource, &object, err) < 0)
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
