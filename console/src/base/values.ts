// Answers as people read them: by the kind that the form gives each field.
import { type Child, h } from "./h";
import type { Field, Form } from "./forms";
import { link, quoted } from "./parts";
import { onDay, when } from "./words";

/** What records are, by their ids, as commands tell it. */
export type Names = Readonly<Record<string, string>>;
export type Answers = Readonly<Record<string, unknown>>;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A record by what it is, or by the first digits of its id if that isn't known. */
export function recordLink(id: string, names: Names = {}): HTMLElement {
    return link(`/records/${id}`, h("bdi", names[id] ?? `record ${id.slice(0, 13)}`));
}

function codeLabel(field: Field, code: string): string {
    return field.codes.find((c) => c.code === code)?.label ?? code;
}

function word(value: string, field: Field | null, names: Names): Child {
    if (value === "not_known") return "Not known";
    if (field === null) return uuid.test(value) ? recordLink(value, names) : quoted(value);
    switch (field.kind) {
        case "code":
        case "codes":
            return codeLabel(field, value);
        case "date":
            return onDay(value);
        case "datetime":
            return when(value);
        case "ref":
        case "refs":
        case "present":
            return uuid.test(value) ? recordLink(value, names) : quoted(value);
        default:
            return quoted(value);
    }
}

function isAnswers(value: unknown): value is Answers {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What was answered under each label, as a list of terms. */
function parts(value: Answers, fields: readonly Field[], names: Names): Child {
    const known = fields.filter((f) => value[f.field] !== undefined);
    const others = Object.keys(value).filter((k) => !fields.some((f) => f.field === k));
    return h("dl.daybook-parts",
        known.map((f) => h("div", h("dt", f.label), h("dd", shown(value[f.field], f, names)))),
        others.map((k) => h("div", h("dt", k), h("dd", shown(value[k], null, names)))));
}

/** One answer. Blank ones aren't asked for here. */
export function shown(value: unknown, field: Field | null, names: Names = {}): Child {
    if (value === null || value === undefined) return "Not answered";
    if (typeof value === "boolean") return value ? "Yes" : "No";
    if (typeof value === "number") return String(value);
    if (typeof value === "string") return word(value, field, names);
    if (Array.isArray(value)) {
        const items = value.map((item) => shown(item, field, names));
        return items.length === 1 ? items
            : h("ul.govuk-list.govuk-list--bullet", items.map((item) => h("li", item)));
    }
    if (isAnswers(value)) return parts(value, field?.fields ?? present, names);
    return String(value);
}

// Who was there: the one kind whose parts no form lists.
const present: readonly Field[] = ["person", "name", "role", "note"].map((field) => ({
    field,
    label: field.charAt(0).toUpperCase() + field.slice(1),
    kind: field === "person" ? "ref" : "text",
    required: "",
    codes: [],
    group: "present",
    rule: "",
    fields: [],
}));

/** The value of a group: one answer alone as such, several each under its label. */
export function groupShown(value: unknown, form: Form | null, names: Names = {}): Child {
    if (!isAnswers(value)) return shown(value, null, names);
    const rows = Object.entries(value).map(([name, answer]) => ({
        field: form?.fields.find((f) => f.field === name) ?? null, name, answer }));
    if (rows.length === 0) return "Left blank";
    const [first] = rows;
    if (rows.length === 1 && first) return shown(first.answer, first.field, names);
    return h("dl.daybook-parts", rows.map((r) =>
        h("div", h("dt", r.field?.label ?? r.name), h("dd", shown(r.answer, r.field, names)))));
}

/** The label of a group: that of its field, or of its first. */
export function groupLabel(group: string, form: Form | null): string {
    const fields = form?.fields.filter((f) => f.group === group) ?? [];
    return fields.find((f) => f.field === group)?.label ?? fields[0]?.label ?? lifeLabel(group);
}

function lifeLabel(group: string): string {
    return group === "" || group === "lifecycle" ? "State of the record" : group;
}
