/* SPDX-License-Identifier: MIT */
/* export_csv.h - the file of an export, made while it is sent. */
#ifndef API_EXPORT_CSV_H
#define API_EXPORT_CSV_H

#include "api/api.h"

#define EXPORT_LINK "export" /* purpose of the signed link */

/* Answers GET /v1/exports/{id}?token=…: the vouchers as CSV, or the 404 of the export for whatever
 * is wrong with the link. A handler returns what this returns. */
int export_download(struct request *rq, struct response *rs, struct err *err) MUST_CHECK;

#endif
