/* SPDX-License-Identifier: MIT */
/*
 * fuzz_time_iso.c - a time that is accepted is printed in the API's form, which reads back the
 * same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/time_iso.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[TIME_ISO_LEN + 1];
    int64_t ms, again;
    if (!time_iso_parse((struct str){ (const char *)data, size }, &ms))
        return 0;
    time_iso_format(ms, text);
    const int64_t year_0 = INT64_C(-62167219200000), year_10000 = INT64_C(253402300800000);
    const bool printable = ms >= year_0 && ms < year_10000; /* a zone may lead out of the years */
    if (printable && (!time_iso_parse((struct str){ text, TIME_ISO_LEN }, &again) || again != ms))
        abort();
    return 0;
}
