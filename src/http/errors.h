/* SPDX-License-Identifier: MIT */
/*
 * errors.h - the error object of the API (reference 1.6), made in one place from the error's code.
 */
#ifndef HTTP_ERRORS_H
#define HTTP_ERRORS_H

#include "base/buf.h"
#include "base/err.h"
#include "http/request.h"

/*
 * Fills status, body and headers. The error's text becomes `details` for the 4xx family (and for
 * ERR_TOO_SLOW) only; what is said of a 5xx is in the log, under the request id. A body that is too
 * large or no JSON has the shape of the transport. Never fails: without memory the body stays
 * empty, the status is right.
 */
void errors_reply(struct request *rq, struct response *rs, const struct err *err, size_t max_bytes);

#endif
