// A value that neither wrote: the fields of one group, filled in by hand.
import { type Child } from "../base/h";
import type { Field, Form } from "../base/forms";
import { areaField, checkField, radioField, selectField, textField } from "../base/fields";
import { details, para } from "../base/parts";
import { submitForm } from "../base/submit";
import type { Conflict, Group } from "./conflicts";
import { resolve } from "./resolve";

const yesNo = [
    { value: "true", label: "Yes" },
    { value: "false", label: "No" },
    { value: '"not_known"', label: "Not known" },
];

/** Kinds whose answer is a text; of the others the control's value is JSON. */
const texts = new Set(["text", "date", "datetime", "phone", "email", "address", "ref"]);

function codeChoices(field: Field): { value: string; label: string }[] {
    const codes = field.codes.map((c) => ({ value: JSON.stringify(c.code), label: c.label }));
    return [...codes, { value: '"not_known"', label: "Not known" }];
}

/** The question for a field, with what is shown now filled in. */
function question(field: Field, name: string, now: unknown): Child {
    const q = { name, label: field.label };
    const text = typeof now === "string" ? now : "";
    const json = now === undefined ? "" : JSON.stringify(now);
    switch (field.kind) {
        case "code":
            return selectField(q, [{ value: "", label: "Leave blank" }, ...codeChoices(field)],
                json);
        case "codes":
            return checkField(q, codeChoices(field),
                Array.isArray(now) ? now.map((x) => JSON.stringify(x)) : []);
        case "bool3":
            return radioField(q, yesNo, json);
        case "longtext":
            return areaField(q, text);
        case "number":
            return textField(q, json, { inputmode: "numeric" });
        default:
            if (texts.has(field.kind)) return textField(q, text);
            return areaField({ ...q, hint: "As JSON" }, json);
    }
}

/** FIELD:=JSON for each answered field: a bare number would read as a choice. */
function assignment(field: Field, values: string[]): string | null {
    const value = values.filter((v) => v !== "");
    if (field.kind === "codes") {
        return value.length === 0 ? null : `${field.field}:=[${value.join(",")}]`;
    }
    const [first] = value;
    if (first === undefined) return null;
    const isText = texts.has(field.kind) || field.kind === "longtext";
    return `${field.field}:=${isText ? JSON.stringify(first) : first}`;
}

export function byHand(c: Conflict, g: Group, form: Form, reason: string | undefined): Child {
    const fields = form.fields.filter((f) => f.group === g.group);
    if (fields.length === 0) return null;
    const stands = g.choices.find((x) => x.choice === g.shown)?.value;
    const now = (typeof stands === "object" && stands !== null ? stands : {}) as
        Record<string, unknown>;
    const id = (f: Field) => `hand-${g.group}-${f.field}`;
    const why = `hand-${g.group}-reason`;
    return details(`Write another value for ${g.label.toLowerCase()}`,
        para("It takes the place of all values above. They stay in the history."),
        submitForm([
            fields.map((f) => question(f, id(f), now[f.field])),
            areaField({ name: why, label: "Why?", hint: "It stays in the record's history." },
                reason ?? "", 2),
        ], "Decide for this value", async (answer, element) => {
            const data = new FormData(element);
            const set = fields
                .map((f) => assignment(f, data.getAll(id(f)).map((v) => String(v).trim())))
                .filter((a) => a !== null);
            if (set.length === 0) throw new Error("Fill in at least one answer");
            await resolve({ reason: answer(why) }, [c.id, ...set], `${g.label} is decided.`);
        }, { kind: "secondary", needed: { [why]: "Say why" } }));
}
