/* SPDX-License-Identifier: MIT */
/*
 * multipart.h - multipart/form-data, parsed as it arrives.
 *
 * Why not libmicrohttpd's post processor: it cannot tell a body that was cut from one that is
 * complete, and a cut upload must never be imported. Nothing of the content is held back or copied:
 * pieces of a part go to the sink as they lie in the input. A delimiter that is spread over several
 * inputs needs only a count of its bytes seen so far, because CR stands at its beginning and
 * nowhere else in it.
 */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include "base/err.h"
#include "base/str.h"

#define MULTIPART_BOUNDARY_MAX 70 /* RFC 2046 */
#define MULTIPART_HEAD_MAX     (4 * KIB)

/* What is done with the parts; -1 ends the parsing. */
struct multipart_sink {
    int (*part)(void *arg, struct str name, struct err *err); /* a part begins; name may be empty */
    int (*data)(void *arg, struct str piece, struct err *err);
};

struct multipart {
    const struct multipart_sink *sink;
    void *arg;
    enum {
        MULTIPART_PREAMBLE,
        MULTIPART_AFTER_DELIMITER,
        MULTIPART_HEAD,
        MULTIPART_DATA,
        MULTIPART_END
    } state;
    char delimiter[4 + MULTIPART_BOUNDARY_MAX]; /* CR LF -- boundary */
    size_t delimiter_len;
    size_t matched; /* bytes of the delimiter that the input so far ends with */
    char head[MULTIPART_HEAD_MAX];
    size_t head_len;
};

/* False when the content type is another one, or has no valid boundary. */
bool multipart_init(struct multipart *m, struct str content_type, const struct multipart_sink *sink,
                    void *arg);

/* The next bytes of the body. ERR_INVALID_PAYLOAD for a malformed body, or the sink's error. */
int multipart_feed(struct multipart *m, const char *data, size_t n, struct err *err) MUST_CHECK;

/* The closing boundary has been seen. */
bool multipart_is_complete(const struct multipart *m);

/* The value of a parameter of a header, like `name` of `form-data; name="file"`; a quoted value
 * without its quotes, escapes left as they are. {NULL,0}: there is none. */
struct str multipart_param(struct str header, const char *name);

#endif
