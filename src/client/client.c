/* SPDX-License-Identifier: MIT */
/* client.c - see client.h. The one file that knows libcurl. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>

#include "base/json.h"
#include "client/client.h"
#include "client/interrupt.h"
#include "client/text.h"

#define CONNECT_MAX_S       10
#define ANSWER_MAX_BYTES    (64 * MIB) /* an action with 10,000 failures of long reasons */
#define URL_MAX_BYTES       (8 * KIB)
#define WIRE_BUFFER_BYTES   (256 * KIB) /* to send 2 GB takes 0.6 s of CPU; with 16 KiB 1.1 s */
#define DETAILS_SHOWN_BYTES 260         /* of what the server says; the advice is to fit as well */
#define DETAILS_END_BYTES   60          /* of them: its end, which may name what is wrong */
#define NAME_SHOWN_BYTES    40

struct client {
    const struct client_options *o;
    CURL *curl;
    struct str base; /* o->url without slashes at its end */
    bool loopback;
};

/* What curl's callbacks need of a call. */
struct running {
    struct client *c;
    struct call *k;
    struct curl_slist *headers;
    curl_mime *form;
    struct err *err;
    bool out_of_memory; /* while the request was put together */
    bool sink_failed;
};

/* ---- open ---- */

bool client_is_loopback(const char *host)
{
    static const char *const names[] = { "localhost", "[::1]", "::1" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq_nocase(str_of(host), str_of(names[i])))
            return true;
    }
    /* 127/8 only in full: "127.example.org" is somebody else's */
    return str_starts_with(str_of(host), STR("127.")) &&
           strspn(host, "0123456789.") == strlen(host);
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    const bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

static bool is_web(CURLU *url)
{
    char *scheme = NULL;
    const bool web = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                     (str_is(str_of(scheme), "http") || str_is(str_of(scheme), "https"));
    curl_free(scheme);
    return web;
}

static bool is_plain_address(CURLU *url)
{
    static const CURLUPart unwanted[] = { CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
                                          CURLUPART_FRAGMENT };
    bool plain = is_web(url);
    for (size_t i = 0; i < ARRAY_LEN(unwanted); i++)
        plain = plain && !has_part(url, unwanted[i]);
    return plain;
}

/* The text of a wrong address is not repeated: it may hold a password. */
static int check_url(struct client *c, struct err *err)
{
    CURLU *url = curl_url();
    char *host = NULL;
    int rc = -1;
    if (url == NULL)
        return err_nomem(err);
    if (curl_url_set(url, CURLUPART_URL, c->o->url, 0) != CURLUE_OK || !is_plain_address(url) ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) {
        err_set(err, ERR_INVALID_PAYLOAD,
                "--url must be like " CLIENT_URL_DEFAULT
                ": http or https, without user, password, query or fragment");
    } else {
        c->loopback = client_is_loopback(host);
        rc = 0;
    }
    curl_free(host);
    curl_url_cleanup(url);
    c->base = str_of(c->o->url);
    while (c->base.len > 0 && c->base.p[c->base.len - 1] == '/')
        c->base.len--;
    return rc;
}

int client_check_header(const char *flag, const char *value, struct err *err)
{
    const char *p = value;
    while (*p > ' ' && *p <= '~')
        p++;
    if (p > value && *p == '\0')
        return 0;
    return err_set(err, ERR_INVALID_PAYLOAD, "--%s must be plain ASCII without blanks", flag);
}

int client_open(const struct client_options *o, struct client **out, struct err *err)
{
    struct client *c = mem_calloc(1, sizeof(*c));
    if (c == NULL)
        return err_nomem(err);
    c->o = o;
    if (client_check_header("app-id", o->app_id, err) < 0 ||
        client_check_header("app-token", o->app_token, err) < 0 || check_url(c, err) < 0) {
        mem_free(c);
        return -1;
    }
    c->curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
    if (c->curl == NULL) {
        mem_free(c);
        return err_set(err, ERR_INTERNAL, "cannot start libcurl");
    }
    *out = c;
    return 0;
}

void client_close(struct client *c)
{
    if (c == NULL)
        return;
    curl_easy_cleanup(c->curl);
    curl_global_cleanup();
    mem_free(c);
}

