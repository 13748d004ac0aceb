// The desk: what headquarters decides, and what it looks after. Records, conflicts and services are
// for everybody, as far as their role lets them see.
import { deskRoles as roles, type Route } from "../base/page";
import { auditPage } from "./audit";
import { familyPage } from "./case";
import { conflictPage, conflictsPage } from "./conflicts";
import { devicePage, devicesPage, membershipPage } from "./devices";
import { directoryPage, gapsPage, stalePage } from "./directory";
import { duplicatesOfPage, duplicatesPage, pairPage } from "./duplicates";
import { evidencePage } from "./evidence";
import { homePage } from "./home";
import { overduePage, retentionPage } from "./overdue";
import { asidePage, quarantinePage } from "./quarantine";
import { recordPage } from "./record";
import { listPage, recordsPage } from "./records";
import { reviewPage } from "./review";

export const deskRoutes: readonly Route[] = [
    { path: "/desk", title: "Desk", menu: "Desk", roles, draw: homePage },
    { path: "/overdue", title: "Due and overdue", roles, draw: overduePage },
    { path: "/retention", title: "Reviews that are due", roles, draw: retentionPage },
    { path: "/retention/:id", title: "Review of retention", roles, draw: reviewPage },
    { path: "/conflicts", title: "Conflicts", menu: "Conflicts", roles, draw: conflictsPage },
    { path: "/conflicts/:id", title: "Conflict", draw: conflictPage },
    { path: "/records", title: "Records", menu: "Records", draw: recordsPage },
    { path: "/records/list/:form", title: "List of records", draw: listPage },
    { path: "/records/:id/family", title: "Family", draw: familyPage },
    { path: "/records/:id", title: "Record", draw: recordPage },
    { path: "/duplicates", title: "Duplicates", menu: "Duplicates", roles,
        draw: duplicatesPage },
    { path: "/duplicates/:id", title: "Duplicates", roles, draw: duplicatesOfPage },
    { path: "/duplicates/:id/:other", title: "Compare persons", roles, draw: pairPage },
    { path: "/quarantine", title: "Notes that stand aside", menu: "Aside", roles,
        draw: quarantinePage },
    { path: "/quarantine/:id", title: "Notes that stand aside", roles, draw: asidePage },
    { path: "/directory", title: "Directory", menu: "Directory", draw: directoryPage },
    { path: "/directory/stale", title: "Overdue checks", draw: stalePage },
    { path: "/directory/gaps", title: "Gaps", draw: gapsPage },
    { path: "/devices", title: "Devices", menu: "Devices", roles, draw: devicesPage },
    { path: "/devices/evidence", title: "Two histories", roles, draw: evidencePage },
    { path: "/devices/log", title: "Membership", roles, draw: membershipPage },
    { path: "/devices/:id", title: "Device", roles, draw: devicePage },
    { path: "/audit", title: "Log of use", menu: "Log of use", roles, draw: auditPage },
];
