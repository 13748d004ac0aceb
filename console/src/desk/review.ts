// One review of how long a case or person is kept (management of police information): what speaks
// for and against it, what was decided before, and the decision.
import { run, runOne } from "../base/client";
import { type Child, h } from "../base/h";
import { type Form, fieldOf, formOf } from "../base/forms";
import type { Page } from "../base/page";
import { heading, hint, inset, link, para, summaryList, table, tag, warning } from "../base/parts";
import { areaField, radioField, selectField, textField } from "../base/fields";
import { go } from "../base/shell";
import { submitForm } from "../base/submit";
import type { Shown } from "../base/shown";
import { capital, counted, onDay, when } from "../base/words";
import { type Due, stands } from "./overdue";

interface Retention extends Due {
    events: number;
    first: string | null;
    newest: string | null;
    until: string | null;
    open: boolean;
    child: boolean;
    reviews: { id: string; at: string; decision: string; reason: string | null;
        counts: boolean }[];
}

const threeWays = [
    { value: "yes", label: "Yes" },
    { value: "no", label: "No" },
    { value: "not_known", label: "Not known" },
];
/** What each review answers, whatever it decides. */
const questions = ["necessity", "adequacy", "accuracy"];

function label(form: Form, field: string, code: string): string {
    return fieldOf(form, field)?.codes.find((c) => c.code === code)?.label ?? code;
}

function facts(r: Retention, group: string): Child {
    return summaryList([
        { key: "Stands", value: stands[r.stand] },
        { key: "Review due", value: onDay(r.due) },
        { key: "Review group", value: r.group === null ? "None yet: give it one" : group },
        { key: "Events", value: `${counted(r.events, "event")}, from ${onDay(r.first)} to ` +
            onDay(r.newest) },
        { key: "Kept until", value: r.until ? onDay(r.until)
            : "Not known: a day of birth is missing" },
        { key: "Legal hold", value: r.held ? tag("Held, or nobody knows", "purple") : "None" },
        r.open ? { key: "Deployment", value: "Not closed" } : null,
        r.child ? { key: "A child", value: "Somebody was under 10, or may have been, when it " +
            "began" } : null,
    ]);
}

function before(r: Retention, form: Form): Child {
    if (r.reviews.length === 0) return para("It wasn't reviewed before.");
    return table("Reviews before", ["When", "Decision", "Why"], r.reviews.map((v) => [
        link(`/records/${v.id}`, when(v.at)),
        [label(form, "decision", v.decision), v.counts ? null
            : [" ", tag("Doesn't count: not signed by headquarters", "grey")]],
        v.reason ? h("bdi", v.reason) : "",
    ]));
}

function decide(r: Retention, form: Form): Child {
    const asked = (name: string) => {
        const field = fieldOf(form, name);
        return { name, label: field?.label ?? name, ...(field?.help ? { hint: field.help } : {}) };
    };
    const reasons = fieldOf(form, "before_time")?.codes ?? [];
    const fields = ["decision", ...questions, "reason", "child", "before_time", "next_review_on"];
    return submitForm([
        radioField({ name: "decision", label: "Decision" },
            (fieldOf(form, "decision")?.codes ?? []).map((c) => ({ value: c.code,
                label: c.label }))),
        questions.map((name) => radioField(asked(name), threeWays)),
        areaField({ name: "reason", label: "Why?", hint: "It stays with the review." }),
        r.child ? areaField(asked("child")) : null,
        selectField(asked("before_time"), [{ value: "", label: "Its time is over" },
            ...reasons.map((c) => ({ value: c.code, label: c.label }))]),
        textField(asked("next_review_on"), "", { type: "date",
            class: "govuk-input govuk-input--width-10" }),
    ], "Sign this review", async (answer) => {
        const args = fields.filter((f) => answer(f) !== "").map((f) => `${f}=${answer(f)}`);
        const done = await runOne<{ stand: Due["stand"]; due: string }>({
            name: "retention review", args: [r.id, ...args] });
        go(`/retention/${r.id}`, { success: true, title: "Signed", words: done.stand === "dispose"
            ? "It is to be disposed of, as long as nothing about it changes."
            : `It is kept, and reviewed again on ${onDay(done.due)}.` });
    }, { needed: { decision: "Decide whether it is kept", ...Object.fromEntries(questions.map((q) =>
        [q, `Answer: ${asked(q).label.toLowerCase()}`])), reason: "Say why" } });
}

/** Asks that what was decided is erased; a second administrator has to agree. */
function dispose(page: Page, r: Retention): Child {
    if (r.stand !== "dispose" || page.session.role !== "admin") return null;
    return [
        heading(2, "Have it erased everywhere"),
        warning("Every device, and the relay, erases it, and what refers to it alone, once a ",
            "second administrator agrees."),
        submitForm(null, "Propose that it is erased", async () => {
            await run({ name: "retention dispose", args: [r.id] });
        }, { kind: "warning" }),
    ];
}

export async function reviewPage(page: Page): Promise<Child> {
    const id = page.params["id"] ?? "";
    const options = { reason: page.reason };
    const r = await runOne<Retention>({ name: "retention show", options, args: [id] });
    const record = await runOne<Shown>({ name: "show", options, args: [id] });
    const form = await formOf("retention_review");
    const decides = page.session.spaces.some((s) => s.id === record.space && s.role === "hq" &&
        !s.over);
    return [
        heading(1, h("bdi", record.names[id] ?? capital(r.form)), "Review of retention"),
        para(link(`/records/${id}`, "Read the whole record and its history")),
        facts(r, r.group === null ? "" : label(await formOf(r.form), "mopi_group", r.group)),
        before(r, form),
        heading(2, "Review it"),
        decides ? [hint("Every review answers the same three questions. It is signed at once."),
            decide(r, form)] : inset("Headquarters reviews. You see what they see."),
        dispose(page, r),
    ];
}
