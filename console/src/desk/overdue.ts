// What is late: what officers and headquarters owe by a day, devices that nobody has heard of, and
// records whose review is due.
import { run, runOne } from "../base/client";
import { type Child, h } from "../base/h";
import type { Page } from "../base/page";
import { type Colour, heading, hint, inset, link, para, saveButton, table, tag } from
    "../base/parts";
import { restrictedSpaces } from "../base/shell";
import { type More, isMore, limitOf, moreLink } from "../base/waiting";
import { capital, counted, listed, onDay, when } from "../base/words";

interface Waiting {
    id?: string;
    kind: string;
    when?: "overdue" | "today" | "soon";
    urgent?: boolean;
    at?: string;
    summary?: string;
}

interface Device {
    name: string;
    heard?: string | null;
    /** Not heard of for a day; absent: nothing is expected of it. */
    silent?: boolean;
}

const kinds: Readonly<Record<string, string>> = {
    action: "Action",
    review: "Review",
    expiry: "Expires",
    contact: "Contact agreed with a family",
    limit: "Time limit of the law",
    repeat: "Graded standard, and repeated contact",
    clash: "Search or arrest by the family's own officer",
    service: "Check of a service",
};

const whens: Readonly<Record<string, { words: string; colour: Colour }>> = {
    overdue: { words: "Overdue", colour: "red" },
    today: { words: "Today", colour: "orange" },
    soon: { words: "Soon", colour: "grey" },
};

function waitingTable(rows: readonly Waiting[], caption: string): Child {
    return table(caption, ["What", "Kind", "By", "State"], rows.map((w) => {
        const state = whens[w.when ?? "soon"] ?? { words: "Soon", colour: "grey" as const };
        return [
            w.id ? link(`/records/${w.id}`, h("bdi", w.summary || "record without words")) : "",
            kinds[w.kind] ?? capital(w.kind),
            onDay(w.at),
            [tag(state.words, state.colour), w.urgent ? [" ", tag("Urgent", "red")] : null],
        ];
    }));
}

const wordsOf = (all: Readonly<Record<string, { words: string }>>): Record<string, string> =>
    Object.fromEntries(Object.entries(all).map(([code, { words }]) => [code, words]));

export async function overduePage(page: Page): Promise<Child> {
    const lines = await run<Waiting | More>({ name: "today",
        options: { reason: page.reason, limit: limitOf(page) } });
    const rows = lines.filter((l): l is Waiting => "when" in l);
    return [
        heading(1, "Due and overdue"),
        rows.length === 0 ? inset("Nothing is due in the next seven days.")
            : waitingTable(rows, `${counted(rows.length, "thing")}, the worst first`),
        moreLink(lines, page, "/overdue"),
        rows.length === 0 ? null
            : saveButton({ name: "today", options: { reason: page.reason } }, "due.csv", [
                ["State", "when", wordsOf(whens)], ["What", "summary"], ["Kind", "kind", kinds],
                ["By", "at"], ["Urgent", "urgent"], ["Record", "id"]]),
        restrictedSpaces(page),
    ];
}

const firstShown = 5;

/** For the desk's first page: filled in after the page is shown, as it looks at many records. */
export async function overduePart(place: HTMLElement): Promise<void> {
    const lines = await run<Waiting | More>({ name: "today", options: { limit: firstShown } });
    const late = lines.filter((l): l is Waiting => "when" in l && l.when === "overdue");
    const more = lines.find(isMore)?.overdue ?? 0;
    const silent = (await runOne<Device[]>({ name: "device list" }))
        .filter((d) => d.silent);
    const parts: Child[] = [heading(2, "Overdue")];
    if (late.length === 0) parts.push(para("Nothing is overdue."));
    else {
        parts.push(waitingTable(late, `${counted(late.length + more, "thing")} ` +
            (more > 0 ? `overdue, the worst ${late.length}` : "overdue")));
    }
    parts.push(para(link("/overdue", "All that is due and overdue")));
    if (silent.length > 0) {
        parts.push(heading(2, "Devices not heard of for a day"),
            para(listed(silent.map((d) =>
                `${d.name} (${d.heard ? when(d.heard) : "nothing yet"})`)), ". ",
            link("/devices", "Devices")));
    }
    place.replaceChildren(h("div", parts));
    place.removeAttribute("aria-busy");
}

// ---- how long records are kept ---------------------------------------------------------------

export interface Due {
    id: string;
    form: string;
    stand: "kept" | "due" | "again" | "held" | "dispose";
    due: string;
    group: string | null;
    summary: string;
    held: boolean;
}

export const stands: Readonly<Record<Due["stand"], string>> = {
    kept: "Kept",
    due: "Review due",
    again: "Something came since it was to be disposed of",
    held: "Held",
    dispose: "To be disposed of",
};

export async function retentionPage(page: Page): Promise<Child> {
    const rows = await run<Due>({ name: "retention due", options: { reason: page.reason } });
    return [
        heading(1, "Records whose review is due"),
        hint("Whether cases and persons are still kept (management of police information)."),
        rows.length === 0 ? inset("No review is due.")
            : table(`${counted(rows.length, "record")}, due the longest first`,
                ["Record", "Kind", "Due", "Stands"],
                rows.map((r) => [link(`/retention/${r.id}`, h("bdi", r.summary)),
                    capital(r.form), onDay(r.due),
                    [stands[r.stand], r.held ? [" ", tag("Legal hold", "purple")] : null]])),
        rows.length === 0 ? null
            : saveButton({ name: "retention due", options: { reason: page.reason } },
                "reviews-due.csv", [["Record", "summary"], ["Kind", "form"], ["Due", "due"],
                    ["Stands", "stand", stands], ["Legal hold", "held"], ["Number", "id"]]),
        restrictedSpaces(page),
    ];
}
