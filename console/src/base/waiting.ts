// What `today` leaves out of a page, and the way to all of it.
import { type Child } from "./h";
import type { Page } from "./page";
import { link, para } from "./parts";

const shown = 50;

/** How many of each are left out. */
export interface More {
    kind: "more";
    overdue: number;
    today: number;
    soon: number;
}

export function isMore(line: { kind: string }): line is More {
    return line.kind === "more";
}

/** How many of what is overdue, for today and soon are asked for; undefined: all. */
export function limitOf(page: Page): number | undefined {
    return page.query.has("all") ? undefined : shown;
}

export function moreLink(lines: readonly { kind: string }[], page: Page, path: string): Child {
    const more = lines.find(isMore);
    if (more === undefined || page.query.has("all")) return null;
    const words = [[more.overdue, "overdue"], [more.today, "for today"], [more.soon, "soon"]]
        .filter(([n]) => n !== 0).map(([n, what]) => `${n?.toLocaleString("en-GB")} ${what}`);
    return para(`And more: ${words.join(", ")}. `, link(`${path}?all=1`, "Show all"));
}
