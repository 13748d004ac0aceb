// Persons. Before any number or address of theirs is asked for, the officer reads how they can be
// reached safely, on a page that has nothing else; each time that the page is opened.
import { run, runOne } from "../base/client";
import { textField } from "../base/fields";
import { type Field, type Form, formOf } from "../base/forms";
import { type Child, h, replace } from "../base/h";
import type { Page } from "../base/page";
import { button, buttons, details, heading, hint, inset, link, list, para, summaryList, tag } from
    "../base/parts";
import { go, redraw, restrictedSpaces } from "../base/shell";
import { submitForm } from "../base/submit";
import { shown } from "../base/values";
import { capital, counted } from "../base/words";
import { type SafeContact, type Shown, markers } from "../base/shown";
import { type Row, rowList } from "./contacts";

const most = 50;
// What was searched for stays in this page's memory: an address would be kept by the browser.
let searched = "";

interface Found extends Row {
    form: string;
}

async function find(page: Page): Promise<Row[]> {
    const options = { limit: most, reason: page.reason };
    if (searched === "") {
        return run<Row>({ name: "list", args: ["person"],
            options: { ...options, after: page.query.get("after") ?? undefined } });
    }
    const rows = await run<Found>({ name: "search", args: searched.split(/\s+/), options });
    return rows.filter((r) => r.form === "person");
}

export async function personsPage(page: Page): Promise<Child> {
    const rows = await find(page);
    const last = rows[rows.length - 1];
    const search = submitForm(textField({ name: "words", label: "Search for a person" }, searched,
        { type: "search" }), "Search", (answer) => {
        searched = answer("words");
        redraw();
    }, { kind: "secondary", beside: searched === "" ? null : button("Show all", () => {
        searched = "";
        redraw();
    }) });
    search.setAttribute("role", "search");
    return [
        heading(1, "Persons"),
        h("div.daybook-big", h("a.govuk-button.daybook-big__button",
            { href: "/persons/new", role: "button", draggable: "false" }, "Add a person")),
        search,
        rows.length === 0 ? inset(searched === "" ? "There are none on this device."
            : "No person on this device has all these words.")
            : [hint(searched === "" ? "The newest first."
                : `${counted(rows.length, "person", "persons")} with all these words.`),
                rowList(rows, "/persons", "")],
        searched === "" && rows.length === most && last
            ? para(link(`/persons?after=${last.id}`, "Older")) : null,
        restrictedSpaces(page),
    ];
}

// ---- the interlock ------------------------------------------------------------------------------

/** The rule alone, over all else. The rest of the page can't be reached while it is there. */
function interlock(safe: SafeContact, read: () => Promise<void>): HTMLElement {
    const trouble = h("div", { role: "alert" });
    const box: HTMLDialogElement = h("dialog.daybook-interlock", {
        "aria-labelledby": "interlock-head",
        oncancel: (event: Event) => {
            event.preventDefault();
            go("/persons");
        },
    },
        h("div.daybook-marking", "OFFICIAL-SENSITIVE"),
        h("div.daybook-interlock__words",
            h("h1.govuk-heading-l", { id: "interlock-head", tabindex: -1 },
                "Read this before you contact this person"),
            safe.rule.length === 0
                ? h("p.daybook-interlock__rule", "Nothing is recorded about how this person ",
                    "may be reached safely. Ask first.")
                : safe.rule.map((words) => h("p.daybook-interlock__rule", h("bdi", words))),
            para("Numbers and addresses are shown after this. That you read it goes into the log ",
                "of use."),
            trouble,
            button("I have read this", async () => {
                try {
                    await read();
                } catch (error) {
                    replace(trouble, h("p.govuk-error-message",
                        capital(error instanceof Error ? error.message : String(error))));
                }
            }, "warning", { class: "govuk-button govuk-button--warning daybook-interlock__read" }),
            para(link("/persons", "Go back without seeing them"))));
    // A dialog can be shown when it is in the page, which it is after it was given back.
    setTimeout(() => {
        if (!box.isConnected || box.open) return;
        box.showModal();
        box.querySelector("h1")?.focus();
    });
    return box;
}

