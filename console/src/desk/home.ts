// The desk's first page: what needs a person now, the most severe first.
import { runOne } from "../base/client";
import { type Child, h } from "../base/h";
import type { Page } from "../base/page";
import { heading, hint, inset, link, para, tag } from "../base/parts";
import { type Status, status } from "../base/syncbar";
import { age, ago, counted } from "../base/words";
import { overduePart } from "./overdue";

interface Desk {
    decide: number;
    protected: number;
    proposals: number;
    reviews: number;
    records: number;
    aside: number;
    undecided: number;
    retention: number;
    lost_devices: number;
    oldest: string | null;
    services_overdue: number;
    service_proposals: number;
    reassign: number;
}

/** One thing that may wait: shown with its number, or told as done when it is 0. */
interface Task {
    name: string;
    why: string;
    href: string;
    n: number;
    /** Somebody may come to harm while it waits, or a time limit runs. */
    now?: boolean;
}

function tasksOf(d: Desk): Task[] {
    return [
        { name: "Conflicts to decide", href: "/conflicts", n: d.decide, now: true,
            why: "Two values, and neither is more protective: only a person can tell." },
        { name: "Protected meanwhile", href: "/conflicts", n: d.protected, now: true,
            why: "Two values differ. The more protective one is shown until you decide." },
        { name: "Devices reported lost or stolen", href: "/devices", n: d.lost_devices,
            now: true, why: "The 72 hours of section 67 are running." },
        { name: "Notes that stand aside", href: "/quarantine", n: d.undecided, now: true,
            why: "They came too late, or from someone who may not write here." },
        { name: "Searches or arrests to give to someone else", href: "/records/list/action",
            n: d.reassign, now: true,
            why: "The family's own officer has them, while a suspect may be in the family." },
        { name: "Proposals of officers", href: "/conflicts", n: d.proposals,
            why: "Headquarters' value stands until you decide." },
        { name: "Corrections to services", href: "/conflicts", n: d.service_proposals,
            why: "An officer knows better than the directory." },
        { name: "Merged records to look over", href: "/conflicts", n: d.reviews,
            why: "Two people changed different parts: nobody wrote the whole." },
        { name: "Services whose check is overdue", href: "/directory/stale",
            n: d.services_overdue,
            why: "Officers are told to ring before they send anybody." },
        { name: "Cases and persons whose review is due", href: "/retention",
            n: d.retention, why: "Whether they are still kept." },
    ];
}

function part(name: string, tasks: readonly Task[], id: string): Child {
    if (tasks.length === 0) return null;
    return [heading(2, name), h("ul.govuk-task-list", tasks.map((task, i) =>
        h("li.govuk-task-list__item.govuk-task-list__item--with-link",
            h("div.govuk-task-list__name-and-hint",
                h("a.govuk-link.govuk-task-list__link",
                    { href: task.href, "aria-describedby": `${id}-${i}` }, task.name),
                h("div.govuk-task-list__hint", task.why)),
            h("div.govuk-task-list__status", { id: `${id}-${i}` },
                tag(task.n.toLocaleString("en-GB"), task.now ? "red" : "yellow")))))];
}

/** Replicas and devices: what can't be seen from what waits. */
function health(s: Status): Child {
    const rows: Child[] = [];
    for (const space of s.spaces) {
        if (space.confirmation === "stale" || space.confirmation === "clock") {
            rows.push([h("bdi", space.name), ": headquarters last confirmed what it holds ",
                ago(space.confirmed), "."]);
        }
        if (space.confirmation === "no-witness") {
            rows.push([h("bdi", space.name),
                ": no device confirms what headquarters holds, so officers' devices let go of ",
                "nothing."]);
        }
        if (space.pending > 0) {
            rows.push([h("bdi", space.name), `: ${counted(space.pending, "note")} can't be `,
                "opened here yet."]);
        }
    }
    if (s.evidence > 0) {
        rows.push([link("/devices/evidence", counted(s.evidence, "finding")),
            " that somebody signed two histories."]);
    }
    return rows.length === 0 ? null : [heading(2, "Freshness"),
        h("ul.govuk-list.govuk-list--bullet", rows.map((row) => h("li", row)))];
}

export async function homePage(_page: Page): Promise<Child> {
    const d = await runOne<Desk>({ name: "desk" });
    const s = await status();
    const tasks = tasksOf(d);
    const waiting = tasks.filter((t) => t.n > 0);
    const done = tasks.filter((t) => t.n === 0);
    const late = h("section", { "aria-label": "Overdue", "aria-busy": "true" });
    void overduePart(late).catch(() => late.remove());
    return [
        heading(1, "What needs a person now"),
        d.oldest === null ? null : para("In ", link("/conflicts", counted(d.records, "record")),
            `; the one that waits longest changed ${age(d.oldest)} ago.`),
        waiting.length === 0 ? inset("Nothing waits for headquarters.") : null,
        part("First", waiting.filter((t) => t.now), "first"),
        part("Then", waiting.filter((t) => !t.now), "then"),
        done.length === 0 ? null : hint("Nothing of: ",
            done.map((t) => t.name.toLowerCase()).join(", "), "."),
        late,
        health(s),
    ];
}
