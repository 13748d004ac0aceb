// A control for each kind of field, drawn from the form that the command line tells: its name is
// the path of its leaf.
import { type Choice, type Question, areaField, checkField, radioField, selectField,
    textField } from "../base/fields";
import type { Field } from "../base/forms";
import { type Child, append, h } from "../base/h";
import { button } from "../base/parts";
import { counted } from "../base/words";
import { type Leaves, hasRows, partsOf, rowsOf } from "./leaves";
import { pick } from "./pick";

const radiosMost = 4;
const threeWays: readonly Choice[] = [
    { value: "yes", label: "Yes" },
    { value: "no", label: "No" },
    { value: "not_known", label: "Not known" },
];

/** What an answer is helped by, by the path of its field without numbers. */
export type Hints = Readonly<Record<string, string>>;

export interface Drawing {
    leaves: Leaves;
    hints: Hints;
    /** One answer of several is pressed, however many there are: there is room for all. */
    roomy?(path: string): boolean;
    /** Nothing can be looked up on this device: what would name a record isn't asked. */
    blind?: boolean;
    /** A leaf was changed by something else than a key. */
    changed(path: string): void;
}

function coded(q: Question, field: Field, value: string, roomy = false): HTMLElement {
    const codes = field.codes.map((c) => ({ value: c.code, label: c.label }));
    // Where an answer is wanted and not known, that is the answer.
    const choices = field.required === "wanted" ? [...codes,
        { value: "not_known", label: "Not known" }] : codes;
    if (roomy || codes.length <= radiosMost) return radioField(q, choices, value);
    return selectField(q, [{ value: "", label: "Choose" }, ...choices], value);
}

function typed(q: Question, value: string, type: string): HTMLElement {
    const width = { date: "10", "datetime-local": "20", number: "5" }[type] ?? "30";
    const numeric = type === "number" ? { type: "text", inputmode: "numeric" } : { type };
    return textField(q, value, { class: `govuk-input govuk-input--width-${width}`, ...numeric });
}

function one(q: Question, field: Field, path: string, d: Drawing): HTMLElement {
    const value = d.leaves.get(path) ?? "";
    switch (field.kind) {
        case "code":
            return coded(q, field, value, d.roomy?.(path));
        case "codes":
            return checkField(q, field.codes.map((c) => ({ value: c.code, label: c.label })),
                value.split("\n"));
        case "bool3":
            return radioField(q, threeWays, value);
        case "ref":
        case "refs":
            return d.blind && value === "" ? h("div", { hidden: true }) : pick(q, field, path, d);
        case "datetime":
            return typed(q, value, "datetime-local");
        case "date":
            return typed(q, value, "date");
        case "number":
            return typed(q, value, "number");
        case "phone":
            return typed(q, value, "tel");
        case "longtext":
            return areaField(q, value, 5);
        case "list":
        case "address":
            return areaField(q, value, 3);
        default:
            return textField(q, value);
    }
}

/** The words that belong to a group of controls. */
function group(q: Question, ...children: Child[]): HTMLElement {
    return h("fieldset.govuk-fieldset.daybook-group", { "data-field": q.name },
        h("legend.govuk-fieldset__legend.govuk-fieldset__legend--s", q.label),
        q.hint ? h("div.govuk-hint", q.hint) : null, ...children);
}

function row(field: Field, path: string, i: number, d: Drawing): HTMLElement {
    const at = `${path}[${i}]`;
    const label = `${field.label} ${i + 1}`;
    const box: HTMLElement = h("fieldset.govuk-fieldset.daybook-row", { "data-field": at },
        h("legend.govuk-visually-hidden", label),
        partsOf(field).map((part) => control(part, `${at}.${part.field}`, d)),
        button(["Remove", h("span.govuk-visually-hidden", ` ${label}`)], () => {
            for (const part of partsOf(field)) {
                for (const x of box.querySelectorAll<HTMLInputElement>("input,textarea,select")) {
                    if (x.type === "radio" || x.type === "checkbox") x.checked = false;
                    else x.value = "";
                }
                d.changed(`${at}.${part.field}`);
            }
            box.hidden = true;
            (box.parentElement?.querySelector(".daybook-add") as HTMLElement | null)?.focus();
        }, "secondary", { class: "govuk-button govuk-button--secondary daybook-remove" }));
    return box;
}

function rows(q: Question, field: Field, path: string, d: Drawing): HTMLElement {
    let n = rowsOf(d.leaves, path);
    const boxes = h("div", Array.from({ length: n }, (_, i) => row(field, path, i, d)));
    const words = () => (n === 0 ? "Add" : "Add another");
    const add = button(words(), () => {
        const box = row(field, path, n, d);
        append(boxes, box);
        n += 1;
        add.firstChild?.replaceWith(words());
        box.querySelector<HTMLElement>("input:not([type=hidden]),textarea,select")?.focus();
    }, "secondary", { class: "govuk-button govuk-button--secondary daybook-add" });
    append(add, h("span.govuk-visually-hidden", ` to: ${field.label}`));
    return group(q, boxes, add);
}

export function control(field: Field, path: string, d: Drawing): HTMLElement {
    const help = d.hints[path.replace(/\[\d+\]/g, "")];
    const q: Question = { name: path, label: field.label, ...(help ? { hint: help } : {}) };
    if (hasRows(field)) return rows(q, field, path, d);
    if (field.kind === "object") {
        return group(q, field.fields.map((part) => control(part, `${path}.${part.field}`, d)));
    }
    return one(q, field, path, d);
}

/** "2 answers", for what is folded away. */
export function answered(fields: readonly Field[], leaves: Leaves): string {
    const n = fields.filter((f) => [...leaves].some(([path, leaf]) => leaf.trim() !== "" &&
        (path === f.field || path.startsWith(`${f.field}.`) || path.startsWith(`${f.field}[`))))
        .length;
    return n === 0 ? "" : counted(n, "answer");
}
