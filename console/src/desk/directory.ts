// Services that help: found by what they do, where and for what age; those whose check is overdue;
// and what nobody offers.
import { run, runOne } from "../base/client";
import { type Child, h } from "../base/h";
import { type Form, formOf } from "../base/forms";
import type { Page } from "../base/page";
import { card, details, heading, hint, inset, link, list, para, saveButton, summaryList, table,
    tag } from "../base/parts";
import { areaField, selectField, textField } from "../base/fields";
import { go, redraw, restrictedSpaces } from "../base/shell";
import { submitForm } from "../base/submit";
import { type Answers, shown } from "../base/values";
import { counted, listed, onDay } from "../base/words";

interface Service {
    id: string;
    status: "active" | "paused" | "closed";
    stale: boolean;
    checked: string | null;
    due: string | null;
    unsaid: ("area" | "age")[];
    by_interpreter: boolean;
    fields: Answers;
}

interface Gap {
    gap: "none" | "age" | "unsaid" | "stale";
    category: string;
    area: string | null;
    age: number;
    services: number;
}

// A language that was typed: no word goes into an address, which the browser keeps.
let language = "";

function codesOf(form: Form, ...fields: string[]): { value: string; label: string }[] {
    const found = fields.flatMap((name) =>
        form.fields.find((f) => f.field === name)?.codes ?? []);
    const once = new Map(found.map((c) => [c.code, c.label]));
    return [...once].map(([value, label]) => ({ value, label }));
}

function text(value: unknown): string {
    return typeof value === "string" ? value : "";
}

function flags(s: Service): Child {
    return [
        s.stale ? [tag("Check overdue: ring first", "orange"), " "] : null,
        s.status === "paused" ? [tag("Paused", "grey"), " "] : null,
        s.status === "closed" ? [tag("Closed", "grey"), " "] : null,
        s.by_interpreter ? [tag("By interpreter", "blue"), " "] : null,
        s.unsaid.length > 0 ? tag(`Doesn't say its ${listed(s.unsaid)}`, "yellow") : null,
    ];
}

const told = ["alert", "phones", "email", "url", "schedule", "referral_route",
    "eligibility_description", "la_areas", "languages", "waiting_weeks", "fees_description"];

function serviceCard(s: Service, form: Form): Child {
    const name = text(s.fields["name"]);
    const of = text(s.fields["organization"]);
    return card([link(`/records/${s.id}`, h("bdi", name)), of ? [", ", h("bdi", of)] : null],
        para(flags(s)),
        s.fields["description"] ? para(h("bdi", text(s.fields["description"]))) : null,
        summaryList([
            ...form.fields.filter((f) => told.includes(f.field) && s.fields[f.field] !== undefined)
                .map((f) => ({ key: f.label, value: shown(s.fields[f.field], f) })),
            { key: "Checked", value: s.checked ? `${onDay(s.checked)}; due again ${onDay(s.due)}`
                : "Never" },
        ]),
        correct(s, form));
}

/** What headquarters writes stands; what others write is a proposal, but what protects more. */
function correct(s: Service, form: Form): Child {
    const field = `field-${s.id}`;
    const value = `value-${s.id}`;
    const why = `why-${s.id}`;
    const fields = form.fields.filter((f) => ["text", "longtext", "number", "code", "date",
        "email"].includes(f.kind));
    return details("Say what is right",
        submitForm([
            selectField({ name: field, label: "What is wrong?" },
                fields.map((f) => ({ value: f.field, label: f.label }))),
            textField({ name: value, label: "What is right?" }),
            areaField({ name: why, label: "How do you know?" }, "", 2),
        ], "Send the correction", async (answer) => {
            const done = await runOne<{ proposed: string[] }>({ name: "directory correct",
                options: { reason: answer(why) },
                args: [s.id, `${answer(field)}=${answer(value)}`] });
            redraw({ success: true, title: "Saved", words: done.proposed.length > 0
                ? "Headquarters' value stands until they decide."
                : "It is shown from now on: it protects more, or nobody had said." });
        }, { kind: "secondary", needed: { [value]: "Write what is right",
            [why]: "Say how you know" } }));
}

function places(): Child {
    return list([link("/directory/stale", "Services whose check is overdue"),
        link("/directory/gaps", "Support that nobody offers")]);
}

