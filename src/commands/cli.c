/* SPDX-License-Identifier: MIT */
/* cli.c - see cli.h. */
#include <errno.h>
#include <stdio.h>

#include "client/follow.h"
#include "client/interrupt.h"
#include "client/text.h"
#include "commands/cli.h"
#include "commands/target.h"

#define RETRY_MAX_S    86400
#define ID_MAX_BYTES   100
#define TEXT_MAX_BYTES (64 * KIB)

int cli_fail(const struct err *err)
{
    struct buf text;
    buf_init(&text, TEXT_MAX_BYTES);
    text_put_safe(&text, str_of(err->msg));
    fprintf(stderr, "longshore: %.*s\n", STR_FMT(buf_str(&text)));
    buf_release(&text);
    return CLI_FAILED;
}

int cli_print(const struct buf *text, int status)
{
    struct err err;
    if (buf_ok(text, &err) < 0)
        return cli_fail(&err);
    if (fwrite(text->p, 1, text->len, stdout) == text->len && fflush(stdout) == 0)
        return status;
    err_sys(&err, "cannot write to standard output");
    return cli_fail(&err);
}

int cli_print_json(const struct buf *json, int status)
{
    const struct buf newline = { .p = (char[]){ '\n' }, .len = 1 };
    const int rc = cli_print(json, status);
    return rc == status ? cli_print(&newline, status) : rc;
}

int cli_check_id(const char *id, struct err *err)
{
    const size_t good =
        strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");
    if (good == strlen(id) && good > 0 && good <= ID_MAX_BYTES)
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD,
                   "'%.*s' is no id of an action; they look like aa_0adad13d6f057f088e, and "
                   "`longshore actions list` shows them",
                   ID_MAX_BYTES, id);
}

int cli_request(const struct client_options *server, struct call *k, struct err *err)
{
    struct client *c = NULL;
    k->silence_max_s = CLI_SILENCE_S;
    if (client_open(server, &c, err) < 0)
        return -1;
    const int rc = client_run(c, k, err);
    client_close(c);
    return rc;
}

int cli_read(const struct call *k, const char *what, struct arena *a, struct json **out,
             struct err *err)
{
    const struct str body = arena_str(a, buf_str(&k->body));
    if (body.p == NULL)
        return err_nomem(err);
    if (json_parse(a, body, out, err) == 0 && (*out)->type == JSON_OBJECT)
        return 0;
    return err->code == ERR_NOMEM
               ? -1
               : err_set(err, ERR_INVALID_JSON, "%s: the answer is no %s", k->doing, what);
}

int cli_fetch(const struct client_options *server, struct call *k, const char *output,
              struct err *err)
{
    struct target target;
    if (target_open(&target, output, err) < 0)
        return -1;
    k->sink = target_write;
    k->sink_arg = &target;
    int rc = cli_request(server, k, err);
    if (rc == 0)
        rc = target_finish(&target, err);
    if (rc < 0)
        target_abandon(&target);
    return rc;
}

int cli_check_text(const char *name, const char *text, struct err *err)
{
    if (str_utf8_invalid_at(str_of(text)) == strlen(text))
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD, "%s is no UTF-8", name);
}

/* ---- watch ---- */

/* -1: it is no number of seconds. */
static int64_t retry_ms(const char *text)
{
    int64_t s;
    return num_parse_i64(str_of(text), &s) && s >= 0 && s <= RETRY_MAX_S ? s * 1000 : -1;
}

int cli_check_retry(const char *retry, struct err *err)
{
    if (retry_ms(retry) >= 0)
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD, "--retry '%s' is no number of seconds (0 to %d)",
                   retry, RETRY_MAX_S);
}

/* The action does not care whether somebody looks. */
static int leave(const struct cli_watch *w, const struct err *err)
{
    const bool interrupted = interrupt_seen();
    if (!interrupted)
        cli_fail(err);
    fprintf(stderr,
            "%s\n"
            "  watch it again:  longshore actions watch %s\n"
            "  cancel it:       longshore actions cancel %s\n",
            interrupted ? "no longer watching; the action goes on"
                        : "the action does not need this command to go on",
            w->id, w->id);
    return interrupted ? INTERRUPT_EXIT : CLI_FAILED;
}

