// Questions: a label, a hint, a control, and a place for what is wrong with the answer.
import { type Attributes, type Child, h } from "./h";

export interface Choice {
    value: string;
    label: Child;
    hint?: Child;
}

export interface Question {
    /** Also the id of its control; problems of a command name it as `field`. */
    name: string;
    label: string;
    hint?: Child;
    /** The label is shown as large as the page's heading would be. */
    large?: boolean;
}

function described(q: Question): Attributes {
    return { "aria-describedby": q.hint ? `${q.name}-hint` : null };
}

function group(q: Question, control: Child): HTMLElement {
    return h("div.govuk-form-group", { "data-field": q.name },
        h(`label.govuk-label.govuk-label--${q.large ? "m" : "s"}`, { for: q.name }, q.label),
        q.hint ? h("div.govuk-hint", { id: `${q.name}-hint` }, q.hint) : null,
        control);
}

export function textField(q: Question, value = "", attributes: Attributes = {}): HTMLElement {
    const input = h("input.govuk-input", { id: q.name, name: q.name, type: "text",
        autocomplete: "off", spellcheck: "false", ...described(q), ...attributes });
    input.value = value;
    return group(q, input);
}

/** Longer words, over several lines. Nothing typed here is kept by the browser. */
export function areaField(q: Question, value = "", rows = 3): HTMLElement {
    const area = h("textarea.govuk-textarea", { id: q.name, name: q.name, rows,
        autocomplete: "off", ...described(q) });
    area.value = value;
    return group(q, area);
}

export function selectField(q: Question, choices: readonly Choice[], value = ""): HTMLElement {
    const select = h("select.govuk-select", { id: q.name, name: q.name, ...described(q) },
        choices.map((c) => h("option", { value: c.value }, c.label)));
    select.value = value;
    return group(q, select);
}

function choiceGroup(
    q: Question,
    kind: "radios" | "checkboxes",
    choices: readonly Choice[],
    picked: readonly string[],
): HTMLElement {
    const type = kind === "radios" ? "radio" : "checkbox";
    return h("div.govuk-form-group", { "data-field": q.name },
        h("fieldset.govuk-fieldset", described(q),
            h(`legend.govuk-fieldset__legend.govuk-fieldset__legend--${q.large ? "m" : "s"}`,
                q.label),
            q.hint ? h("div.govuk-hint", { id: `${q.name}-hint` }, q.hint) : null,
            h(`div.govuk-${kind}`, choices.map((c, i) => {
                const id = i === 0 ? q.name : `${q.name}-${i + 1}`;
                return h(`div.govuk-${kind}__item`,
                    h(`input.govuk-${kind}__input`, { type, id, name: q.name, value: c.value,
                        checked: picked.includes(c.value),
                        "aria-describedby": c.hint ? `${id}-hint` : null }),
                    h(`label.govuk-label.govuk-${kind}__label`, { for: id }, c.label),
                    c.hint ? h(`div.govuk-hint.govuk-${kind}__hint`, { id: `${id}-hint` },
                        c.hint) : null);
            }))));
}

export function radioField(q: Question, choices: readonly Choice[], value = ""): HTMLElement {
    return choiceGroup(q, "radios", choices, [value]);
}

export function checkField(
    q: Question,
    choices: readonly Choice[],
    values: readonly string[] = [],
): HTMLElement {
    return choiceGroup(q, "checkboxes", choices, values);
}

/** The answer to a question of a form; "" when there is none. */
export function answer(form: HTMLFormElement, name: string): string {
    const value = new FormData(form).get(name);
    return typeof value === "string" ? value.trim() : "";
}

export function answers(form: HTMLFormElement, name: string): string[] {
    return new FormData(form).getAll(name).filter((v) => typeof v === "string");
}

/** Marks a question, and says what is wrong above its control. */
export function mark(form: ParentNode, name: string, words: string): boolean {
    const at = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
    const control = at?.querySelector("input, select, textarea");
    if (!at || !control) return false;
    at.classList.add("govuk-form-group--error");
    at.closest("details")?.setAttribute("open", "");
    const id = `${name}-error`;
    const described = control.closest("fieldset") ?? control;
    const old = described.getAttribute("aria-describedby");
    described.setAttribute("aria-describedby", old ? `${id} ${old}` : id);
    const message = h("p.govuk-error-message", { id },
        h("span.govuk-visually-hidden", "Error: "), words);
    const before = at.querySelector(".govuk-radios, .govuk-checkboxes") ?? control;
    before.before(message);
    if (control.matches("input:not([type=radio]):not([type=checkbox])")) {
        control.classList.add("govuk-input--error");
    }
    return true;
}

export function unmark(form: ParentNode): void {
    for (const at of form.querySelectorAll(".govuk-form-group--error")) {
        at.classList.remove("govuk-form-group--error");
        for (const message of at.querySelectorAll(".govuk-error-message")) {
            for (const described of at.querySelectorAll("[aria-describedby]")) {
                const ids = (described.getAttribute("aria-describedby") ?? "")
                    .split(" ").filter((id) => id !== message.id);
                if (ids.length > 0) described.setAttribute("aria-describedby", ids.join(" "));
                else described.removeAttribute("aria-describedby");
            }
            message.remove();
        }
        for (const input of at.querySelectorAll(".govuk-input--error")) {
            input.classList.remove("govuk-input--error");
        }
    }
}