export async function directoryPage(page: Page): Promise<Child> {
    const form = await formOf("service");
    const of = (name: string) => page.query.get(name) ?? "";
    const asked = page.query.size > 0;
    const filters = { category: of("category"), area: of("area"), age: of("age"), language,
        reason: page.reason };
    const services = asked ? await run<Service>({ name: "directory find", options: filters }) : [];
    const any = { value: "", label: "Any" };
    const search = submitForm(h("div.daybook-filters",
        selectField({ name: "category", label: "Kind of support, or hidden crime" },
            [any, ...codesOf(form, "categories", "hidden_crime")], of("category")),
        selectField({ name: "area", label: "Local authority area" },
            [any, ...codesOf(form, "la_areas")], of("area")),
        textField({ name: "age", label: "Age of the person" }, of("age"),
            { inputmode: "numeric" }),
        textField({ name: "language", label: "Language" }, language)),
    "Find services", (answer) => {
        const query = new URLSearchParams({ find: "1" });
        language = answer("language");
        for (const name of ["category", "area", "age"]) {
            if (answer(name) !== "") query.set(name, answer(name));
        }
        go(`/directory?${query.toString()}`);
    });
    search.setAttribute("role", "search");
    return [
        heading(1, "Directory of services"),
        search,
        !asked ? null : services.length === 0 ? inset("No service says that it offers this.")
            : [heading(2, counted(services.length, "service")),
                services.map((s) => serviceCard(s, form)),
                saveButton({ name: "directory find", options: filters }, "services.csv", [
                    ["Number", "id"], ["Service", "fields.name"],
                    ["Support", "fields.categories", labelsOf(form)],
                    ["Areas", "fields.la_areas", labelsOf(form)], ["Checked", "checked"],
                    ["Check overdue", "stale"]])],
        places(),
        restrictedSpaces(page),
    ];
}

export async function stalePage(page: Page): Promise<Child> {
    const services = await run<Service>({ name: "directory stale",
        options: { reason: page.reason } });
    return [
        heading(1, "Services whose check is overdue", link("/directory", "Directory")),
        services.length === 0 ? inset("Every service was checked in time.")
            : table(`${counted(services.length, "service")}, the longest first`,
                ["Service", "Checked", "Was due"],
                services.map((s) => [
                    [link(`/records/${s.id}`, h("bdi", text(s.fields["name"])))],
                    s.checked ? onDay(s.checked) : "Never",
                    s.due ? onDay(s.due) : "Before it was first given out"])),
        services.length === 0 ? null
            : saveButton({ name: "directory stale", options: { reason: page.reason } },
                "services-to-check.csv", [["Number", "id"], ["Service", "fields.name"],
                    ["Checked", "checked"], ["Was due", "due"]]),
        restrictedSpaces(page),
    ];
}

function labelsOf(form: Form): Readonly<Record<string, string>> {
    return Object.fromEntries(codesOf(form, "categories", "hidden_crime", "la_areas")
        .map((c) => [c.value, c.label]));
}

const gapWords: Readonly<Record<Gap["gap"], string>> = {
    none: "Nobody offers it",
    age: "Nobody offers it for that age",
    unsaid: "Nobody says for what age",
    stale: "Every check is overdue",
};

export async function gapsPage(page: Page): Promise<Child> {
    const form = await formOf("service");
    const ageAsked = page.query.get("age") ?? "17";
    const gaps = await run<Gap>({ name: "directory gaps", options: { age: ageAsked } });
    const labels = labelsOf(form);
    const label = (code: string) => labels[code] ?? code;
    return [
        heading(1, "Support that nobody offers", link("/directory", "Directory")),
        submitForm(textField({ name: "age", label: "For a person of what age?" }, ageAsked,
            { inputmode: "numeric", class: "govuk-input govuk-input--width-3" }), "Look",
        (answer) => go(`/directory/gaps?age=${encodeURIComponent(answer("age"))}`),
        { kind: "secondary", needed: { age: "Write an age" } }),
        hint("What is in a restricted space counts for nothing here."),
        gaps.length === 0 ? inset("Each kind of support is offered in each area.")
            : table(counted(gaps.length, "gap"), ["Support", "Area", "What lacks"],
                gaps.map((g) => [label(g.category), g.area ? label(g.area) : "Anywhere",
                    gapWords[g.gap]])),
        gaps.length === 0 ? null
            : saveButton({ name: "directory gaps", options: { age: ageAsked } }, "gaps.csv",
                [["Support", "category", labels], ["Area", "area", labels],
                    ["What lacks", "gap", gapWords]]),
    ];
}