static void tell_end(const struct action_info *ac)
{
    struct buf text;
    buf_init(&text, MIB);
    action_info_put_end(&text, ac);
    fwrite(text.p, 1, text.len, stderr);
    buf_release(&text);
}

static int tell(const struct cli_watch *w, const struct buf *json, struct arena *a)
{
    struct action_info ac;
    struct err err;
    if (action_info_read(a, buf_str(json), &ac, &err) < 0)
        return cli_fail(&err);
    tell_end(&ac);
    const int status = action_info_exit_status(&ac);
    return w->json ? cli_print_json(json, status) : status;
}

int cli_watch(struct client *c, struct progress *p, const struct cli_watch *w)
{
    struct follow f = { .client = c, .id = w->id, .progress = p, .retry_ms = retry_ms(w->retry) };
    struct buf json;
    struct err err = { 0 };
    struct arena a;
    int status;
    buf_init(&json, 64 * MIB);
    arena_init(&a, 64 * KIB, 0);
    interrupt_catch();
    if (follow_to_end(&f, &json, &err) == 0)
        status = tell(w, &json, &a);
    else
        status = f.lost_us != 0 || interrupt_seen() ? leave(w, &err) : cli_fail(&err);
    arena_release(&a);
    buf_release(&json);
    return status;
}

/* ---- orders ---- */

static int read_id(struct cli_order *o, const struct call *k, struct err *err)
{
    struct arena a;
    struct json *v = NULL;
    arena_init(&a, 4 * KIB, 0);
    int rc = cli_read(k, "action", &a, &v, err);
    const struct str id = json_text(rc == 0 ? v : NULL, "async_action_id");
    if (id.p == NULL || id.len >= sizeof(o->id))
        rc = err_set(err, ERR_INVALID_JSON,
                     "%s: the answer names no action; is %s a Longshore server?", k->doing, o->url);
    else
        snprintf(o->id, sizeof(o->id), "%.*s", STR_FMT(id));
    arena_release(&a);
    return rc < 0 ? -1 : cli_check_id(o->id, err);
}

int cli_started(struct cli_order *o, const struct call *k)
{
    struct err err = { 0 };
    if (read_id(o, k, &err) < 0)
        return cli_fail(&err);
    if (o->no_wait && o->json)
        return cli_print_json(&k->body, CLI_OK);
    if (o->no_wait) {
        const struct buf id = { .p = o->id, .len = strlen(o->id) };
        return cli_print_json(&id, CLI_OK);
    }
    progress_note(o->progress, "action %s", o->id);
    return cli_watch(o->client, o->progress,
                     &(struct cli_watch){ .id = o->id, .retry = o->retry, .json = o->json });
}

int cli_not_started(const struct call *k, bool sent, const char *again, const char *stopped,
                    const struct err *err)
{
    const bool open = k->status == 0 && sent;
    if (!interrupt_seen())
        cli_fail(err);
    if (open && (interrupt_seen() || k->lost))
        fprintf(stderr, "%s\n", again);
    else if (interrupt_seen())
        fprintf(stderr, "%s\n", stopped);
    return interrupt_seen() ? INTERRUPT_EXIT : CLI_FAILED;
}

bool cli_is_resource(const char *given, const char *name)
{
    const size_t n = strlen(name);
    return strncmp(given, name, n) == 0 && (given[n] == '\0' || str_is(str_of(given + n), "s"));
}

/* As a shell takes it. */
static void put_word(struct buf *b, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.,:/@%+";
    if (word[strspn(word, plain)] == '\0') {
        buf_puts(b, str_of(word));
        return;
    }
    buf_putc(b, '\'');
    for (; *word != '\0'; word++)
        buf_puts(b, *word == '\'' ? STR("'\\''") : (struct str){ word, 1 });
    buf_putc(b, '\'');
}

void cli_advise(const char *to, const char *command, const char *resource, const char *key)
{
    struct buf words, text;
    buf_init(&words, TEXT_MAX_BYTES);
    buf_init(&text, TEXT_MAX_BYTES);
    buf_puts(&words, *resource == '-' || *key == '-' ? STR("-- ") : STR(""));
    put_word(&words, resource);
    buf_putc(&words, ' ');
    put_word(&words, key);
    text_put_safe(&text, buf_str(&words));
    fprintf(stderr, "  %s:  longshore %s %.*s\n", to, command, STR_FMT(buf_str(&text)));
    buf_release(&words);
    buf_release(&text);
}