// ---- a person -----------------------------------------------------------------------------------

interface Route {
    value?: string;
    kind?: string;
    safe?: boolean | "not_known";
    shared_with?: string;
}

const callable = /^\+?[0-9]+$/;

/** A number may be pressed only if somebody has said that it is safe. */
function route(r: Route, field: Field): Child {
    const number = (r.value ?? "").replace(/[\s()-]/g, "");
    const safe = r.safe === true ? tag("Safe to use", "green")
        : r.safe === false ? tag("Not safe: don't use", "red")
            : tag("Not known whether it is safe", "orange");
    const words = h("bdi", r.value ?? "");
    const callIt = field.kind === "list" && r.safe === true && callable.test(number);
    return h("div.daybook-route",
        callIt ? h("a.govuk-link.daybook-route__value", { href: `tel:${number}` }, words)
            : h("span.daybook-route__value", words),
        " ", safe,
        r.kind ? h("span.daybook-small", h("bdi", r.kind)) : null,
        r.shared_with ? h("span.daybook-small", "Shared with ", h("bdi", r.shared_with)) : null);
}

function routes(r: Shown, form: Form, names: readonly string[]): Child {
    const fields = form.fields.filter((f) => names.includes(f.field) &&
        Array.isArray(r.fields[f.field]));
    return fields.map((f) => [heading(2, f.label),
        (r.fields[f.field] as Route[]).map((entry) => route(entry, f))]);
}

const routeFields = ["phones", "emails", "addresses", "social"];

async function whole(r: Shown, form: Form): Promise<Child> {
    const safe = r.safe_contact;
    const rule = safe?.rule ?? [];
    const about = form.fields.filter((f) => r.fields[f.field] !== undefined &&
        !routeFields.includes(f.field) && f.field !== "name");
    const at = h("bdi", String(r.fields["name"] ?? r.names[r.id] ?? "Person"));
    return [
        heading(1, at, "Person"),
        await markers(r, false),
        rule.length > 0 ? h("section.daybook-safe", { "aria-labelledby": "safe-head" },
            h("h2.govuk-heading-m", { id: "safe-head" }, "How this person may be reached"),
            list(rule.map((words) => h("bdi", words))))
            : safe?.recorded === false ? inset("Nothing is recorded about how this person may be ",
                "reached safely. Ask first.") : null,
        routes(r, form, routeFields),
        h("div.daybook-big",
            h("a.govuk-button.daybook-big__button", { href: `/contacts/new?person=${r.id}`,
                role: "button", draggable: "false" }, "Log a contact"),
            h("a.govuk-button.govuk-button--secondary.daybook-big__button",
                { href: `/persons/${r.id}/edit`, role: "button", draggable: "false" },
                "Change what is known")),
        details("What else is recorded", summaryList(about.map((f) => ({ key: f.label,
            value: shown(r.fields[f.field], f, r.names) })))),
        buttons(link(`/records/${r.id}`, "The record, and its history"),
            link("/persons", "All persons")),
    ];
}

export async function personPage(page: Page): Promise<Child> {
    const id = page.params["id"] ?? "";
    const form = await formOf("person");
    const ask = (read: boolean) => runOne<Shown>({ name: "show", args: [id],
        options: { reason: page.reason, "safe-contact-read": read } });
    const r = await ask(false);
    const safe = r.safe_contact;
    if (safe === undefined || (!safe.must_read && safe.withheld.length === 0)) {
        return whole(r, form);
    }
    const box = h("div");
    replace(box, interlock(safe, async () => {
        const content = await whole(await ask(true), form);
        replace(box, content);
        window.scrollTo(0, 0);
        box.querySelector("h1")?.focus();
    }));
    return box;
}
