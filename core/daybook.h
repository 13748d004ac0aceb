/* core/daybook.h - libdaybook's public face: the one header that a program above the core
 * includes. Everything a phone app or the command line needs to keep, read and prove notes. */
#ifndef DBK_DAYBOOK_H
#define DBK_DAYBOOK_H

#include "core/journal/audit.h"
#include "core/journal/book.h"
#include "core/journal/cosigned.h"
#include "core/journal/evidence.h"
#include "core/journal/handover.h"
#include "core/journal/journal.h"
#include "core/journal/org.h"
#include "core/journal/orglog.h"
#include "core/journal/proposal.h"
#include "core/journal/quarantine.h"
#include "core/journal/query.h"
#include "core/journal/recovery.h"
#include "core/journal/verify.h"
#include "core/journal/witness.h"
#include "core/model/value.h"
#include "core/model/view.h"
#include "core/practice/asking.h"
#include "core/practice/contact.h"
#include "core/practice/deployment.h"
#include "core/practice/directory.h"
#include "core/practice/disclosure.h"
#include "core/practice/dispute.h"
#include "core/practice/family.h"
#include "core/practice/late.h"
#include "core/practice/marker.h"
#include "core/practice/match.h"
#include "core/practice/reading.h"
#include "core/practice/referral.h"
#include "core/practice/report.h"
#include "core/practice/routing.h"
#include "core/practice/rules.h"
#include "core/practice/safe.h"
#include "core/practice/tally.h"
#include "core/practice/today.h"

#define DBK_PRODUCT_VERSION "0.1.0"

#endif
