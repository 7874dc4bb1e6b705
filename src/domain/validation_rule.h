/* SPDX-License-Identifier: MIT */
/*
 * validation_rule.h - validation rules: stored and assigned, not evaluated (reference 6.6).
 */
#ifndef DOMAIN_VALIDATION_RULE_H
#define DOMAIN_VALIDATION_RULE_H

#include "base/json.h"
#include "base/mem.h"

struct validation_rule {
    int64_t key;
    struct str body; /* JSON object: what it says, complete */
    int64_t created_ms;
};

/* The body of `POST /v1/validation-rules`, completed as the public API answers it. A name is
 * needed. ERR_INVALID_PAYLOAD names what is wrong. */
int validation_rule_from_json(const struct json *body, struct arena *a, struct validation_rule *r,
                              struct err *err) MUST_CHECK;

/* What the API prints. Errors: see buf.h. */
void validation_rule_put_json(struct json_out *o, const struct validation_rule *r, const char *id);

#endif
