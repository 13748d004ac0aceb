/* core/base/day.h - a day as time is counted: never the day of a calendar, which a clock that is
 * put forward or back makes longer or shorter (core/practice/working_day.h). */
#ifndef DBK_BASE_DAY_H
#define DBK_BASE_DAY_H

#include <stdint.h>

#define DBK_DAY_MS INT64_C(86400000)

#endif
