/* SPDX-License-Identifier: MIT */
/*
 * fuzz_json_records.c - where pieces end makes no difference, and the whole text's reader agrees.
 *
 * A text is read in one piece and again in pieces of random sizes: the same lines, the same error.
 * json_parse() of the whole says whether it is JSON, and what its records are.
 *
 * The first input byte chooses the shape, the second the sizes of the pieces; the rest is the text.
 * Every piece is a block of its own, so that AddressSanitizer sees a byte read too far.
 */
#include "formats/json_records.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_records_shape shapes[] = {
    { .record_type = JSON_OBJECT },
    { .record_type = JSON_STRING },
    { .member = "codes", .record_type = JSON_STRING, .also = "metadata" },
    { .member = "codes", .record_type = JSON_OBJECT },
};

struct reading {
    struct json_records reader;
    struct buf log;
    struct err err;
    int rc;
};

static int log_record(void *arg, int64_t index, const struct json *record, struct err *err)
{
    struct reading *out = arg;
    return json_records_put(&out->reader, index, record, &out->log, err);
}

static int log_also(void *arg, const struct json *value, struct err *err)
{
    struct buf unused;
    (void)arg;
    buf_init(&unused, SIZE_MAX / 2);
    json_put_tree(&(struct json_out){ .b = &unused }, value);
    const int rc = buf_ok(&unused, err);
    buf_release(&unused);
    return rc;
}

static const struct json_records_sink sink = { .record = log_record, .also = log_also };

static int feed_copy(struct json_records *r, struct str piece, struct err *err)
{
    char *copy = malloc(piece.len > 0 ? piece.len : 1);
    CHECK(copy != NULL);
    memcpy(copy, piece.p, piece.len);
    const int rc = json_records_feed(r, copy, piece.len, err);
    free(copy);
    return rc;
}

/* Sizes 1 to 64, the same ones for the same seed. */
static size_t next_size(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return 1 + (*seed >> 26);
}

/* seed 0: one piece. */
static void read_all(const struct json_records_shape *shape, struct str text, uint32_t seed,
                     struct reading *out)
{
    *out = (struct reading){ 0 };
    buf_init(&out->log, SIZE_MAX / 2);
    json_records_init(&out->reader, shape, &sink, out);
    for (size_t at = 0; out->rc == 0 && at < text.len;) {
        const size_t left = text.len - at, want = seed == 0 ? left : next_size(&seed);
        const size_t n = want < left ? want : left;
        out->rc = feed_copy(&out->reader, (struct str){ text.p + at, n }, &out->err);
        at += n;
    }
    if (out->rc == 0)
        out->rc = json_records_end(&out->reader, &out->err);
    json_records_release(&out->reader);
}

static void check_same(const struct reading *one, const struct reading *many)
{
    CHECK(one->rc == many->rc && one->err.code == many->err.code);
    if (one->err.code != ERR_INVALID_JSON)
        CHECK(strcmp(one->err.msg, many->err.msg) == 0);
    if (one->rc == 0)
        CHECK(str_eq(buf_str(&one->log), buf_str(&many->log)));
}

static void put_lines(const struct json *list, struct buf *out)
{
    for (const struct json *e = list != NULL ? list->child : NULL; e != NULL; e = e->next) {
        json_put_tree(&(struct json_out){ .b = out }, e);
        buf_putc(out, '\n');
    }
}

/* What the reader of the whole text makes of it. It counts depth and values from the outside. */
static void check_whole(const struct json_records_shape *shape, struct str text,
                        const struct reading *one)
{
    struct arena a;
    struct buf lines;
    struct json *tree;
    struct err err = { 0 };
    arena_init(&a, 4 * KIB, 0);
    buf_init(&lines, SIZE_MAX / 2);
    if (json_parse(&a, text, &tree, &err) < 0) {
        CHECK(one->err.code == ERR_INVALID_JSON || strstr(err.msg, "deep") != NULL ||
              strstr(err.msg, "250000") != NULL);
    } else {
        CHECK(one->err.code != ERR_INVALID_JSON);
        put_lines(shape->member != NULL ? json_member(tree, shape->member) : tree, &lines);
        CHECK(one->rc < 0 || str_eq(buf_str(&one->log), buf_str(&lines)));
    }
    buf_release(&lines);
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reading one, many;
    if (size < 2)
        return 0;
    const struct json_records_shape *shape = &shapes[data[0] % ARRAY_LEN(shapes)];
    const struct str text = { (const char *)data + 2, size - 2 };
    read_all(shape, text, 0, &one);
    read_all(shape, text, 1u + data[1], &many);
    check_same(&one, &many);
    check_whole(shape, text, &one);
    buf_release(&one.log);
    buf_release(&many.log);
    return 0;
}