/* ---- a call ---- */

void call_init(struct call *k, const char *doing, const char *path)
{
    *k = (struct call){ .doing = doing };
    buf_init(&k->path, URL_MAX_BYTES);
    buf_init(&k->body, ANSWER_MAX_BYTES);
    call_put_path(k, path);
}

void call_release(struct call *k)
{
    buf_release(&k->path);
    buf_release(&k->body);
}

void call_put_path(struct call *k, const char *part)
{
    buf_puts(&k->path, str_of(part));
}

void call_put_name(struct call *k, const char *name)
{
    text_put_escaped(&k->path, str_of(name));
}

void call_put_query(struct call *k, const char *name, const char *value)
{
    if (value == NULL)
        return;
    buf_printf(&k->path, "%c%s=", k->has_query ? '&' : '?', name);
    text_put_escaped(&k->path, str_of(value));
    k->has_query = true;
}

/* ---- curl's callbacks ---- */

static long status_of(CURL *curl)
{
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static bool is_success(long status)
{
    return status >= 200 && status < 300;
}

static size_t on_body(char *p, size_t one, size_t n, void *arg)
{
    struct running *r = arg;
    n *= one;
    if (r->k->sink == NULL || !is_success(status_of(r->c->curl))) {
        buf_put(&r->k->body, p, n);
        return n; /* what was too large is seen at the end */
    }
    if (r->k->sink(r->k->sink_arg, p, n, r->err) == 0)
        return n;
    r->sink_failed = true;
    return CURL_WRITEFUNC_ERROR;
}

static size_t on_read(char *out, size_t one, size_t n, void *arg)
{
    struct running *r = arg;
    const ssize_t got = source_read(r->k->source, out, one * n);
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

static int on_tick(void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                   curl_off_t up)
{
    const struct running *r = arg;
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    if (r->k->tick != NULL)
        r->k->tick(r->k->tick_arg);
    return interrupt_seen() ? 1 : 0;
}

/* ---- the request ---- */

static void put_header(struct running *r, const char *name, const char *value)
{
    struct buf line;
    buf_init(&line, URL_MAX_BYTES);
    buf_printf(&line, "%s: %s", name, value);
    buf_putc(&line, '\0');
    struct curl_slist *grown = line.failed ? NULL : curl_slist_append(r->headers, line.p);
    if (grown == NULL)
        r->out_of_memory = true;
    else
        r->headers = grown;
    buf_release(&line);
}

static void set_form(struct running *r)
{
    const struct source *u = r->k->source;
    r->form = curl_mime_init(r->c->curl);
    curl_mimepart *webhooks = r->form != NULL && u->webhooks ? curl_mime_addpart(r->form) : NULL;
    if (webhooks != NULL) {
        curl_mime_name(webhooks, "webhooks_enable");
        curl_mime_data(webhooks, "true", CURL_ZERO_TERMINATED);
    }
    curl_mimepart *file = r->form != NULL ? curl_mime_addpart(r->form) : NULL;
    if (file == NULL || (u->webhooks && webhooks == NULL) ||
        curl_mime_name(file, "file") != CURLE_OK || curl_mime_filename(file, u->name) != CURLE_OK ||
        curl_mime_type(file, "text/csv") != CURLE_OK ||
        curl_mime_data_cb(file, u->bytes, on_read, NULL, NULL, r) != CURLE_OK)
        r->out_of_memory = true;
    curl_easy_setopt(r->c->curl, CURLOPT_MIMEPOST, r->form);
}

static void set_json(struct running *r)
{
    curl_easy_setopt(r->c->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(r->c->curl, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(r->c->curl, CURLOPT_READDATA, r);
    curl_easy_setopt(r->c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->k->source->bytes);
    put_header(r, "Content-Type", "application/json");
}

/* A short body, or none. */
static void set_text(struct running *r)
{
    const struct str json = r->k->json;
    curl_easy_setopt(r->c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)json.len);
    if (curl_easy_setopt(r->c->curl, CURLOPT_COPYPOSTFIELDS, json.p != NULL ? json.p : "") !=
        CURLE_OK)
        r->out_of_memory = true;
    if (json.p != NULL)
        put_header(r, "Content-Type", "application/json");
}

static void set_body(struct running *r)
{
    if (r->k->source == NULL)
        set_text(r);
    else if (r->k->source->json)
        set_json(r);
    else
        set_form(r);
}

static void set_method(struct running *r)
{
    static const char *const names[] = { [CALL_PUT] = "PUT", [CALL_DELETE] = "DELETE" };
    const enum call_method method = r->k->method;
    if (method == CALL_POST || method == CALL_PUT)
        set_body(r);
    if (method == CALL_PUT || method == CALL_DELETE) /* curl's own PUT knows no short texts */
        curl_easy_setopt(r->c->curl, CURLOPT_CUSTOMREQUEST, names[method]);
}

static void set_headers(struct running *r)
{
    put_header(r, "X-App-Id", r->c->o->app_id);
    put_header(r, "X-App-Token", r->c->o->app_token);
    if (r->k->idempotency_key != NULL)
        put_header(r, "Idempotency-Key", r->k->idempotency_key);
    curl_easy_setopt(r->c->curl, CURLOPT_HTTPHEADER, r->headers);
}

static void set_url(struct running *r)
{
    struct buf url;
    buf_init(&url, 2 * URL_MAX_BYTES);
    buf_puts(&url, r->c->base);
    buf_puts(&url, buf_str(&r->k->path));
    buf_putc(&url, '\0');
    if (url.failed || r->k->path.failed ||
        curl_easy_setopt(r->c->curl, CURLOPT_URL, url.p) != CURLE_OK)
        r->out_of_memory = true;
    buf_release(&url);
}

/* An option that curl does not take would be a mistake of ours, which the tests see; only what
 * copies texts can run out of memory. */
static void set_up(struct running *r)
{
    CURL *curl = r->c->curl;
    curl_easy_reset(curl);                        /* its connections stay */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* a closed pipe on standard output ends us */
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "longshore/" LONGSHORE_VERSION);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_MAX_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)r->k->silence_max_s);
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, (long)WIRE_BUFFER_BYTES);
    curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, (long)WIRE_BUFFER_BYTES);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, r);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_tick);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, r);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    if (r->c->loopback)
        curl_easy_setopt(curl, CURLOPT_PROXY, "");  /* none, whatever the environment says */
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* a campaign may be called ".." */
    set_url(r);
    set_method(r);
    set_headers(r);
}

