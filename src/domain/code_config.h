/* SPDX-License-Identifier: MIT */
/*
 * code_config.h - random codes by a config: `code_config` of a request (reference 4.3.3).
 *
 * A code is prefix, body, postfix. The body is `length` random characters of the charset, or a
 * pattern whose every # is replaced with one. Without a config: 8 letters and digits.
 */
#ifndef DOMAIN_CODE_CONFIG_H
#define DOMAIN_CODE_CONFIG_H

#include "base/json.h"
#include "base/mem.h"
#include "domain/field.h"

#define CODE_CONFIG_LENGTH 8 /* of a code by default */
#define CODE_CHARSET_MAX   1024

struct code_config {
    struct str prefix, postfix;
    struct str pattern; /* {NULL,0}: `length` characters */
    size_t length;
    struct str charset;     /* as given */
    struct str *characters; /* of the charset, each once; one may have several bytes */
    uint32_t n_characters;
};

/* The members of a body, at `.code_config.…`. */
extern const struct field_table code_config_fields;

/* NULL and null: the default. Members that are null or unknown are skipped, `initial_count` decides
 * nothing. `needed` is how many different codes it must be able to make.
 * ERR_INVALID_PAYLOAD for a wrong type, ERR_INVALID_CODE_CONFIG for a config that makes no codes,
 * too few, or longer ones than VOUCHER_CODE_MAX_BYTES; ERR_NOMEM. Texts point into the tree or the
 * arena. */
int code_config_read(const struct json *config, int64_t needed, struct arena *a,
                     struct code_config *out, struct err *err) MUST_CHECK;

/* The complete config, as the API prints it: length and pattern both (reference 3.5). */
void code_config_put_json(struct json_out *o, const struct code_config *c);

/* How many different codes there are; INT64_MAX: that many or more. */
int64_t code_config_space(const struct code_config *c);

/* The code whose random characters are those that `digit` chooses, one after the other, each 0 to
 * n_characters - 1. {NULL,0}: out of memory. */
struct str code_config_write(const struct code_config *c, uint32_t (*digit)(void *arg), void *arg,
                             struct arena *a) MUST_CHECK;

/* A new random code, every one as likely as the others. {NULL,0}: out of memory. */
struct str code_config_make(const struct code_config *c, struct arena *a) MUST_CHECK;

#endif
