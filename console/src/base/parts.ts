// The components of GOV.UK Frontend that the pages use, as elements.
import { type Column as Csv, type Command, saveCsv } from "./client";
import { type Attributes, type Child, h } from "./h";

export type Colour =
    "grey" | "green" | "turquoise" | "blue" | "purple" | "pink" | "red" | "orange" | "yellow";

export function heading(level: 1 | 2 | 3, words: Child, caption?: Child): HTMLElement {
    const size = { 1: "l", 2: "m", 3: "s" }[level];
    return h(`h${level}.govuk-heading-${size}`, { tabindex: level === 1 ? -1 : null },
        caption ? h(`span.govuk-caption-${size}`, caption) : null, words);
}

export function para(...children: Child[]): HTMLElement {
    return h("p.govuk-body", ...children);
}

export function hint(...children: Child[]): HTMLElement {
    return h("p.govuk-hint", ...children);
}

export function list(items: readonly Child[], kind: "bullet" | "number" = "bullet"): HTMLElement {
    return h(`ul.govuk-list.govuk-list--${kind}`, items.map((item) => h("li", item)));
}

export function link(href: string, ...children: Child[]): HTMLElement {
    return h("a.govuk-link", { href }, ...children);
}

export function tag(words: string, colour: Colour = "blue"): HTMLElement {
    return h(`strong.govuk-tag.govuk-tag--${colour}`, words);
}

/** Words of a note: shown as they were written, line by line, whatever their direction. */
export function quoted(words: string): HTMLElement {
    return h("bdi.daybook-words", words);
}

export type Press = (event: Event) => unknown;

export function button(
    words: Child,
    press: Press,
    kind: "primary" | "secondary" | "warning" = "secondary",
    attributes: Attributes = {},
): HTMLElement {
    const look = kind === "primary" ? "" : `.govuk-button--${kind}`;
    return h(`button.govuk-button${look}`, { type: "button", onclick: press, ...attributes },
        words);
}

export function buttons(...children: Child[]): HTMLElement {
    return h("div.govuk-button-group", ...children);
}

export interface Row {
    key: Child;
    value: Child;
    action?: Child;
}

export function summaryList(rows: readonly (Row | null)[]): HTMLElement {
    return h("dl.govuk-summary-list", rows.filter((row) => row !== null).map((row) =>
        h("div.govuk-summary-list__row",
            h("dt.govuk-summary-list__key", row.key),
            h("dd.govuk-summary-list__value", row.value),
            row.action ? h("dd.govuk-summary-list__actions", row.action) : null)));
}

export function card(title: Child, ...children: Child[]): HTMLElement {
    return h("div.govuk-summary-card",
        h("div.govuk-summary-card__title-wrapper", h("h3.govuk-summary-card__title", title)),
        h("div.govuk-summary-card__content", ...children));
}

/** A column is text, unless its head says that it holds numbers. */
export interface Column {
    head: string;
    numeric?: boolean;
}

export function table(
    caption: string,
    columns: readonly (string | Column)[],
    rows: readonly (readonly Child[])[],
    captionHidden = false,
): HTMLElement {
    const heads = columns.map((c) => (typeof c === "string" ? { head: c } : c));
    const numeric = (i: number) => heads[i]?.numeric === true;
    const look = captionHidden ? "govuk-visually-hidden" : "govuk-table__caption--m";
    return h("div.daybook-wide", { tabindex: 0, role: "region", "aria-label": caption },
        h("table.govuk-table",
            h(`caption.govuk-table__caption.${look}`, caption),
            h("thead.govuk-table__head", h("tr.govuk-table__row", heads.map((c, i) =>
                h(`th.govuk-table__header${numeric(i) ? ".govuk-table__header--numeric" : ""}`,
                    { scope: "col" }, c.head)))),
            h("tbody.govuk-table__body", rows.map((row) =>
                h("tr.govuk-table__row", row.map((cell, i) => i === 0
                    ? h("th.govuk-table__header", { scope: "row" }, cell)
                    : h(`td.govuk-table__cell${numeric(i) ? ".govuk-table__cell--numeric" : ""}`,
                        cell)))))));
}

/** All of a list as a file for a spreadsheet, made by the program; failures are said. */
export function saveButton(command: Command, file: string, columns: readonly Csv[]): HTMLElement {
    const said = h("p.govuk-body", { role: "status" });
    return h("div.daybook-save", button("Save this list as a CSV file", async () => {
        said.replaceChildren();
        await saveCsv(command, file, columns).catch((error: Error) =>
            said.replaceChildren(`It was not saved: ${error.message}`));
    }), said);
}

export function details(summary: Child, ...children: Child[]): HTMLDetailsElement {
    return h("details.govuk-details",
        h("summary.govuk-details__summary", h("span.govuk-details__summary-text", summary)),
        h("div.govuk-details__text", ...children));
}

export function inset(...children: Child[]): HTMLElement {
    return h("div.govuk-inset-text", ...children);
}

export function warning(...children: Child[]): HTMLElement {
    return h("div.govuk-warning-text",
        h("span.govuk-warning-text__icon", { "aria-hidden": "true" }, "!"),
        h("strong.govuk-warning-text__text",
            h("span.govuk-visually-hidden", "Warning "), ...children));
}

export interface Banner {
    title?: string;
    success?: boolean;
    words: Child;
}

let banners = 0;

export function banner(what: Banner): HTMLElement {
    const id = `banner-${(banners += 1)}`;
    const look = what.success ? ".govuk-notification-banner--success" : "";
    return h(`div.govuk-notification-banner${look}`, {
        role: what.success ? "alert" : "region",
        "aria-labelledby": id,
        tabindex: -1,
    },
        h("div.govuk-notification-banner__header",
            h("h2.govuk-notification-banner__title", { id },
                what.title ?? (what.success ? "Done" : "Important"))),
        h("div.govuk-notification-banner__content",
            h("p.govuk-notification-banner__heading", what.words)));
}

export interface Trouble {
    words: string;
    /** The id of the control that it is about. */
    at?: string;
}

export function errorSummary(title: string, troubles: readonly Trouble[]): HTMLElement {
    return h("div.govuk-error-summary", { tabindex: -1 },
        h("div", { role: "alert" },
            h("h2.govuk-error-summary__title", title),
            h("div.govuk-error-summary__body",
                h("ul.govuk-list.govuk-error-summary__list", troubles.map((trouble) =>
                    h("li", trouble.at ? h("a", {
                        href: `#${trouble.at}`,
                        onclick: (event: Event) => {
                            event.preventDefault();
                            document.getElementById(trouble.at ?? "")?.focus();
                        },
                    }, trouble.words) : trouble.words))))));
}
