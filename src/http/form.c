/* SPDX-License-Identifier: MIT */
/* form.c - see form.h. */
#include "http/form.h"

static int begin_file(struct form *f, struct err *err)
{
    if (f->has_file)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload should have only one property 'file'");
    f->has_file = true;
    f->in_file = true;
    return upload_begin(f->spool, &f->file, err);
}

static int begin_part(void *arg, struct str name, struct err *err)
{
    struct form *f = arg;
    f->in_file = false;
    f->field = NULL;
    if (str_eq(name, STR("file")))
        return begin_file(f, err);
    if (name.len == 0 || name.len > FORM_NAME_MAX_BYTES)
        return 0; /* nobody asks for it: its content is skipped */
    if (f->n_fields == FORM_FIELDS_MAX)
        return err_set(err, ERR_INVALID_PAYLOAD, "Payload has more than %d fields",
                       FORM_FIELDS_MAX);
    f->field = &f->fields[f->n_fields++];
    memcpy(f->field->name, name.p, name.len);
    f->field->name[name.len] = '\0';
    buf_init(&f->field->value, FORM_VALUE_MAX_BYTES);
    return 0;
}

static int take_data(void *arg, struct str piece, struct err *err)
{
    struct form *f = arg;
    if (f->in_file) {
        fingerprint_add(f->fingerprint, piece.p, piece.len);
        return upload_write(f->file, piece.p, piece.len, err);
    }
    if (f->field == NULL)
        return 0;
    buf_puts(&f->field->value, piece);
    if (f->field->value.too_large)
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Payload has a field with more than %zu bytes besides 'file'",
                       FORM_VALUE_MAX_BYTES);
    return buf_ok(&f->field->value, err);
}

static const struct multipart_sink form_sink = { .part = begin_part, .data = take_data };

static int missing_file(struct err *err)
{
    return err_set(err, ERR_INVALID_PAYLOAD, "Payload should have required property 'file'");
}

int form_begin(struct form *f, struct arena *a, struct spool *spool,
               struct fingerprint *fingerprint, struct str content_type, struct err *err)
{
    f->spool = spool;
    f->fingerprint = fingerprint;
    f->parser = arena_alloc(a, sizeof(*f->parser));
    if (f->parser == NULL)
        return err_nomem(err);
    if (!multipart_init(f->parser, content_type, &form_sink, f))
        return missing_file(err);
    return 0;
}

int form_feed(struct form *f, const char *data, size_t n, struct err *err)
{
    return multipart_feed(f->parser, data, n, err);
}

int form_end(struct form *f, struct err *err)
{
    if (!multipart_is_complete(f->parser))
        return err_set(err, ERR_INVALID_PAYLOAD,
                       "Payload is cut: the multipart body has no closing boundary");
    return f->has_file ? 0 : missing_file(err);
}

struct str form_value(const struct form *f, const char *name)
{
    for (size_t i = 0; i < f->n_fields; i++) {
        if (strcmp(f->fields[i].name, name) == 0)
            return buf_str(&f->fields[i].value);
    }
    return (struct str){ NULL, 0 };
}

void form_release(struct form *f)
{
    upload_abort(f->file);
    f->file = NULL;
    for (size_t i = 0; i < f->n_fields; i++)
        buf_release(&f->fields[i].value);
    f->n_fields = 0;
}
