// The officer's first page: what was typed and not saved, what waits today, what has arrived where.
import { run } from "../base/client";
import { type Child, h } from "../base/h";
import type { Page } from "../base/page";
import { heading, hint, link, para, tag } from "../base/parts";
import { restrictedSpaces } from "../base/shell";
import { status } from "../base/syncbar";
import { limitOf, moreLink } from "../base/waiting";
import { capital, onDay } from "../base/words";
import { type Unsynced, arrived } from "./synced";
import { tabletPage, writesOnly } from "./tablet";
import { typedPart } from "./typed";
import { started } from "./typing";

interface Due {
    id: string;
    kind: string;
    when: "overdue" | "today" | "soon";
    urgent: boolean;
    at: string;
    contacts: number;
    summary: string;
}

type Line = Due | Unsynced | { kind: string };

// ---- what waits ---------------------------------------------------------------------------------

const dueWords: Readonly<Record<string, string>> = {
    action: "To do", review: "To review", expiry: "Expires", contact: "Contact agreed",
    limit: "Time limit of the law", repeat: "Graded standard, and contact again and again",
    clash: "Not for the family's own officer: give to somebody else",
    service: "Ring before you send anybody: its check is overdue",
};

function pageOf(l: Due): string {
    return `/${l.kind === "contact" ? "contacts" : "records"}/${l.id}`;
}

function due(lines: readonly Due[], which: Due["when"], title: string): Child {
    const rows = lines.filter((l) => l.when === which);
    if (rows.length === 0) return null;
    return [heading(2, title), h("ul.govuk-task-list", rows.map((l, i) =>
        h("li.govuk-task-list__item.govuk-task-list__item--with-link",
            h("div.govuk-task-list__name-and-hint",
                h("a.govuk-link.govuk-task-list__link", { href: pageOf(l),
                    "aria-describedby": l.urgent ? `${which}-${i}` : null },
                h("bdi", l.summary || "record")),
                h("div.govuk-task-list__hint", dueWords[l.kind] ?? capital(l.kind), ", ",
                    onDay(l.at))),
            l.urgent ? h("div.govuk-task-list__status", { id: `${which}-${i}` },
                tag("Urgent", "red")) : null)))];
}

/** Filled in after the page is shown, as it looks at many records. */
async function waitsPart(place: HTMLElement, page: Page): Promise<void> {
    const lines = await run<Line>({ name: "today",
        options: { reason: page.reason, limit: limitOf(page) } });
    const s = await status();
    const waits = lines.filter((l): l is Due => "when" in l);
    const unsynced = lines.filter((l): l is Unsynced => l.kind === "unsynced");
    place.replaceChildren(h("div",
        due(waits, "overdue", "Overdue"),
        due(waits, "today", "Today"),
        due(waits, "soon", "In the next seven days"),
        waits.length === 0 ? para("Nothing waits for you in the next seven days.") : null,
        moreLink(lines, page, "/today"),
        arrived(unsynced, s)));
}

export async function todayPage(page: Page): Promise<Child> {
    if (writesOnly(page)) return tabletPage();
    const unsaved = await started();
    const waits = h("section", { "aria-label": "What waits", "aria-busy": "true" });
    void waitsPart(waits, page)
        .catch((error: Error) => waits.replaceChildren(
            h("p.govuk-body", `What waits can't be shown: ${error.message}`)))
        .finally(() => waits.removeAttribute("aria-busy"));
    return [
        heading(1, "Today"),
        typedPart(unsaved),
        h("div.daybook-big",
            h("a.govuk-button.daybook-big__button", { href: "/contacts/new", role: "button",
                draggable: "false" }, "Log a contact"),
            h("a.govuk-button.govuk-button--secondary.daybook-big__button",
                { href: "/interventions/new", role: "button", draggable: "false" },
                "Airport intervention")),
        waits,
        restrictedSpaces(page),
        hint("This device's own clock and store; the network is used by \"Sync now\" alone."),
        para(link("/flights", "Flight sheets")),
    ];
}
