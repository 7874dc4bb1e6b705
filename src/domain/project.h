/* SPDX-License-Identifier: MIT */
/* project.h - what a project cannot choose here, and is as it is for all. */
#ifndef DOMAIN_PROJECT_H
#define DOMAIN_PROJECT_H

#define PROJECT_CURRENCY "USD" /* of amounts that come without one (reference 3.15) */

#endif
