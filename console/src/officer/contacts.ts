// Contacts, the newest first.
import { run } from "../base/client";
import { type Child, h } from "../base/h";
import type { Page } from "../base/page";
import { heading, inset, link, para, tag } from "../base/parts";
import { restrictedSpaces } from "../base/shell";
import { carriage, stateName, when } from "../base/words";

export interface Row {
    id: string;
    when: string;
    late: boolean;
    state: string;
    carriage: string;
    summary: string;
    snippet?: string;
}

/** Records as blocks that a thumb finds: what it is, when, and how it stands. */
export function rowList(rows: readonly Row[], path: string, draft: string): Child {
    return h("ul.govuk-list.daybook-rows", rows.map((r) =>
        h("li.daybook-rows__item",
            h("a.govuk-link.daybook-rows__link", { href: `${path}/${r.id}` },
                h("bdi", r.summary || "Without words")),
            h("span.daybook-small", when(r.when)),
            h("span.daybook-rows__tags",
                r.state === "live" ? (draft === "" ? null : tag(draft, "blue"))
                    : tag(stateName(r.state), "green"),
                r.carriage === "hq" ? null : [" ", tag(carriage(r.carriage),
                    r.carriage === "here" ? "yellow" : "grey")],
                r.late ? [" ", tag("Late", "orange")] : null))));
}

const most = 50;

export async function contactsPage(page: Page): Promise<Child> {
    const after = page.query.get("after") ?? undefined;
    const rows = await run<Row>({ name: "list", args: ["contact"],
        options: { limit: most, after, reason: page.reason } });
    const last = rows[rows.length - 1];
    return [
        heading(1, "Contacts"),
        h("div.daybook-big", h("a.govuk-button.daybook-big__button",
            { href: "/contacts/new", role: "button", draggable: "false" }, "Log a contact")),
        rows.length === 0 ? inset("There are none on this device.")
            : rowList(rows, "/contacts", "Draft"),
        rows.length === most && last ? para(link(`/contacts?after=${last.id}`, "Older")) : null,
        restrictedSpaces(page),
    ];
}
