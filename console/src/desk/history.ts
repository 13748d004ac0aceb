// The history of a record: who wrote what, when they say so, and when it was received.
import { type Child, h } from "../base/h";
import type { Form } from "../base/forms";
import { details, heading, hint, tag } from "../base/parts";
import { type Names, groupLabel, groupShown, shown } from "../base/values";
import { carriage, counted, when } from "../base/words";

interface Write {
    did: string;
    group: string;
    value: unknown;
    withheld?: boolean;
}

export interface Event {
    author: string;
    device: string;
    claimed: string;
    received: string | null;
    doubt: boolean;
    after_end: boolean;
    carriage: string;
    feed: string;
    seq: number;
    writes: Write[];
    reason?: string;
}

const verbs: Readonly<Record<string, string>> = {
    set: "wrote",
    add: "added to",
    remove: "took from",
    append: "added an entry to",
    count: "counted",
    lifecycle: "changed",
    attach: "attached to",
    resolve: "decided",
    unknown: "did something that this version doesn't know to",
};

function writeLine(w: Write, form: Form, names: Names): Child {
    const label = groupLabel(w.group, form);
    const field = form.fields.find((f) => f.field === w.group) ?? null;
    const value = w.withheld ? h("em", "hidden until the safe-contact rule was read")
        : w.value === null || w.value === undefined ? null
            : w.did === "set" || w.did === "resolve" ? groupShown(w.value, form, names)
                : shown(w.value, field, names);
    return h("li", `${verbs[w.did] ?? w.did} `, h("strong", label.toLowerCase()),
        value === null ? null : [": ", value]);
}

function eventItem(e: Event, form: Form, names: Names): Child {
    const flags: Child[] = [];
    if (e.doubt) flags.push(tag("Its clock is in doubt", "red"));
    if (e.after_end) flags.push(tag("Claims a time after its author's role ended", "red"));
    const [first, ...rest] = e.writes;
    const lines = (ws: readonly Write[]) =>
        h("ul.govuk-list", ws.map((w) => writeLine(w, form, names)));
    return h(`li.daybook-timeline__item${e.doubt || e.after_end
        ? ".daybook-timeline__item--doubt" : ""}`,
        h("p.daybook-timeline__head", h("bdi", e.author), `, ${when(e.claimed)}`),
        flags.map((f) => [f, " "]),
        first ? lines([first]) : null,
        rest.length === 0 ? null
            : rest.length < 3 ? lines(rest)
                : details(`and ${counted(rest.length, "more answer")}`, lines(rest)),
        e.reason ? h("p.daybook-small", "Why: ", h("bdi", e.reason)) : null,
        h("p.daybook-small",
            e.received ? `Received by the relay on ${when(e.received)}. ` : "",
            `${carriage(e.carriage)}. `,
            h("span", `Change ${e.seq} of feed ${e.feed.slice(0, 8)}`)));
}

/** Changes as a line in time, the newest first. */
export function timeline(
    title: string,
    events: readonly Event[],
    form: Form,
    names: Names,
): Child {
    const newest = [...events].reverse();
    return [
        heading(2, title),
        hint(`${counted(events.length, "change")}, the newest first. Times are as the author's `,
            "device claimed them; the relay signs when it received each."),
        h("ol.daybook-timeline", newest.map((e) => eventItem(e, form, names))),
    ];
}