/* ---- what went wrong ---- */

struct refusal {
    struct str key, said, request_id; /* {NULL,0}: the server did not tell */
    bool known;                       /* it speaks as such a server does */
};

/* Two shapes: the API's errors, and those of its transport, which have no key (reference 1.6). */
static void read_refusal(struct arena *a, struct str body, struct refusal *out)
{
    static const char *const said[] = { "details", "message", "error" };
    struct json *v = NULL;
    struct err ignored;
    *out = (struct refusal){ 0 };
    if (json_parse(a, body, &v, &ignored) < 0 || v->type != JSON_OBJECT)
        return;
    for (size_t i = 0; i < ARRAY_LEN(said) && out->said.len == 0; i++)
        out->said = json_text(v, said[i]);
    out->key = json_text(v, "key");
    out->request_id = json_text(v, "request_id");
    out->known = out->said.len > 0;
}

static const char *advice(long status, const struct refusal *f)
{
    static const struct {
        long status;
        const char *text;
    } rows[] = {
        { 401, "; check --app-id and --app-token (or LONGSHORE_APP_ID, LONGSHORE_APP_TOKEN)" },
        { 403, "; these keys do not allow it" },
        { 429, "; try again later" },
        { 500, "; the server's log says more under that request" },
    };
    if (!f->known)
        return "; is that a Longshore server? Check --url (or LONGSHORE_URL)";
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].status == status)
            return rows[i].text;
    }
    return "";
}

/* Its end, of at most `max` bytes. */
static struct str end_of(struct str s, size_t max)
{
    size_t at = s.len > max ? s.len - max : 0;
    while (at < s.len && ((unsigned char)s.p[at] & 0xC0) == 0x80)
        at++;
    return (struct str){ s.p + at, s.len - at };
}

