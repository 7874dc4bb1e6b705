/* SPDX-License-Identifier: MIT */
/*
 * fingerprint.h - what a request with an Idempotency-Key said, as one hash.
 *
 * A client that does not know whether its request arrived sends it again under the same key. Two
 * requests are the same when project, method, path and query parameters are, and the bytes of the
 * body; of a form those of its file, and its small fields: not the framing, whose boundary is a new
 * one each time.
 */
#ifndef HTTP_FINGERPRINT_H
#define HTTP_FINGERPRINT_H

#include "base/err.h"
#include "base/ids.h"

struct request;

#define IDEMPOTENCY_KEY_MAX_BYTES 255

struct fingerprint {
    struct str key;                    /* lives as long as the request */
    struct id_digest body;             /* while it arrives */
    unsigned char hash[ID_HASH_BYTES]; /* valid behind the body */
};

/* All of it, of a request whose body is in memory: for a handler that starts an action. Errors: as
 * fingerprint_begin(). */
int fingerprint_of_body(struct request *rq, struct err *err) MUST_CHECK;

/* Sets rq->fingerprint, in the request's arena; it stays NULL when no key was given.
 * ERR_INVALID_PAYLOAD for a key that is not 1 to 255 visible ASCII characters; ERR_NOMEM. */
int fingerprint_begin(struct request *rq, struct err *err) MUST_CHECK;

/* The next bytes of the body, or of the file of a form. NULL is fine. */
void fingerprint_add(struct fingerprint *f, const void *data, size_t n);

/* The body has ended: sets rq->fingerprint->hash, if there is one. */
void fingerprint_end(struct request *rq);

#endif
