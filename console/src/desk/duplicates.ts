// Persons who may be one: the evidence, both records side by side, and a link if a person makes it.
import { run, runOne } from "../base/client";
import { type Child, h } from "../base/h";
import { type Form, formOf } from "../base/forms";
import type { Page } from "../base/page";
import { heading, hint, inset, link, para, saveButton, table, tag } from "../base/parts";
import { areaField } from "../base/fields";
import { go, restrictedSpaces } from "../base/shell";
import { submitForm } from "../base/submit";
import { type Names, recordLink, shown } from "../base/values";
import { counted } from "../base/words";
import type { Shown } from "../base/shown";

interface Part {
    how: "same" | "near" | "different";
    points: number;
}

interface Pair {
    id: string;
    other: string;
    score: number;
    parts: Readonly<Record<string, Part>>;
    names: Names;
}

const parts: readonly [string, string][] = [
    ["name", "Name"],
    ["birth", "Date of birth"],
    ["phone", "Phone"],
    ["email", "Email"],
    ["postcode", "Postcode"],
];

const hows: Readonly<Record<Part["how"], string>> = {
    same: "The same",
    near: "Nearly the same",
    different: "Different",
};

function points(n: number): string {
    return n > 0 ? `+${n}` : String(n);
}

/** "Name the same (+40), date of birth the same (+30)" */
function evidence(pair: Pair): string {
    return parts.filter(([name]) => pair.parts[name] !== undefined).map(([name, label]) => {
        const part = pair.parts[name] as Part;
        return `${label.toLowerCase()} ${String(hows[part.how]).toLowerCase()} ` +
            `(${points(part.points)})`;
    }).join(", ");
}

function pairPath(pair: Pair): string {
    return `/duplicates/${pair.id}/${pair.other}`;
}

const pageRows = 50;

/** `after`: the two ids of the last pair of the page before. */
function pages(page: Page, pairs: readonly Pair[]): Child {
    const last = pairs[pairs.length - 1];
    const more = pairs.length === pageRows && last !== undefined;
    const began = !page.query.has("after");
    if (began && !more) return null;
    return h("nav.govuk-pagination", { "aria-label": "Pages of this list" },
        began ? null : h("div.govuk-pagination__prev",
            h("a.govuk-link.govuk-pagination__link", { href: "/duplicates" }, "The first page")),
        more ? h("div.govuk-pagination__next",
            h("a.govuk-link.govuk-pagination__link",
                { href: `/duplicates?after=${last.id}:${last.other}` }, "More")) : null);
}

async function pairsPage(page: Page, args: string[], title: Child): Promise<Child> {
    const all = args.length === 0;
    const pairs = await run<Pair>({ name: "persons duplicates", args, options: {
        limit: all ? pageRows : undefined, after: page.query.get("after") ?? undefined,
        reason: page.reason } });
    return [
        title,
        hint("By names in any script, order and spelling, dates of birth, phones, email ",
            "addresses and postcodes. Never by nationality, ethnicity or religion."),
        pairs.length === 0 ? inset("No two persons look like one.")
            : table(counted(pairs.length, "pair"),
                ["Persons", "Evidence", { head: "Score", numeric: true }, "Compare"],
                pairs.map((p) => [
                    [recordLink(p.id, p.names), h("br"), recordLink(p.other, p.names)],
                    evidence(p), String(p.score),
                    h("a.govuk-link", { href: pairPath(p) }, "Compare",
                        h("span.govuk-visually-hidden", ` ${p.names[p.id] ?? ""} and `,
                            p.names[p.other] ?? "")),
                ])),
        all ? pages(page, pairs) : null,
        pairs.length === 0 ? null
            : saveButton({ name: "persons duplicates", args, options: { reason: page.reason } },
                "duplicates.csv", [["Person", "names.@id"], ["May be", "names.@other"],
                    ...parts.map(([name, label]) =>
                        [label, `parts.${name}.how`, hows] as [string, string, typeof hows]),
                    ["Score", "score"], ["Number", "id"], ["Other number", "other"]]),
        restrictedSpaces(page),
    ];
}

export function duplicatesPage(page: Page): Promise<Child> {
    return pairsPage(page, [], heading(1, "Persons who may be the same"));
}

export function duplicatesOfPage(page: Page): Promise<Child> {
    const id = page.params["id"] ?? "";
    return pairsPage(page, [id],
        heading(1, "Who may be the same person", link(`/records/${id}`, "The person")));
}

function sideBySide(a: Shown, b: Shown, form: Form): Child {
    const either = form.fields.filter((f) =>
        a.fields[f.field] !== undefined || b.fields[f.field] !== undefined);
    const cell = (r: Shown, name: string): Child => {
        const field = form.fields.find((f) => f.field === name) ?? null;
        return r.fields[name] === undefined ? "" : shown(r.fields[name], field, r.names);
    };
    const differs = (name: string): boolean =>
        JSON.stringify(a.fields[name]) !== JSON.stringify(b.fields[name]);
    return table("Side by side", ["Answer", a.names[a.id] ?? "One", b.names[b.id] ?? "Other",
        "Compared"],
    either.map((f) => [f.label, cell(a, f.field), cell(b, f.field),
        a.fields[f.field] === undefined || b.fields[f.field] === undefined
            ? tag("In one only", "grey")
            : differs(f.field) ? tag("Differs", "yellow") : tag("Same", "green")]));
}

function decisions(ids: [string, string]): Child {
    const decide = (verb: "link" | "unlink") => async (answer: (name: string) => string) => {
        await run({ name: `persons ${verb}`, options: { reason: answer(`why-${verb}`) },
            args: ids });
        go("/duplicates", { success: true, title: verb === "link" ? "Linked" : "Kept apart",
            words: verb === "link"
                ? "Both records stay, and each names the other."
                : "They won't be suggested as one person again." });
    };
    return [
        heading(2, "They are one person"),
        para("Both records stay as they are; each names the other. Nothing is merged."),
        submitForm(areaField({ name: "why-link", label: "How do you know?" }, "", 2),
            "Link them", decide("link"), { needed: { "why-link": "Say how you know" } }),
        heading(2, "They are two persons"),
        para("The suggestion, or the link, is taken away for good."),
        submitForm(areaField({ name: "why-unlink", label: "How do you know?" }, "", 2),
            "Keep them apart", decide("unlink"),
            { kind: "secondary", needed: { "why-unlink": "Say how you know" } }),
    ];
}

export async function pairPage(page: Page): Promise<Child> {
    const ids: [string, string] = [page.params["id"] ?? "", page.params["other"] ?? ""];
    const options = { reason: page.reason };
    const pairs = await run<Pair>({ name: "persons duplicates", options, args: [ids[0]] });
    const a = await runOne<Shown>({ name: "show", options, args: [ids[0]] });
    const b = await runOne<Shown>({ name: "show", options, args: [ids[1]] });
    const pair = pairs.find((p) => p.other === ids[1] || p.id === ids[1]);
    const linked = a.same_person.includes(ids[1]);
    return [
        heading(1, "Are these one person?", link("/duplicates", "Duplicates")),
        linked ? inset("They are linked as one person now.") : null,
        pair ? table(`Evidence: ${pair.score} points`,
            ["Part", "How it compares", { head: "Points", numeric: true }],
            parts.filter(([name]) => pair.parts[name] !== undefined).map(([name, label]) => {
                const part = pair.parts[name] as Part;
                return [label, hows[part.how], points(part.points)];
            })) : para("Nothing that is compared agrees."),
        sideBySide(a, b, await formOf("person")),
        page.session.role === "auditor" ? null : decisions(ids),
    ];
}