/* Texts are as the server sent them: whoever shows an error takes control characters out. */
static int refused(struct running *r, long status)
{
    struct arena a;
    struct refusal f;
    arena_init(&a, 4 * KIB, 0);
    read_refusal(&a, buf_str(&r->k->body), &f);
    if (!f.known)
        f.said = STR("the answer is no error of the API");
    const bool whole = f.said.len <= DETAILS_SHOWN_BYTES;
    const struct str head =
        whole ? f.said : str_utf8_cut(f.said, DETAILS_SHOWN_BYTES - DETAILS_END_BYTES);
    const struct str tail = whole ? STR("") : end_of(f.said, DETAILS_END_BYTES);
    r->k->lost = status == 502 || status == 503 || status == 504;
    err_set(r->err, status == 401 ? ERR_UNAUTHORIZED : ERR_IO, "%s: %.*s%s%.*s (%ld%s%.*s%s%.*s)%s",
            r->k->doing, STR_FMT(head), whole ? "" : "…", STR_FMT(tail), status,
            f.key.len > 0 ? " " : "", STR_FMT(str_utf8_cut(f.key, NAME_SHOWN_BYTES)),
            f.request_id.len > 0 ? ", request " : "",
            STR_FMT(str_utf8_cut(f.request_id, NAME_SHOWN_BYTES)), advice(status, &f));
    arena_release(&a);
    return -1;
}

static bool is_about_the_connection(CURLcode code)
{
    static const CURLcode codes[] = {
        CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT,
        CURLE_OPERATION_TIMEDOUT,    CURLE_SEND_ERROR,           CURLE_RECV_ERROR,
        CURLE_GOT_NOTHING,           CURLE_PARTIAL_FILE
    };
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (codes[i] == code)
            return true;
    }
    return false;
}

static int no_answer(struct running *r, CURLcode code, const char *curl_says)
{
    long sys = 0;
    curl_easy_getinfo(r->c->curl, CURLINFO_OS_ERRNO, &sys);
    r->k->lost = is_about_the_connection(code);
    if (code == CURLE_COULDNT_CONNECT)
        return err_set(r->err, ERR_IO,
                       "%s: cannot reach %.*s: %s; is a server running there? --url (or "
                       "LONGSHORE_URL) says where it is",
                       r->k->doing, STR_FMT(r->c->base),
                       sys != 0 ? strerror((int)sys) : curl_easy_strerror(code));
    return err_set(r->err, ERR_IO, "%s: %s%.*s: %s", r->k->doing,
                   r->k->lost ? "lost the connection to " : "", STR_FMT(r->c->base),
                   curl_says[0] != '\0' ? curl_says : curl_easy_strerror(code));
}

static int judge(struct running *r, CURLcode code, const char *curl_says)
{
    struct call *k = r->k;
    const long status = status_of(r->c->curl);
    long request_bytes = 0;
    curl_easy_getinfo(r->c->curl, CURLINFO_REQUEST_SIZE, &request_bytes);
    k->sent = request_bytes > 0;
    k->status = status >= 200 ? (int)status : 0; /* "100 Continue" is no answer */
    if (interrupt_seen())
        return err_set(r->err, ERR_IO, "%s: interrupted", k->doing);
    if (r->sink_failed)
        return err_wrap(r->err, "%s", k->doing);
    if (k->source != NULL && k->source->failed) {
        *r->err = k->source->err;
        return -1;
    }
    if (status >= 300) /* also when the connection broke behind it, in the middle of an upload */
        return refused(r, status);
    if (code != CURLE_OK)
        return no_answer(r, code, curl_says);
    if (buf_ok(&k->body, r->err) < 0)
        return err_wrap(r->err, "%s: the answer does not fit", k->doing);
    return 0;
}

int client_run(struct client *c, struct call *k, struct err *err)
{
    struct running r = { .c = c, .k = k, .err = err };
    char curl_says[CURL_ERROR_SIZE] = "";
    int rc = -1;
    k->status = 0;
    k->sent = k->lost = false;
    buf_reset(&k->body);
    set_up(&r);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, curl_says);
    if (r.out_of_memory)
        err_nomem(err);
    else
        rc = judge(&r, curl_easy_perform(c->curl), curl_says);
    curl_easy_reset(c->curl); /* it must not point to what goes now */
    curl_slist_free_all(r.headers);
    curl_mime_free(r.form);
    return rc;
}
