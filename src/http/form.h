/* SPDX-License-Identifier: MIT */
/*
 * form.h - an upload form: the part `file` goes to the spool, small fields are kept.
 *
 * The form owns the upload until somebody takes it (form->file = NULL); what it still owns when the
 * request ends is removed from the spool, so a client that leaves in the middle leaves nothing.
 */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include "base/buf.h"
#include "base/mem.h"
#include "http/fingerprint.h"
#include "http/multipart.h"
#include "inputs/spool.h"

#define FORM_FIELDS_MAX      8
#define FORM_NAME_MAX_BYTES  64
#define FORM_VALUE_MAX_BYTES KIB

struct form_field {
    char name[FORM_NAME_MAX_BYTES + 1];
    struct buf value;
};

struct form {
    struct spool *spool;
    struct fingerprint *fingerprint; /* what the file goes through as well; NULL: nothing */
    struct upload *file;             /* owned; NULL: no part `file` so far, or taken */
    bool has_file;                   /* there was such a part */
    bool in_file;                    /* where content goes now */
    struct form_field *field;        /* the same; NULL with !in_file: nowhere */
    struct form_field fields[FORM_FIELDS_MAX];
    size_t n_fields;
    struct multipart *parser; /* in the request's arena; NULL before form_begin */
};

/* Before the body is read. ERR_INVALID_PAYLOAD (`Payload should have required property 'file'`)
 * when the content type is not multipart/form-data with a boundary; ERR_NOMEM. */
int form_begin(struct form *f, struct arena *a, struct spool *spool,
               struct fingerprint *fingerprint, struct str content_type,
               struct err *err) MUST_CHECK;

/* The next bytes of the body. Besides what multipart_feed and the spool say: ERR_INVALID_PAYLOAD
 * for a second `file`, too many fields, or a field beyond FORM_VALUE_MAX_BYTES. */
int form_feed(struct form *f, const char *data, size_t n, struct err *err) MUST_CHECK;

/* The body has ended. ERR_INVALID_PAYLOAD when it was cut, or had no part `file`. */
int form_end(struct form *f, struct err *err) MUST_CHECK;

/* The text of a small field; {NULL,0} when it was not given. */
struct str form_value(const struct form *f, const char *name);

/* Gives everything back; also for a form that was never begun (all zero). */
void form_release(struct form *f);

#endif
