/* SPDX-License-Identifier: MIT */
/*
 * err.h - what went wrong, as a value that travels up.
 *
 * A function that can fail returns 0 or -1 and takes `struct err *` last. Each layer adds only
 * what it knows (err_wrap). The code decides what a client sees: status, key and message stand in
 * one table, so that they cannot drift apart. The text in `msg` is for the log, and for the
 * client's `details` only where the code is one of the 4xx family.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/base.h"

/* X(name, HTTP status, key, message): the keys and messages of reference 1.6. */
#define ERR_CODES(X)                                                                               \
    X(OK, 200, "ok", "No error")                                                                   \
    X(INVALID_PAYLOAD, 400, "invalid_payload", "Invalid payload")                                  \
    X(INVALID_JSON, 400, "invalid_json", "Invalid request payload JSON format")                    \
    X(INVALID_QUERY, 400, "invalid_query_params", "Invalid query params")                          \
    X(INVALID_VOUCHER, 400, "invalid_voucher", "Invalid Voucher")                                  \
    X(METADATA, 400, "metadata_validation_failed", "Metadata validation failed")                   \
    X(DUPLICATE_CODES, 400, "duplicate_key", "Duplicate codes")                                    \
    X(INVALID_CAMPAIGN, 400, "invalid_campaign", "Invalid Campaign")                               \
    X(INVALID_EXPORT_FIELDS, 400, "invalid_export_fields", "Invalid Export")                       \
    X(INVALID_CODE_CONFIG, 400, "invalid_code_config", "Invalid code config")                      \
    X(INVALID_BALANCE, 400, "invalid_add_balance_params", "Invalid add balance params")            \
    X(GIFT_EXCEEDED, 400, "gift_amount_exceeded", "Gift amount exceeded")                          \
    X(POINTS_EXCEEDED, 400, "loyalty_card_points_exceeded", "Loyalty card points exceeded")        \
    X(MISSING_VOUCHERS, 400, "missing_vouchers", "Missing vouchers")                               \
    X(ALREADY_PUBLISHED, 400, "voucher_already_published", "Voucher already published")            \
    X(TOO_MANY_VOUCHERS, 400, "too_many_vouchers_requested", "Too many vouchers requested")        \
    X(NOT_PUBLISHABLE, 400, "voucher_cannot_be_published", "Voucher cannot be published")          \
    X(NO_VOUCHER, 400, "no_voucher_suitable_for_publication",                                      \
      "Couldn't find any voucher suitable for publication")                                        \
    X(IN_USE, 400, "resource_in_use", "Resource in use")                                           \
    X(PAGE_OVER_LIMIT, 400, "page_over_limit",                                                     \
      "Listing resource above 1000 page is not supported")                                         \
    X(DUPLICATE_SOURCE_ID, 400, "duplicate_source_id", "Duplicate source_id")                      \
    X(INVALID_GRANT, 400, "invalid_grant_type", "Invalid grant_type")                              \
    X(INVALID_SCOPE, 400, "invalid_scope", "Invalid scope")                                        \
    X(MISSING_PARAMETERS, 400, "missing_parameters", "Missing parameters")                         \
    X(UNAUTHORIZED, 401, "unauthorized", "Unauthorized")                                           \
    X(FORBIDDEN, 403, "missing_required_permission", "Missing permission")                         \
    X(NOT_ALLOWED, 403, "forbidden", "Forbidden")                                                  \
    X(NOT_FOUND, 404, "not_found", "Resource not found")                                           \
    X(METHOD, 405, "method_not_allowed", "HTTP Method Not Allowed")                                \
    X(DUPLICATE, 409, "duplicate_found", "Duplicated resource found")                              \
    X(CONFLICT, 409, "conflict", "Conflict")                                                       \
    X(LEASE_LOST, 409, "lease_lost", "Another worker has taken over")                              \
    X(TOO_LARGE, 413, "payload_too_large", "Request Entity Too Large")                             \
    X(MEDIA_TYPE, 415, "unsupported_media_type", "Unsupported Media Type")                         \
    X(IO, 500, "internal_error", "Internal Server Error")                                          \
    X(STORE, 500, "internal_error", "Internal Server Error")                                       \
    X(INTERNAL, 500, "internal_error", "Internal Server Error")                                    \
    X(NOMEM, 503, "out_of_memory", "The server is out of memory, try again later")                 \
    X(BUSY, 503, "busy", "The server is busy or shutting down, try again later")                   \
    X(TOO_SLOW, 503, "query_timeout", "The query takes too long")                                  \
    X(DISK_FULL, 507, "insufficient_storage", "The server's disk is full, nothing was stored")

enum err_code {
#define X(name, status, key, message) ERR_##name,
    ERR_CODES(X)
#undef X
        ERR_CODE_COUNT
};

struct err_info {
    int status; /* HTTP */
    const char *key;
    const char *message;
};

struct err {
    enum err_code code;
    char msg[480]; /* cut between characters, never overrun */
};

/* The row of ERR_CODES; a code outside the table is INTERNAL. */
const struct err_info *err_info(enum err_code code);

/* Sets code and text; returns -1, so that a caller can `return err_set(…)`. */
int err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Like err_set, with ": strerror(errno)" behind the text; ENOSPC, EDQUOT and EFBIG become
 * DISK_FULL, EMFILE and ENFILE BUSY, ENOMEM becomes NOMEM, everything else IO. */
int err_sys(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Puts "text: " in front of what is there, keeps the code; returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

int err_nomem(struct err *err);

#endif
