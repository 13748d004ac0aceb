// Choosing a record: a case, a person, a flight. The newest first, others by words of theirs.
import { run } from "../base/client";
import type { Question } from "../base/fields";
import type { Field } from "../base/forms";
import { type Child, append, h, replace } from "../base/h";
import { button } from "../base/parts";
import { capital } from "../base/words";
import type { Drawing } from "./controls";
import { reference, referenceLabel } from "./leaves";

const newestMost = 6;
const foundMost = 40;

const small = { class: "govuk-button govuk-button--secondary daybook-pick__find" };

interface Row {
    id: string;
    form: string;
    summary: string;
    state: string;
}

/** `form`: undefined where the reference may name a record of any. */
async function found(form: string | undefined, words: string): Promise<Row[]> {
    if (words === "") {
        return run<Row>({ name: "list", args: form === undefined ? [] : [form],
            options: { limit: newestMost } });
    }
    const rows = await run<Row>({ name: "search", args: words.split(/\s+/),
        options: { limit: foundMost } });
    return rows.filter((r) => (form === undefined || r.form === form) && r.state !== "withdrawn");
}

/** A control whose leaf is a reference, or several, a line each. */
export function pick(q: Question, field: Field, path: string, d: Drawing): HTMLElement {
    const { form } = field;
    const several = field.kind === "refs";
    const input = h("input.govuk-input", { id: path, name: `${path}~`, type: "search",
        autocomplete: "off", spellcheck: "false", enterkeyhint: "search",
        "aria-describedby": `${path}-hint`,
        onkeydown: (event: KeyboardEvent) => {
            if (event.key !== "Enter") return;
            event.preventDefault();
            void look();
        } });
    input.value = d.leaves.get(`${path}~`) ?? "";
    const value = h("input", { type: "hidden", name: path });
    value.value = d.leaves.get(path) ?? "";
    const chosen = h("div");
    const results = h("div", { role: "status" });
    const asking = h("div", h("div.daybook-pick__ask", input,
        button(["Find", h("span.govuk-visually-hidden", ` ${q.label}`)], () => look(), "secondary",
            small)), results);

    const set = (text: string) => {
        value.value = text;
        input.value = "";
        d.changed(path);
        d.changed(`${path}~`);
        replace(results);
        draw();
    };
    const draw = () => {
        const picked = value.value.split("\n").filter((x) => x.trim() !== "");
        replace(chosen, picked.map((leaf) => h("p.govuk-body.daybook-pick__chosen",
            h("bdi", referenceLabel(leaf)), " ",
            button([several ? "Take out" : "Change",
                h("span.govuk-visually-hidden", ` ${referenceLabel(leaf)}`)], () => {
                set(picked.filter((x) => x !== leaf).join("\n"));
                input.focus();
            }, "secondary", small))));
        asking.hidden = picked.length > 0 && !several;
    };
    const choose = (r: Row) => {
        const leaf = reference(r.id, r.summary.replaceAll("\n", " "));
        set(several && value.value !== "" ? `${value.value}\n${leaf}` : leaf);
        (chosen.querySelector("button") as HTMLElement | null)?.focus();
    };
    const answer = (rows: readonly Row[], words: string): Child => rows.length === 0
        ? h("p.govuk-body", words === "" ? "There are none on this device yet."
            : "None on this device has all these words.")
        : h("ul.govuk-list.daybook-pick__list", rows.map((r) => h("li",
            h("button.daybook-pick__item", { type: "button", onclick: () => choose(r) },
                h("bdi", r.summary || "record without words")))));
    const look = async () => {
        const words = input.value.trim();
        try {
            replace(results, answer(await found(form, words), words));
        } catch (error) {
            replace(results, h("p.govuk-error-message", capital(String(
                error instanceof Error ? error.message : error))));
        }
    };
    draw();
    const box = h("div.govuk-form-group.daybook-pick", { "data-field": path },
        h("label.govuk-label.govuk-label--s", { for: path }, q.label),
        h("div.govuk-hint", { id: `${path}-hint` },
            q.hint ?? "Leave it blank to see the newest."));
    append(box, value, chosen, asking);
    return box;
}
