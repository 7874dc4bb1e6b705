/* SPDX-License-Identifier: MIT */
/* export_resource.c - see export_resource.h. */
#include "api/export_resource.h"

static const struct export_resource *const resources[] = { &export_vouchers, &export_customers,
                                                           &export_orders };

const struct export_resource *export_resource_at(size_t i)
{
    return i < ARRAY_LEN(resources) ? resources[i] : NULL;
}

const struct export_resource *export_resource_by_name(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(resources); i++) {
        if (str_is(name, resources[i]->name))
            return resources[i];
    }
    return NULL;
}

const struct export_resource *export_resource_of(enum resource_type resource)
{
    for (size_t i = 0; i < ARRAY_LEN(resources); i++) {
        if (resources[i]->resource == resource)
            return resources[i];
    }
    return NULL;
}

const char *export_resource_names(struct arena *a)
{
    const char *names = resources[0]->name;
    for (size_t i = 1; i < ARRAY_LEN(resources) && names != NULL; i++)
        names = arena_printf(a, "%s, %s", names, resources[i]->name);
    return names;
}
